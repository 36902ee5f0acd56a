package billing

import (
	"context"
	"errors"
	"slices"
	"time"

	"parvis/internal/directory"
)

// memory is a Ledger for properties that need thousands of months. The store's
// own conformance runs on both real engines.
type memory struct {
	facts     map[string]Facts // by operator
	runs      []Run
	documents []Document
}

var errCrash = errors.New("crash")

func (l *memory) Books(_ context.Context, operatorID string, m directory.Month) (Books, error) {
	f, ok := l.facts[operatorID]
	if !ok {
		return Books{}, ErrNoOperator
	}
	b := Books{Facts: f}
	for _, d := range l.documents {
		if d.OperatorID == operatorID && d.Month == m {
			b.Issued = append(b.Issued, d)
		}
	}
	for i := range l.runs {
		if r := l.runs[i]; r.OperatorID == operatorID && r.Month == m {
			b.Run = &r // the one that is not issued is always the newest
		}
	}
	return b, nil
}

func (l *memory) SaveDraft(_ context.Context, r Run) (Run, error) {
	for i, old := range l.runs {
		if old.OperatorID == r.OperatorID && old.Month == r.Month && old.State != Issued {
			if old.InputHash == r.InputHash {
				return old, nil
			}
			l.runs = slices.Delete(l.runs, i, i+1)
			break
		}
	}
	l.runs = append(l.runs, r)
	return r, nil
}

func (l *memory) Approve(_ context.Context, runID, inputHash, by string, at time.Time) error {
	for i := range l.runs {
		if r := &l.runs[i]; r.ID == runID && r.InputHash == inputHash && r.State == Draft {
			r.State, r.ApprovedBy, r.ApprovedAt = Approved, by, at
			return nil
		}
	}
	return ErrDraftChanged
}

func (l *memory) Issue(ctx context.Context, operatorID string, m directory.Month, make func(Books) (Document, error)) (Document, error) {
	b, err := l.Books(ctx, operatorID, m)
	if err != nil {
		return Document{}, err
	}
	d, err := make(b)
	if err != nil {
		return Document{}, err
	}
	prev := ""
	d.Number = 1
	for _, o := range l.documents {
		if o.Series == d.Series {
			d.Number, prev = o.Number+1, o.Hash
		}
	}
	d.Seal(prev)
	if err := d.Check(); err != nil {
		return Document{}, err
	}
	for i := range l.runs {
		if l.runs[i].ID == b.Run.ID {
			l.runs[i].State, l.runs[i].DocumentID = Issued, d.ID
		}
	}
	l.documents = append(l.documents, d)
	return d, nil
}

func (l *memory) Documents(_ context.Context, operatorID string, m directory.Month) ([]Document, error) {
	var list []Document
	for _, d := range l.documents {
		if d.OperatorID == operatorID && (m == 0 || d.Month == m) {
			list = append(list, d)
		}
	}
	return list, nil
}

func (l *memory) Links(context.Context) ([]Link, error) {
	var list []Link
	for _, d := range l.documents {
		list = append(list, Link{d.ID, d.OperatorID, d.Month, d.Series, d.Number, d.IssuedOn, d.PrevHash, d.Hash})
	}
	return list, nil
}
