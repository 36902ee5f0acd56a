package dialect

import "parvis/internal/access"

// Aruba's attributes. A rate belongs to a role there, so the role is what
// carries it.
const (
	vendorAruba           = 14823
	arubaUserRole         = 1
	arubaUserVLAN         = 2
	arubaCaptivePortalURL = 43
)

type aruba struct{}

func (aruba) Name() string { return "aruba" }

func (aruba) Carries() Carries {
	return Carries{
		Product:  "Aruba (ArubaOS, Instant, switches)",
		VLAN:     "Aruba-User-Vlan; " + tunnelAttributes,
		Role:     "Aruba-User-Role",
		Key:      "Aruba-MPSK-Passphrase",
		Redirect: "Aruba-Captive-Portal-URL (with a role that has a captive portal)",
		Proof:    ProofDocumentation,
	}
}

func (aruba) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID, EventTimestamp},
		Notes:      "needs the server as a dynamic authorisation server too. A rate belongs to a role, so it changes with the role when the device comes back.",
	}
}

func (aruba) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendVSALimit(b, vendorAruba, arubaUserVLAN, uint32(g.VLAN))
	b = appendTunnelVLAN(b, g.VLAN) // for its switches
	return appendVSAText(b, vendorAruba, arubaUserRole, g.Role)
}

func (aruba) AppendRedirect(b []byte, url string) ([]byte, bool) {
	if url == "" || len(url) > maxVendorValue {
		return b, false
	}
	return appendVSAText(b, vendorAruba, arubaCaptivePortalURL, url), true
}

func (aruba) AppendChange(b []byte, _ access.Grant) []byte { return b }
