package dialect

import (
	"strconv"

	"parvis/internal/access"
)

// MikroTik's attributes. Rate-Limit is text, "rx/tx" as the router sees it, so
// rx is what the device sends; it wins over WISPr's attributes.
const (
	vendorMikroTik              = 14988
	mikrotikGroup               = 3
	mikrotikRateLimit           = 8
	mikrotikTotalLimit          = 17
	mikrotikTotalLimitGigawords = 18
	mikrotikWirelessVLANID      = 26
	mikrotikWirelessVLANIDType  = 27
	mikrotikVLAN8021Q           = 0
)

type mikrotik struct{}

func (mikrotik) Name() string { return "mikrotik" }

func (mikrotik) Carries() Carries {
	return Carries{
		Product: "MikroTik RouterOS",
		Rate:    "Mikrotik-Rate-Limit", RateUnit: UnitKbit,
		Quota:    "Mikrotik-Total-Limit, Mikrotik-Total-Limit-Gigawords",
		VLAN:     "Mikrotik-Wireless-VLANID, Mikrotik-Wireless-VLANIDtype; " + tunnelAttributes,
		Role:     "Mikrotik-Group (a hotspot user profile)",
		Key:      "Mikrotik-Wireless-PSK",
		Redirect: wisprRedirect,
		Proof:    ProofDocumentation,
	}
}

func (mikrotik) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port: dynAuthPort, CanChange: true,
		Attributes: []Identify{MessageAuthenticator, UserName, FramedIP, AcctSessionID},
		Notes:      "needs /radius incoming set accept=yes; its port was 1700 in old releases. An address or a pool cannot be changed.",
	}
}

func (mikrotik) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendMikroTikRate(b, g)
	b = appendQuota(b, vendorMikroTik, mikrotikTotalLimit, mikrotikTotalLimitGigawords, g.QuotaBytes)
	if g.VLAN != 0 {
		b = appendVSAUint32(b, vendorMikroTik, mikrotikWirelessVLANID, uint32(g.VLAN))
		b = appendVSAUint32(b, vendorMikroTik, mikrotikWirelessVLANIDType, mikrotikVLAN8021Q)
		b = appendTunnelVLAN(b, g.VLAN) // for its wired ports, /interface dot1x server
	}
	return appendVSAText(b, vendorMikroTik, mikrotikGroup, g.Role)
}

func (mikrotik) AppendRedirect(b []byte, url string) ([]byte, bool) {
	return appendWISPrRedirect(b, url)
}

func (mikrotik) AppendChange(b []byte, g access.Grant) []byte { return appendMikroTikRate(b, g) }

func appendMikroTikRate(b []byte, g access.Grant) []byte {
	if g.UpKbps == 0 && g.DownKbps == 0 {
		return b
	}
	var text [32]byte
	limit := append(kilo(text[:0], g.UpKbps), '/')
	return appendVSA(b, vendorMikroTik, mikrotikRateLimit, "", kilo(limit, g.DownKbps))
}

// kilo spells kbit/s, with k for thousands; 0 means no limit in that direction.
func kilo(b []byte, kbps uint32) []byte {
	b = strconv.AppendUint(b, uint64(kbps), 10)
	if kbps > 0 {
		b = append(b, 'k')
	}
	return b
}
