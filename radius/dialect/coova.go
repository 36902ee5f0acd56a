package dialect

import (
	"math"

	"parvis/internal/access"
)

// CoovaChilli's own attributes, in kbit/s. They win over WISPr's in it, so
// these alone are sent.
const (
	vendorChilliSpot        = 14559
	chilliMaxTotalOctets    = 3
	chilliBandwidthMaxUp    = 4
	chilliBandwidthMaxDown  = 5
	chilliMaxTotalGigawords = 23
	chilliRate              = "ChilliSpot-Bandwidth-Max-Up, ChilliSpot-Bandwidth-Max-Down"
	chilliQuota             = "ChilliSpot-Max-Total-Octets, ChilliSpot-Max-Total-Gigawords"
	// chilliMaxKbps: chilli multiplies by 1000 in 32 bits; more would wrap to a
	// rate near zero.
	chilliMaxKbps = math.MaxUint32 / 1000
)

type coova struct{}

func (coova) Name() string { return "coova" }

func (coova) Carries() Carries {
	return Carries{
		Product: "CoovaChilli",
		Rate:    chilliRate, RateUnit: UnitKbit,
		Quota:    chilliQuota,
		Role:     "Filter-Id (for its conup script)",
		Redirect: wisprRedirect,
		Proof:    ProofSoftware,
	}
}

func (coova) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port: dynAuthPort, CanChange: true,
		Attributes: []Identify{MessageAuthenticator, UserName, AcctSessionID},
		Notes:      "needs coaport; without User-Name it does not answer, and to another address than its RADIUS servers' only with coanoipcheck.",
	}
}

func (coova) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendChilliRate(b, g)
	b = appendQuota(b, vendorChilliSpot, chilliMaxTotalOctets, chilliMaxTotalGigawords, g.QuotaBytes)
	return appendRoleFilter(b, g.Role)
}

func (coova) AppendRedirect(b []byte, url string) ([]byte, bool) { return appendWISPrRedirect(b, url) }

func (coova) AppendChange(b []byte, g access.Grant) []byte { return appendChilliRate(b, g) }

func appendChilliRate(b []byte, g access.Grant) []byte {
	b = appendVSALimit(b, vendorChilliSpot, chilliBandwidthMaxUp, min(g.UpKbps, chilliMaxKbps))
	return appendVSALimit(b, vendorChilliSpot, chilliBandwidthMaxDown, min(g.DownKbps, chilliMaxKbps))
}
