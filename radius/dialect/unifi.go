package dialect

import "parvis/internal/access"

// unifi is Ubiquiti's UniFi. Its access points run hostapd; its hotspot page is
// released through the controller's API, not by RADIUS.
type unifi struct{}

func (unifi) Name() string { return "unifi" }

func (unifi) Carries() Carries {
	return Carries{
		Product: "Ubiquiti UniFi",
		Rate:    wisprRate + " (hotspot; not certain)", RateUnit: UnitBit,
		VLAN:  tunnelAttributes,
		Key:   "Tunnel-Password",
		Proof: ProofDocumentation,
	}
}

func (unifi) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID, EventTimestamp},
		Notes:      "the access point listens, not the controller, and only when the RADIUS profile says so. Disconnect only, as in hostapd.",
	}
}

func (unifi) AppendGrant(b []byte, g access.Grant) []byte {
	return appendTunnelVLAN(appendWISPrRate(b, g), g.VLAN)
}

func (unifi) AppendRedirect(b []byte, _ string) ([]byte, bool) { return b, false }

func (unifi) AppendChange(b []byte, _ access.Grant) []byte { return b }
