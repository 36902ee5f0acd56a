package dialect

import "parvis/internal/access"

// Ruckus' attributes. Its quota by traffic class (146) wants the name of a class
// of the controller and is not sent.
const (
	vendorRuckus     = 25053
	ruckusUserGroups = 1
)

type ruckus struct{}

func (ruckus) Name() string { return "ruckus" }

func (ruckus) Carries() Carries {
	return Carries{
		Product: "Ruckus (SmartZone, ZoneDirector, Unleashed)",
		Rate:    wisprRate, RateUnit: UnitBit,
		VLAN:  tunnelAttributes,
		Role:  "Ruckus-User-Groups",
		Key:   "Ruckus-Dpsk, MS-MPPE-Recv-Key",
		Proof: ProofDocumentation,
	}
}

func (ruckus) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID},
		Notes:      "ZoneDirector refuses a Disconnect with Acct-Session-Id (PacketFence #1971), so it is never sent.",
	}
}

func (ruckus) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendTunnelVLAN(appendWISPrRate(b, g), g.VLAN)
	return appendVSAText(b, vendorRuckus, ruckusUserGroups, g.Role)
}

func (ruckus) AppendRedirect(b []byte, _ string) ([]byte, bool) { return b, false }

func (ruckus) AppendChange(b []byte, _ access.Grant) []byte { return b }
