//go:build !(linux && (amd64 || arm64 || riscv64))

package radius

import "net"

// socketMemory: this system does not tell.
func socketMemory(*net.UDPConn) (m memory, ok bool) { return memory{}, false }
