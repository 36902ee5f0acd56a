package dialect

import "parvis/internal/access"

// Cisco's attributes, and those of Airespace which its wireless controllers
// kept; the bandwidth contracts are in kbit/s.
const (
	vendorCisco     = 9
	ciscoAVPair     = 1
	vendorAirespace = 14179

	airespaceACLName         = 6
	airespaceAverageDown     = 7
	airespaceBurstDown       = 9
	airespaceAverageUp       = 13
	airespaceBurstUp         = 15
	ciscoRedirectURL         = "url-redirect="
	ciscoRedirectACL         = "url-redirect-acl="
	ciscoReauthenticate      = "subscriber:command=reauthenticate"
	ciscoRedirectDescription = "Cisco-AVPair url-redirect, url-redirect-acl=" + RedirectFilter + " (central web authentication)"
)

const ciscoRate = "Airespace-Data-Bandwidth-Average-Contract, Airespace-Data-Bandwidth-Burst-Contract, " +
	"Airespace-Data-Bandwidth-Average-Contract-Upstream, Airespace-Data-Bandwidth-Burst-Contract-Upstream"

// cisco is a wireless controller with AireOS (2500 to 8500, vWLC). Those with
// IOS XE are catalyst.
type cisco struct{}

func (cisco) Name() string { return "cisco" }

func (cisco) Carries() Carries {
	return Carries{
		Product:  "Cisco WLC (AireOS)",
		Rate:     ciscoRate,
		RateUnit: UnitKbit,
		VLAN:     tunnelAttributes,
		Role:     "Airespace-ACL-Name",
		Key:      "Cisco-AVPair psk-mode, psk",
		Redirect: ciscoRedirectDescription,
		Proof:    ProofDocumentation,
	}
}

func (cisco) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port: dynAuthPort, CanChange: true,
		Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID},
		Notes:      "a change is subscriber:command=reauthenticate: the controller asks again and gets the new grant. Some releases want an audit-session-id with it or ignore it; they take a Disconnect (PacketFence #1819).",
	}
}

func (cisco) AppendGrant(b []byte, g access.Grant) []byte {
	// A burst below the average would win over it, so both are the same.
	b = appendVSALimit(b, vendorAirespace, airespaceAverageDown, g.DownKbps)
	b = appendVSALimit(b, vendorAirespace, airespaceBurstDown, g.DownKbps)
	b = appendVSALimit(b, vendorAirespace, airespaceAverageUp, g.UpKbps)
	b = appendVSALimit(b, vendorAirespace, airespaceBurstUp, g.UpKbps)
	b = appendTunnelVLAN(b, g.VLAN)
	return appendVSAText(b, vendorAirespace, airespaceACLName, g.Role)
}

func (cisco) AppendRedirect(b []byte, url string) ([]byte, bool) { return appendCiscoRedirect(b, url) }

func (cisco) AppendChange(b []byte, _ access.Grant) []byte { return appendReauthenticate(b) }

func appendCiscoRedirect(b []byte, url string) ([]byte, bool) {
	if url == "" || len(ciscoRedirectURL)+len(url) > maxVendorValue {
		return b, false
	}
	b = appendVSA(b, vendorCisco, ciscoAVPair, ciscoRedirectACL, RedirectFilter)
	return appendVSA(b, vendorCisco, ciscoAVPair, ciscoRedirectURL, url), true
}

func appendReauthenticate(b []byte) []byte {
	return appendVSA(b, vendorCisco, ciscoAVPair, "", ciscoReauthenticate)
}
