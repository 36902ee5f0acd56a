package dialect

import (
	"strconv"

	"parvis/internal/access"
)

// Cisco-AVPairs that name a policy of the controller. In is what the device
// sends. A controller may refuse a device whose policy it does not have.
const (
	catalystPolicyIn  = "ip:sub-qos-policy-in="
	catalystPolicyOut = "ip:sub-qos-policy-out="
	// catalystPolicy and the rate in kbit/s and "k" are the policy's name.
	catalystPolicy = "parvis-"
)

// catalyst is a Cisco controller or switch with IOS XE (Catalyst 9800, 9000).
// It takes no number as a rate, but the name of a policy that it has.
type catalyst struct{}

func (catalyst) Name() string { return "catalyst" }

func (catalyst) Carries() Carries {
	return Carries{
		Product:  "Cisco Catalyst 9800 and 9000 (IOS XE)",
		Rate:     "Cisco-AVPair ip:sub-qos-policy-in, ip:sub-qos-policy-out",
		RateUnit: UnitNamed,
		VLAN:     tunnelAttributes,
		Role:     "Airespace-ACL-Name",
		Key:      "Cisco-AVPair psk-mode, psk",
		Redirect: ciscoRedirectDescription,
		Proof:    ProofDocumentation,
	}
}

func (catalyst) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port: ciscoDynAuthPort, CanChange: true,
		Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID},
		Notes:      "a change is subscriber:command=reauthenticate: the controller asks again and gets the new grant. Every attribute that is sent must match.",
	}
}

func (catalyst) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendPolicy(b, catalystPolicyIn, g.UpKbps)
	b = appendPolicy(b, catalystPolicyOut, g.DownKbps)
	b = appendTunnelVLAN(b, g.VLAN)
	return appendVSAText(b, vendorAirespace, airespaceACLName, g.Role)
}

func (catalyst) AppendRedirect(b []byte, url string) ([]byte, bool) {
	return appendCiscoRedirect(b, url)
}

func (catalyst) AppendChange(b []byte, _ access.Grant) []byte { return appendReauthenticate(b) }

func appendPolicy(b []byte, direction string, kbps uint32) []byte {
	if kbps == 0 {
		return b
	}
	var text [32]byte
	name := strconv.AppendUint(append(text[:0], catalystPolicy...), uint64(kbps), 10)
	return appendVSA(b, vendorCisco, ciscoAVPair, direction, append(name, 'k'))
}
