//go:build !linux && !darwin

package journal

// freeBytes is not known on this system; the metric stays 0.
func freeBytes(string) (uint64, bool) { return 0, false }
