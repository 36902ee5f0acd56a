package billing

import (
	"context"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// Engine takes a month from its preview to its document.
type Engine struct {
	Ledger Ledger
	// Now gives the instant and, by its location, the civil date of issue.
	Now func() time.Time
}

// Preview is what would be issued of a month now.
type Preview struct {
	OperatorID string          `json:"operator_id"`
	Operator   string          `json:"operator"`
	Month      directory.Month `json:"month"`
	Kind       Kind            `json:"kind"`
	// Dwellings, Leases and Vacant count the month as computed: dwellings charged,
	// and the shares of leases and of vacancy in them.
	Dwellings int `json:"dwellings"`
	Leases    int `json:"leases"`
	Vacant    int `json:"vacant"`
	// MonthTotal is the month as computed, IssuedTotal what of it was issued before.
	MonthTotal  directory.Cents `json:"month_total_cents"`
	IssuedTotal directory.Cents `json:"issued_total_cents"`
	Documents   int             `json:"documents"` // issued before
	// Lines are what is left to issue, with their total.
	Lines       []Line          `json:"lines"`
	Total       directory.Cents `json:"total_cents"`
	Net         directory.Cents `json:"net_cents"`
	VAT         directory.Cents `json:"vat_cents"`
	VATPerMille int             `json:"vat_per_mille"`
	InputHash   string          `json:"input_hash"`
	// Run is the month's run, nil when there has been none.
	Run *Run `json:"run"`
	// Stale says that Run is not issued and no longer what the lines say.
	Stale bool `json:"stale"`
}

// Nothing reports whether there is nothing left to issue.
func (p Preview) Nothing() bool { return len(p.Lines) == 0 && p.VAT == 0 }

// over refuses a month of which days are still to come, with ErrNotOver: it may
// be looked at, but each lease that ends in it would need a correction.
func (e Engine) over(m directory.Month) error {
	if directory.DateOf(e.Now()) < m.Period().Until {
		return notOverError{m}
	}
	return nil
}

// now is an instant as the ledger keeps it.
func (e Engine) now() time.Time { return e.Now().Truncate(time.Millisecond).UTC() }

// Preview computes the month and changes nothing.
func (e Engine) Preview(ctx context.Context, operatorID string, m directory.Month) (Preview, error) {
	b, err := e.Ledger.Books(ctx, operatorID, m)
	if err != nil {
		return Preview{}, err
	}
	w, err := newWork(b, m)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{
		OperatorID: w.operator.ID, Operator: w.operator.Name, Month: m, Kind: w.kind(),
		Lines: w.lines, Total: w.total, Net: w.net, VAT: w.vat, VATPerMille: w.rate,
		Documents: len(w.issued), InputHash: w.inputHash(), Run: b.Run,
	}
	if p.Lines == nil {
		p.Lines = []Line{} // a list in JSON, not null
	}
	p.Stale = b.Run != nil && b.Run.State != Issued && b.Run.InputHash != p.InputHash
	dwelling := ""
	for _, c := range w.target { // a dwelling's charges stand together
		if c.DwellingID != dwelling {
			dwelling = c.DwellingID
			p.Dwellings++
		}
		if c.Vacant() {
			p.Vacant++
		} else {
			p.Leases++
		}
		p.MonthTotal += c.Amount
	}
	p.IssuedTotal = p.MonthTotal - p.Total
	return p, nil
}

// Draft writes the month's computation down for approval. A run that is not
// issued yet is kept, with its approval, when it says the same, and replaced
// when it does not: an approval does not survive a change. by may be Program.
func (e Engine) Draft(ctx context.Context, operatorID string, m directory.Month, by string) (Run, error) {
	if by = strings.TrimSpace(by); by == "" {
		return Run{}, ErrNobody
	}
	b, err := e.Ledger.Books(ctx, operatorID, m)
	if err != nil {
		return Run{}, err
	}
	w, err := newWork(b, m)
	if err != nil {
		return Run{}, err
	}
	if w.nothing() {
		return Run{}, ErrNothing
	}
	now := e.now()
	return e.Ledger.SaveDraft(ctx, Run{
		ID: directory.NewID(now), OperatorID: operatorID, Month: m, State: Draft,
		InputHash: w.inputHash(), Total: w.total, Lines: len(w.lines),
		DraftedBy: by, DraftedAt: now,
	})
}

// Approve says that a second person stands behind the draft as it is. The
// draft must still be what the leases and tariffs say, and the month be over.
func (e Engine) Approve(ctx context.Context, operatorID string, m directory.Month, by string) (Run, error) {
	by, err := person(by)
	if err != nil {
		return Run{}, err
	}
	if err := e.over(m); err != nil {
		return Run{}, err
	}
	b, err := e.Ledger.Books(ctx, operatorID, m)
	if err != nil {
		return Run{}, err
	}
	w, err := newWork(b, m)
	if err != nil {
		return Run{}, err
	}
	if err := w.ready(b.Run, Draft, ErrApproved, ErrDraftChanged); err != nil {
		return Run{}, err
	}
	if err := b.Run.mayApprove(by); err != nil {
		return Run{}, err
	}
	run := *b.Run
	run.State, run.ApprovedBy, run.ApprovedAt = Approved, by, e.now()
	err = e.Ledger.Approve(ctx, run.ID, run.InputHash, by, run.ApprovedAt)
	if err != nil {
		return Run{}, err
	}
	return run, nil
}

// Issue makes the document of an approved run, on the leases and tariffs as
// they are in the transaction that writes it: when they no longer say what was
// approved it returns ErrChanged and nothing has happened. The month must be over.
func (e Engine) Issue(ctx context.Context, operatorID string, m directory.Month, by string) (Document, error) {
	by, err := person(by)
	if err != nil {
		return Document{}, err
	}
	if err := e.over(m); err != nil {
		return Document{}, err
	}
	return e.Ledger.Issue(ctx, operatorID, m, func(b Books) (Document, error) {
		w, err := newWork(b, m)
		if err != nil {
			return Document{}, err
		}
		if err := w.ready(b.Run, Approved, ErrNotApproved, ErrChanged); err != nil {
			return Document{}, err
		}
		if err := b.Run.mayIssue(by); err != nil {
			return Document{}, err
		}
		return w.document(*b.Run, by, e.Now()), nil
	})
}

// ready checks that the run is in the state that a step needs, and is what the
// computation says.
func (w work) ready(r *Run, want State, other, changed error) error {
	switch {
	case r == nil || r.State == Issued:
		if w.nothing() {
			return ErrNothing
		}
		return ErrNoRun
	case r.State == Draft && want == Approved:
		return other
	case r.InputHash != w.inputHash():
		return changed
	case r.State != want:
		return other
	}
	return nil
}

// document returns all of the document but its number and its hashes.
func (w work) document(r Run, by string, now time.Time) Document {
	d := Document{
		ID: directory.NewID(now), OperatorID: w.operator.ID, Operator: w.operator.Name, SIREN: w.operator.SIREN,
		Month: w.month, Kind: w.kind(),
		Series: strconv.Itoa(now.Year()), IssuedOn: directory.DateOf(now), IssuedAt: now.Truncate(time.Millisecond).UTC(),
		DraftedBy: r.DraftedBy, ApprovedBy: r.ApprovedBy, IssuedBy: by,
		Total: w.total, Net: w.net, VAT: w.vat, VATPerMille: w.rate,
		Rule: Rule, InputHash: r.InputHash, Lines: w.lines,
	}
	d.Postings = postings(d)
	return d
}
