package main

import (
	"context"
	"errors"
	"io"

	"parvis/billing"
	"parvis/billing/document"
	"parvis/internal/directory"
	"parvis/portal/console"
)

// charges shows billing to the console, in the console's words.
type charges struct{ engine billing.Engine }

// shownLines is how many lines of a month the page shows; the charges file has all.
const shownLines = 50

func (c charges) Month(ctx context.Context, operatorID string, m directory.Month) (console.MonthView, error) {
	p, err := c.engine.Preview(ctx, operatorID, m)
	if err != nil {
		return console.MonthView{}, refused(err)
	}
	v := console.MonthView{
		OperatorID: p.OperatorID, Operator: p.Operator, Month: m,
		Dwellings: p.Dwellings, Leases: p.Leases, Vacant: p.Vacant,
		MonthTotal: p.MonthTotal, IssuedTotal: p.IssuedTotal, Left: p.Total, Nothing: p.Nothing(),
		LeftLines: len(p.Lines), Stale: p.Stale, Fingerprint: p.InputHash,
	}
	for _, l := range p.Lines[:min(shownLines, len(p.Lines))] {
		v.Lines = append(v.Lines, console.LineView{
			Residence: l.Residence, Dwelling: l.DwellingRef, Door: l.Door, Lease: l.LeaseRef,
			From: l.From, Until: l.Until, Days: l.Days, Amount: l.Amount, Correction: l.Correction,
		})
	}
	if r := p.Run; r != nil {
		v.Run = &console.RunView{
			State: string(r.State), DraftedBy: r.DraftedBy, DraftedAt: r.DraftedAt,
			ApprovedBy: r.ApprovedBy, ApprovedAt: r.ApprovedAt, Total: r.Total, Lines: r.Lines,
		}
	}
	documents, err := c.engine.Ledger.Documents(ctx, operatorID, m)
	if err != nil {
		return v, err
	}
	for _, d := range documents {
		v.Documents = append(v.Documents, console.DocumentView{
			Name: d.Name(), Kind: string(d.Kind), IssuedOn: d.IssuedOn, Total: d.Total,
			DraftedBy: d.DraftedBy, ApprovedBy: d.ApprovedBy, IssuedBy: d.IssuedBy,
		})
	}
	return v, nil
}

func (c charges) Draft(ctx context.Context, operatorID string, m directory.Month, by string) error {
	_, err := c.engine.Draft(ctx, operatorID, m, by)
	return refused(err)
}

func (c charges) Approve(ctx context.Context, operatorID string, m directory.Month, by string) error {
	_, err := c.engine.Approve(ctx, operatorID, m, by)
	return refused(err)
}

func (c charges) Issue(ctx context.Context, operatorID string, m directory.Month, by string) error {
	_, err := c.engine.Issue(ctx, operatorID, m, by)
	return refused(err)
}

func (c charges) File(ctx context.Context, operatorID string, m directory.Month, w io.Writer) error {
	documents, err := c.engine.Ledger.Documents(ctx, operatorID, m)
	if err != nil {
		return err
	}
	statement, err := document.NewStatement(documents...)
	if err != nil {
		return err
	}
	return document.WriteCharges(w, statement)
}

// refused says in the console's words what a person can put right.
func refused(err error) error {
	for _, r := range []struct {
		err error
		key string
	}{
		{billing.ErrNothing, console.RefusedNothing},
		{billing.ErrNoRun, console.RefusedNoRun},
		{billing.ErrNotApproved, console.RefusedNotApproved},
		{billing.ErrApproved, console.RefusedApproved},
		{billing.ErrDraftChanged, console.RefusedDraftChanged},
		{billing.ErrChanged, console.RefusedChanged},
		{billing.ErrSamePerson, console.RefusedSamePerson},
		{billing.ErrNobody, console.RefusedNobody},
		{billing.ErrNoOperator, console.RefusedNoOperator},
		{billing.ErrNotOver, console.RefusedNotOver},
		{billing.ErrClock, console.RefusedClock},
	} {
		if errors.Is(err, r.err) {
			return &console.Refused{Key: r.key}
		}
	}
	if f, ok := errors.AsType[*billing.FactsError](err); ok {
		return &console.Refused{Key: console.RefusedFacts, Text: f.Error()}
	}
	return err
}
