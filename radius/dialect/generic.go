package dialect

import "parvis/internal/access"

// WISPr's attributes (Wi-Fi Alliance, best current practices for wireless ISP
// roaming), in bit/s. Understood by uspot, LANCOM, Omada, Ubiquiti and others.
const (
	vendorWISPr           = 14122
	wisprBandwidthMaxUp   = 7
	wisprBandwidthMaxDown = 8
)

type generic struct{}

func (generic) Name() string { return "generic" }

func (generic) AppendRate(b []byte, g access.Grant) []byte {
	if g.UpKbps > 0 {
		b = appendVSAUint32(b, vendorWISPr, wisprBandwidthMaxUp, bitsPerSecond(g.UpKbps))
	}
	if g.DownKbps > 0 {
		b = appendVSAUint32(b, vendorWISPr, wisprBandwidthMaxDown, bitsPerSecond(g.DownKbps))
	}
	return b
}

func (generic) AppendChange(b []byte, _ access.Grant) []byte { return b }
