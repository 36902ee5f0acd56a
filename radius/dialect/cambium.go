package dialect

import "parvis/internal/access"

// Cambium's attributes, for its cnPilot and XV access points; the rate is WISPr's.
const (
	vendorCambium              = 17713
	cambiumQuotaTotal          = 155
	cambiumQuotaTotalGigawords = 156
)

type cambium struct{}

func (cambium) Name() string { return "cambium" }

func (cambium) Carries() Carries {
	return Carries{
		Product: "Cambium (cnPilot, XV)",
		Rate:    wisprRate, RateUnit: UnitBit,
		Quota: "Cambium-Traffic-Quota-Limit-Total, Cambium-Traffic-Quota-Limit-Total-Gigwords",
		VLAN:  tunnelAttributes,
		Proof: ProofDocumentation,
	}
}

func (cambium) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID, EventTimestamp},
		Notes:      "needs dynamic authorisation switched on for the WLAN.",
	}
}

func (cambium) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendWISPrRate(b, g)
	b = appendQuota(b, vendorCambium, cambiumQuotaTotal, cambiumQuotaTotalGigawords, g.QuotaBytes)
	return appendTunnelVLAN(b, g.VLAN)
}

func (cambium) AppendRedirect(b []byte, _ string) ([]byte, bool) { return b, false }

func (cambium) AppendChange(b []byte, _ access.Grant) []byte { return b }
