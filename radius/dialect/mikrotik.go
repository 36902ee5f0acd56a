package dialect

import (
	"strconv"

	"parvis/internal/access"
)

// MikroTik's Mikrotik-Rate-Limit: text "rx/tx" as the router sees it, so rx is
// what the device sends. It wins over WISPr's attributes.
const (
	vendorMikroTik    = 14988
	mikrotikRateLimit = 8
)

type mikrotik struct{}

func (mikrotik) Name() string { return "mikrotik" }

func (mikrotik) AppendRate(b []byte, g access.Grant) []byte {
	if g.UpKbps == 0 && g.DownKbps == 0 {
		return b
	}
	var text [32]byte
	limit := append(kilo(text[:0], g.UpKbps), '/')
	return appendVSA(b, vendorMikroTik, mikrotikRateLimit, kilo(limit, g.DownKbps))
}

// kilo spells kbit/s, with k for thousands; 0 means no limit in that direction.
func kilo(b []byte, kbps uint32) []byte {
	b = strconv.AppendUint(b, uint64(kbps), 10)
	if kbps > 0 {
		b = append(b, 'k')
	}
	return b
}

func (d mikrotik) AppendChange(b []byte, g access.Grant) []byte { return d.AppendRate(b, g) }
