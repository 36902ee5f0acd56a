//go:build linux || darwin

package journal

import "syscall"

// freeBytes returns the space that an ordinary user may still write in dir.
func freeBytes(dir string) (uint64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
