package ui

import (
	"net/http"
	"net/netip"
)

// Remote is the address that a request comes from, for rate limits. Behind a
// gateway that translates addresses many devices share it, so limits by it are
// wide. A forwarded address is not read: anybody can write one.
func Remote(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := a.Addr().Unmap().WithZone("")
	if addr.Is6() {
		// One subscriber has a whole /64, RFC 6177.
		return netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addr.String()
}
