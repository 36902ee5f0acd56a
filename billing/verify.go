package billing

import (
	"context"
	"fmt"

	"parvis/internal/directory"
)

// Verification is what a check of an operator's documents found.
type Verification struct {
	OperatorID string `json:"operator_id"`
	Documents  int    `json:"documents"`
	Lines      int    `json:"lines"`
	// Broken says in sentences what must never be: a number missing, a document
	// changed, a sum that is not right. Empty when all is well.
	Broken []string `json:"broken"`
	// Pending says which months would change if they were run again now. That is
	// no fault: leases are reported late.
	Pending []string `json:"pending"`
}

// OK reports whether nothing is broken.
func (v Verification) OK() bool { return len(v.Broken) == 0 }

func (v *Verification) broken(format string, args ...any) {
	v.Broken = append(v.Broken, fmt.Sprintf(format, args...))
}

func (v *Verification) pending(format string, args ...any) {
	v.Pending = append(v.Pending, fmt.Sprintf(format, args...))
}

// Verify checks the numbers and the chain of every series, each document of the
// operator against its hash and its own sums, and each month that was issued
// against a fresh computation. It reads one month at a time.
func (e Engine) Verify(ctx context.Context, operatorID string) (Verification, error) {
	v := Verification{OperatorID: operatorID, Broken: []string{}, Pending: []string{}}
	links, err := e.Ledger.Links(ctx)
	if err != nil {
		return v, err
	}
	v.chain(links)
	var months []directory.Month
	own := map[directory.Month]map[string]Link{}
	newest := map[string]int64{}
	for _, l := range links {
		newest[l.Series] = max(newest[l.Series], l.Number)
		if l.OperatorID != operatorID {
			continue
		}
		if own[l.Month] == nil {
			own[l.Month] = map[string]Link{}
			months = append(months, l.Month)
		}
		own[l.Month][l.DocumentID] = l
	}
	for _, m := range months {
		b, err := e.Ledger.Books(ctx, operatorID, m)
		if err != nil {
			return v, fmt.Errorf("month %s: %w", m, err)
		}
		v.month(b, m, own[m], newest)
	}
	return v, nil
}

// chain checks that in every series numbers count from 1 without a gap, each
// document names the hash of the one before, and dates never go back.
func (v *Verification) chain(links []Link) {
	var prev Link
	for _, l := range links {
		name := documentName(l.Series, l.Number)
		if l.Series != prev.Series {
			prev = Link{Series: l.Series}
		}
		if l.Number != prev.Number+1 {
			v.broken("%s follows number %d of its series: a number is missing or there twice", name, prev.Number)
		} else if l.PrevHash != prev.Hash {
			v.broken("%s does not follow from the document before it: one of the two was changed", name)
		}
		if l.IssuedOn < prev.IssuedOn {
			v.broken("%s is dated %s, before the document ahead of it (%s)", name, l.IssuedOn, prev.IssuedOn)
		}
		prev = l
	}
}

// month checks the documents of one month and the month against a fresh
// computation. newest is the last number of each series when links were read:
// what was issued since then is not in them.
func (v *Verification) month(b Books, m directory.Month, links map[string]Link, newest map[string]int64) {
	var issued, vat directory.Cents
	for i := range b.Issued {
		d := &b.Issued[i]
		v.Documents++
		v.Lines += len(d.Lines)
		if _, ok := links[d.ID]; !ok && d.Number <= newest[d.Series] {
			v.broken("%s stands among the documents of %s, but not in its series", d.Name(), m)
		}
		delete(links, d.ID)
		v.Broken = append(v.Broken, d.faults()...)
		issued += d.Total
		vat += d.VAT
		if want := vatOf(issued, d.VATPerMille); vat != want {
			v.broken("after %s the VAT of %s is %s €, not %s € as of its total %s €", d.Name(), m, vat, want, issued)
		}
	}
	for _, l := range links {
		v.broken("%s stands in its series, but not among the documents of %s", documentName(l.Series, l.Number), m)
	}
	w, err := newWork(b, m)
	switch {
	case err != nil:
		v.pending("%s cannot be computed now: %v", m, err)
	case w.nothing():
	case w.total < 0:
		v.pending("%s would change by %s € (%d lines): a credit note is left to issue", m, w.total, len(w.lines))
	default:
		v.pending("%s would change by +%s € (%d lines): an invoice is left to issue", m, w.total, len(w.lines))
	}
}
