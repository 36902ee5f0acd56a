package dialect

import (
	"math"

	"parvis/internal/access"
)

// CoovaChilli's own attributes, in kbit/s. They win over WISPr's in it, so
// these alone are sent.
const (
	vendorChilliSpot       = 14559
	chilliBandwidthMaxUp   = 4
	chilliBandwidthMaxDown = 5
	// chilliMaxKbps: chilli multiplies by 1000 in 32 bits; more would wrap to a
	// rate near zero.
	chilliMaxKbps = math.MaxUint32 / 1000
)

type coova struct{}

func (coova) Name() string { return "coova" }

func (coova) AppendRate(b []byte, g access.Grant) []byte {
	if g.UpKbps > 0 {
		b = appendVSAUint32(b, vendorChilliSpot, chilliBandwidthMaxUp, min(g.UpKbps, chilliMaxKbps))
	}
	if g.DownKbps > 0 {
		b = appendVSAUint32(b, vendorChilliSpot, chilliBandwidthMaxDown, min(g.DownKbps, chilliMaxKbps))
	}
	return b
}

func (d coova) AppendChange(b []byte, g access.Grant) []byte { return d.AppendRate(b, g) }
