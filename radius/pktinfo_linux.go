//go:build linux && (amd64 || arm64 || riscv64)

package radius

import (
	"encoding/binary"
	"net"
	"syscall"
)

// From linux/in6.h; the syscall package has them for some architectures only.
const (
	ipv6RecvPktInfo = 49
	ipv6PktInfo     = 50
)

// Sizes of struct in_pktinfo (ip(7)), of struct in6_pktinfo (ipv6(7)), and of
// struct cmsghdr on a machine with 64 bits.
const (
	pktInfo4Octets   = 12
	pktInfo6Octets   = 20
	cmsgHeaderOctets = 16
)

// askedOctets holds one control message about the address of a datagram.
const askedOctets = 40

// reportAsked makes the kernel say for each datagram which of the machine's
// addresses it was sent to. ok is false where the socket has only one, or when
// the kernel will not.
func reportAsked(conn *net.UDPConn) (ok bool) {
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	if !local.IsUnspecified() {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if local.Is4() {
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_PKTINFO, 1)
		} else { // it reports IPv4 as well, mapped
			failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, ipv6RecvPktInfo, 1)
		}
	})
	return err == nil && failed == nil
}

// sameAddress turns the control messages of a datagram into the one that makes
// its answer leave from the address that was asked. It returns how many octets
// of out it filled, 0 when nothing is known.
func sameAddress(out *[askedOctets]byte, control []byte) int {
	for len(control) >= cmsgHeaderOctets {
		length := binary.NativeEndian.Uint64(control)
		if length < cmsgHeaderOctets || length > uint64(len(control)) {
			return 0
		}
		level, kind := binary.NativeEndian.Uint32(control[8:]), binary.NativeEndian.Uint32(control[12:])
		data := control[cmsgHeaderOctets:length]
		switch {
		case level == syscall.IPPROTO_IP && kind == syscall.IP_PKTINFO && len(data) == pktInfo4Octets:
			// Index of the interface, local address, destination of the header.
			// Only the second is for the answer: the route shall decide the interface.
			n := copy(out[:], control[:length])
			info := out[cmsgHeaderOctets:n]
			clear(info[:4])
			clear(info[8:])
			return n + padding(n)
		case level == syscall.IPPROTO_IPV6 && kind == ipv6PktInfo && len(data) == pktInfo6Octets:
			if data[0] == 0xff { // multicast is nobody's source
				return 0
			}
			n := copy(out[:], control[:length])
			info := out[cmsgHeaderOctets:n]
			if linkLocal := info[0] == 0xfe && info[1]&0xc0 == 0x80; !linkLocal {
				clear(info[16:]) // the route decides the interface
			}
			return n + padding(n)
		}
		control = control[min(int(length)+padding(int(length)), len(control)):]
	}
	return 0
}

// padding: control messages begin at multiples of eight octets.
func padding(n int) int { return -n & 7 }
