package billing

import "parvis/internal/directory"

// Facts is all that a month of one operator depends on, as known now. The
// order of the rows does not matter. Dwellings and leases that do not touch the
// month may be there or not.
type Facts struct {
	Operator   directory.Operator
	Sectors    []directory.Sector
	Agreements []directory.Agreement
	Residences []directory.Residence
	Dwellings  []directory.Dwelling
	Leases     []directory.Lease
	Tariffs    []Tariff
}

// FactsError says in a sentence what is wrong with the facts of a month, and
// what to do about it.
type FactsError struct{ err error }

// Error implements error.
func (e *FactsError) Error() string { return e.err.Error() }

// Unwrap implements errors.Unwrap.
func (e *FactsError) Unwrap() error { return e.err }

// Charge is one party's share of one dwelling-month. A party is a lease, or the
// operator itself while the dwelling is vacant; all its days of the month are
// one charge, however many pieces they come in.
//
// The names stand beside the ids because a document must read the same after
// a residence is renamed or a mistaken lease is removed.
type Charge struct {
	DwellingID  string `json:"dwelling_id"`
	DwellingRef string `json:"dwelling"`
	Residence   string `json:"residence"`
	Door        string `json:"door"`
	LeaseID     string `json:"lease_id"` // empty: vacancy, which the operator bears
	LeaseRef    string `json:"lease"`
	// From is the party's first day in scope and Until the day after its last one.
	From  directory.Date `json:"from"`
	Until directory.Date `json:"until"`
	// Days counts the party's own days in scope: fewer than From to Until when
	// somebody else's days, or days out of scope, lie between.
	Days   int             `json:"days"`
	Amount directory.Cents `json:"amount_cents"`
	// TariffID is the tariff of the party's last day.
	TariffID string `json:"tariff_id"`
	Label    string `json:"label"` // of the tariff
}

// Vacant reports whether the operator bears the charge.
func (c Charge) Vacant() bool { return c.LeaseID == "" }

// Line is a charge on a document. On a correction Amount is the difference to
// what has been issued before, and may be negative, while the days are those of
// the computation; a party that owes nothing any more has 0 days.
type Line struct {
	Charge
	// Correction says that the same dwelling, party and month stood on an earlier document.
	Correction bool `json:"correction"`
}

// key is what sums are kept by within a month.
type key struct{ dwellingID, leaseID string }

func (c Charge) key() key { return key{c.DwellingID, c.LeaseID} }

// Sum adds the amounts of the lines.
func Sum(lines []Line) directory.Cents {
	var total directory.Cents
	for _, l := range lines {
		total += l.Amount
	}
	return total
}
