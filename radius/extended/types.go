package extended

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// The data types of RFC 8044 §3. A value of a wrong shape is as good as absent.

// Integer is §3.1 (and time §3.3, enum §3.2).
func Integer(v []byte) (uint32, bool) {
	if len(v) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// Integer64 is §3.12.
func Integer64(v []byte) (uint64, bool) {
	if len(v) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(v), true
}

// Time is time, §3.3: seconds since 1970.
func Time(v []byte) (time.Time, bool) {
	n, ok := Integer(v)
	return time.Unix(int64(n), 0), ok
}

// Address is ipv4addr or ipv6addr, §3.8 and §3.9.
func Address(v []byte) (netip.Addr, bool) { return netip.AddrFromSlice(v) }

// IPv6Prefix is §3.10: a reserved octet, the length, and as many octets of the
// prefix as are not zero. Bits beyond the length must be zero.
func IPv6Prefix(v []byte) (netip.Prefix, bool) {
	if len(v) < 2 || len(v) > 18 || v[1] > 128 {
		return netip.Prefix{}, false
	}
	var b [16]byte
	copy(b[:], v[2:])
	return exactPrefix(netip.AddrFrom16(b), int(v[1]))
}

// IPv4Prefix is §3.11: like IPv6Prefix, and always four octets.
func IPv4Prefix(v []byte) (netip.Prefix, bool) {
	if len(v) != 6 || v[1] > 32 {
		return netip.Prefix{}, false
	}
	return exactPrefix(netip.AddrFrom4([4]byte(v[2:])), int(v[1]))
}

func exactPrefix(a netip.Addr, bits int) (netip.Prefix, bool) {
	p := netip.PrefixFrom(a, bits)
	return p, p.Masked() == p
}
