package dialect

import "parvis/internal/access"

// meraki is Cisco Meraki. A rate belongs to a group policy there, and the role
// is the group policy's name.
type meraki struct{}

func (meraki) Name() string { return "meraki" }

func (meraki) Carries() Carries {
	return Carries{
		Product:  "Cisco Meraki",
		VLAN:     tunnelAttributes,
		Role:     "Filter-Id (a group policy)",
		Key:      "Tunnel-Password, Meraki-IPSK",
		Redirect: "Cisco-AVPair url-redirect",
		Proof:    ProofDocumentation,
	}
}

func (meraki) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       ciscoDynAuthPort,
		Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID},
		Notes:      "the access point listens, and only with CoA support switched on for the SSID. With sign-on splash RADIUS comes from the cloud, which takes no such request.",
	}
}

func (meraki) AppendGrant(b []byte, g access.Grant) []byte {
	return appendRoleFilter(appendTunnelVLAN(b, g.VLAN), g.Role)
}

func (meraki) AppendRedirect(b []byte, url string) ([]byte, bool) {
	if url == "" || len(ciscoRedirectURL)+len(url) > maxVendorValue {
		return b, false
	}
	return appendVSA(b, vendorCisco, ciscoAVPair, ciscoRedirectURL, url), true
}

func (meraki) AppendChange(b []byte, _ access.Grant) []byte { return b }
