package dialect

import "parvis/internal/access"

// uspot is OpenWrt's captive portal. It understands ChilliSpot's attributes, but
// is told to end a session in another way than chilli.
type uspot struct{}

func (uspot) Name() string { return "uspot" }

func (uspot) Carries() Carries {
	return Carries{
		Product: "OpenWrt uspot",
		Rate:    chilliRate, RateUnit: UnitKbit,
		Quota: chilliQuota,
		Proof: ProofSource,
	}
}

func (uspot) DynAuth() DynamicAuth {
	return DynamicAuth{
		Port: dynAuthPort,
		// Its server answers NAK to what it does not know, and it does not know
		// Message-Authenticator or Event-Timestamp (src/radius-das.c). What it
		// knows must equal what it sent, in the same spelling: the id is enough.
		Attributes: []Identify{AcctSessionID},
		Notes:      "refuses Message-Authenticator and Event-Timestamp, so neither is sent; a CoA-Request changes times, not rates; it sends no Error-Cause.",
	}
}

func (uspot) AppendGrant(b []byte, g access.Grant) []byte {
	b = appendChilliRate(b, g)
	return appendQuota(b, vendorChilliSpot, chilliMaxTotalOctets, chilliMaxTotalGigawords, g.QuotaBytes)
}

func (uspot) AppendRedirect(b []byte, _ string) ([]byte, bool) { return b, false }

func (uspot) AppendChange(b []byte, _ access.Grant) []byte { return b }
