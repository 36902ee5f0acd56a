package dialect

import "parvis/internal/access"

// omada is TP-Link's Omada. Its own limits (11863, 1 and 2) are 32 bits for each
// direction, and a quota of ours is for both together, so they are not sent.
type omada struct{}

func (omada) Name() string { return "omada" }

func (omada) Carries() Carries {
	return Carries{
		Product: "TP-Link Omada",
		Rate:    wisprRate, RateUnit: UnitBit,
		VLAN:  tunnelAttributes,
		Key:   "TPLink-Authentication-FoundKey",
		Proof: ProofDocumentation,
	}
}

func (omada) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID},
		Notes:      "needs CoA switched on in the RADIUS profile; Disconnect only.",
	}
}

func (omada) AppendGrant(b []byte, g access.Grant) []byte {
	return appendTunnelVLAN(appendWISPrRate(b, g), g.VLAN)
}

func (omada) AppendRedirect(b []byte, _ string) ([]byte, bool) { return b, false }

func (omada) AppendChange(b []byte, _ access.Grant) []byte { return b }
