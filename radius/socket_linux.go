//go:build linux && (amd64 || arm64 || riscv64)

package radius

import (
	"net"
	"syscall"
	"unsafe"
)

// From linux/sock_diag.h and asm-generic/socket.h: SO_MEMINFO fills an array of
// nine uint32; these are the places that count.
const (
	soMemInfo       = 55
	memInfoReceived = 0
	memInfoDropped  = 8
	memInfoFields   = 9
)

// socketMemory asks the kernel about the receive buffer of conn.
func socketMemory(conn *net.UDPConn) (m memory, ok bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return memory{}, false
	}
	var info [memInfoFields]uint32
	size := uint32(unsafe.Sizeof(info))
	err = raw.Control(func(fd uintptr) {
		// The syscall package reads single integers only.
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.SOL_SOCKET, soMemInfo,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		ok = errno == 0 && size == uint32(unsafe.Sizeof(info))
	})
	if err != nil || !ok {
		return memory{}, false
	}
	return memory{waiting: info[memInfoReceived], dropped: info[memInfoDropped]}, true
}
