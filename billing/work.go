package billing

import (
	"parvis/internal/directory"
)

// work is what is left to issue of an operator's month.
type work struct {
	operator        directory.Operator
	month           directory.Month
	target          []Charge
	lines           []Line
	total, net, vat directory.Cents
	rate            int
	issued          []Document
}

// newWork computes the month afresh and takes off everything issued.
func newWork(b Books, m directory.Month) (work, error) {
	target, rate, err := compute(b.Facts, m)
	if err != nil {
		return work{}, err
	}
	w := work{operator: b.Facts.Operator, month: m, target: target, rate: rate, issued: b.Issued}
	var lines []Line
	var vat directory.Cents // issued so far
	for i := range b.Issued {
		lines = append(lines, b.Issued[i].Lines...)
		vat += b.Issued[i].VAT
	}
	if rate < 0 && len(b.Issued) > 0 { // all is taken back: at the rate it was charged
		w.rate = b.Issued[len(b.Issued)-1].VATPerMille
	}
	w.rate = max(0, w.rate)
	w.lines = Delta(target, lines)
	w.total = Sum(w.lines)
	// VAT of the recomputed total less what was issued, not VAT of the difference:
	// else the cents of several roundings would stay behind.
	w.vat = vatOf(w.total+Sum(lines), w.rate) - vat
	w.net = w.total - w.vat
	return w, nil
}

// nothing reports whether there is no document to make. A change of the VAT
// rate alone is one: the total stays, net and VAT move.
func (w work) nothing() bool { return len(w.lines) == 0 && w.vat == 0 }

func (w work) kind() Kind {
	if w.total < 0 {
		return CreditNote
	}
	return Invoice
}
