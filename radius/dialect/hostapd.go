package dialect

import "parvis/internal/access"

// hostapd is the access point of OpenWrt and of many others. By itself it knows
// no rate; builds with a patch (TIP's wlan-ap) take WISPr's, and the others
// ignore what they do not know.
type hostapd struct{}

func (hostapd) Name() string { return "hostapd" }

func (hostapd) Carries() Carries {
	return Carries{
		Product: "hostapd, OpenWrt",
		Rate:    wisprRate + " (builds with TIP's patch)", RateUnit: UnitBit,
		VLAN:  tunnelAttributes,
		Key:   "Tunnel-Password",
		Proof: ProofSoftware,
	}
}

func (hostapd) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port: dynAuthPort,
		// No User-Name: hostapd compares it with the outer identity of EAP.
		Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID, EventTimestamp},
		Notes:      "Disconnect only. NAS-Port and Proxy-State are refused (401), no session is 503, several are 508; Event-Timestamp may be 300 s off.",
	}
}

func (hostapd) AppendGrant(b []byte, g access.Grant) []byte {
	return appendTunnelVLAN(appendWISPrRate(b, g), g.VLAN)
}

func (hostapd) AppendRedirect(b []byte, _ string) ([]byte, bool) { return b, false }

func (hostapd) AppendChange(b []byte, _ access.Grant) []byte { return b }
