package dialect

import "parvis/internal/access"

// generic is a NAS of which nothing special is known: WISPr's rates, and the
// standard's VLAN and Filter-Id.
type generic struct{}

func (generic) Name() string { return "generic" }

func (generic) Carries() Carries {
	return Carries{
		Product: "Generic (WISPr)",
		Rate:    wisprRate, RateUnit: UnitBit,
		VLAN:     tunnelAttributes,
		Role:     "Filter-Id",
		Redirect: wisprRedirect,
		Proof:    ProofDocumentation,
	}
}

func (generic) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID},
		Notes:      "Disconnect only: not every product that understands WISPr takes a rate by CoA-Request.",
	}
}

func (generic) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendWISPrRate(b, g)
	b = appendTunnelVLAN(b, g.VLAN)
	return appendRoleFilter(b, g.Role)
}

func (generic) AppendRedirect(b []byte, url string) ([]byte, bool) {
	return appendWISPrRedirect(b, url)
}

func (generic) AppendChange(b []byte, _ access.Grant) []byte { return b }

// appendRoleFilter names the role as a filter list, RFC 2865 §5.11.
func appendRoleFilter(b []byte, role string) []byte {
	if len(role) > MaxRole {
		return b
	}
	return appendText(b, typeFilterID, role)
}
