package dialect

import (
	"math"

	"parvis/internal/access"
)

// WISPr's attributes (Wi-Fi Alliance, best current practices for wireless ISP
// roaming), in bit/s. Many families understand them.
const (
	vendorWISPr           = 14122
	wisprRedirectionURL   = 4
	wisprBandwidthMaxUp   = 7
	wisprBandwidthMaxDown = 8

	wisprRate     = "WISPr-Bandwidth-Max-Up, WISPr-Bandwidth-Max-Down"
	wisprRedirect = "WISPr-Redirection-URL (the first page once let in)"
)

func appendWISPrRate(b []byte, g access.Grant) []byte {
	b = appendVSALimit(b, vendorWISPr, wisprBandwidthMaxUp, bitsPerSecond(g.UpKbps))
	return appendVSALimit(b, vendorWISPr, wisprBandwidthMaxDown, bitsPerSecond(g.DownKbps))
}

func appendWISPrRedirect(b []byte, url string) ([]byte, bool) {
	if url == "" || len(url) > maxVendorValue {
		return b, false
	}
	return appendVSAText(b, vendorWISPr, wisprRedirectionURL, url), true
}

// bitsPerSecond converts kbit/s; what does not fit is as much as the attribute
// can say, 4.29 Gbit/s.
func bitsPerSecond(kbps uint32) uint32 {
	return uint32(min(uint64(kbps)*1000, math.MaxUint32))
}
