package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/billing"
	"parvis/internal/directory"
)

var _ billing.Ledger = (*Store)(nil)

// Books implements billing.Ledger. Up to five minutes.
func (s *Store) Books(ctx context.Context, operatorID string, m directory.Month) (billing.Books, error) {
	var b billing.Books
	err := s.readFor(ctx, longTimeout, func(q querier) error {
		var err error
		b, err = books(ctx, q, operatorID, m)
		return err
	})
	return b, err
}

func books(ctx context.Context, q querier, operatorID string, m directory.Month) (billing.Books, error) {
	facts, err := readFacts(ctx, q, operatorID, m)
	if err != nil {
		return billing.Books{}, err
	}
	issued, err := readDocuments(ctx, q, operatorID, m)
	if err != nil {
		return billing.Books{}, err
	}
	run, err := readRun(ctx, q, operatorID, m)
	if err != nil {
		return billing.Books{}, err
	}
	return billing.Books{Facts: facts, Issued: issued, Run: run}, nil
}

// Issue implements billing.Ledger. Up to five minutes, during which the other
// writers of the directory wait; sessions do not.
func (s *Store) Issue(ctx context.Context, operatorID string, m directory.Month, make func(billing.Books) (billing.Document, error)) (billing.Document, error) {
	var d billing.Document
	// writeFor lets one writer in at a time on both engines: it is the lock of the
	// operator's month and of the series, and what make reads stays true.
	err := s.writeFor(ctx, longTimeout, func(tx *sql.Tx) error {
		b, err := books(ctx, tx, operatorID, m)
		if err != nil {
			return err
		}
		d, err = make(b)
		if err != nil {
			return err
		}
		if b.Run == nil || b.Run.State != billing.Approved {
			return billing.ErrNotApproved // whatever make says
		}
		err = number(ctx, tx, &d)
		if err != nil {
			return err
		}
		err = d.Check()
		if err != nil {
			return err
		}
		err = insertDocument(ctx, tx, &d)
		if err != nil {
			return err
		}
		return closeRun(ctx, tx, b.Run.ID, d.ID)
	})
	if err != nil {
		return billing.Document{}, err
	}
	return d, nil
}

// number takes the next number of the document's series and seals the document
// behind the one before.
func number(ctx context.Context, tx *sql.Tx, d *billing.Document) error {
	n, err := nextValue(ctx, tx, "document-"+d.Series)
	if err != nil {
		return err
	}
	d.Number = n
	var prev string
	err = tx.QueryRowContext(ctx, `SELECT hash FROM document WHERE series = $1 AND number = $2`, d.Series, n-1).Scan(&prev)
	if err != nil && !(errors.Is(err, sql.ErrNoRows) && n == 1) {
		return fmt.Errorf("find document %d of series %s: %w", n-1, d.Series, err)
	}
	// The numbers of a series are in the order of their dates, and a series that
	// ended is not taken up again by a clock that stands in the year before.
	var last int64
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(issued_date), 0) FROM document`).Scan(&last)
	if err != nil {
		return fmt.Errorf("find the last date of issue: %w", err)
	}
	if d.IssuedOn < directory.Date(last) {
		return billing.ErrClock
	}
	d.Seal(prev)
	return nil
}

// SaveDraft implements billing.Ledger.
func (s *Store) SaveDraft(ctx context.Context, r billing.Run) (billing.Run, error) {
	kept := r
	err := s.write(ctx, func(tx *sql.Tx) error {
		old, err := readRun(ctx, tx, r.OperatorID, r.Month)
		if err != nil {
			return err
		}
		kept = r
		if old != nil && old.State != billing.Issued {
			if old.InputHash == r.InputHash {
				kept = *old
				return nil
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM run WHERE id = $1`, old.ID)
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO run (id, operator_id, month, state, input_hash, total_cents, lines, drafted_by, drafted_at, approved_by, approved_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0)`,
			r.ID, r.OperatorID, int64(r.Month), string(billing.Draft), r.InputHash, int64(r.Total), int64(r.Lines), r.DraftedBy, millis(r.DraftedAt))
		return err
	})
	if err != nil {
		return billing.Run{}, wrap("write the draft", err)
	}
	return kept, nil
}

// Approve implements billing.Ledger.
func (s *Store) Approve(ctx context.Context, runID, inputHash, by string, at time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `
			UPDATE run SET state = 'approved', approved_by = $3, approved_at = $4
			WHERE id = $1 AND input_hash = $2 AND state = 'draft'`,
			runID, inputHash, by, millis(at))
		if err != nil {
			return wrap("approve the draft", err)
		}
		n, err := done.RowsAffected()
		if err == nil && n == 0 {
			return billing.ErrDraftChanged
		}
		return err
	})
}

func closeRun(ctx context.Context, tx *sql.Tx, runID, documentID string) error {
	_, err := tx.ExecContext(ctx, `UPDATE run SET state = 'issued', document_id = $2 WHERE id = $1`, runID, documentID)
	return wrap("close the run", err)
}

// readRun returns the run that is not issued, else the newest one, else nil.
func readRun(ctx context.Context, q querier, operatorID string, m directory.Month) (*billing.Run, error) {
	r := billing.Run{OperatorID: operatorID, Month: m}
	var state string
	var total, draftedAt, approvedAt int64
	err := q.QueryRowContext(ctx, `
		SELECT id, state, input_hash, total_cents, lines, drafted_by, drafted_at, approved_by, approved_at, COALESCE(document_id, '')
		FROM run WHERE operator_id = $1 AND month = $2
		ORDER BY CASE WHEN state = 'issued' THEN 1 ELSE 0 END, id DESC LIMIT 1`, operatorID, int64(m)).
		Scan(&r.ID, &state, &r.InputHash, &total, &r.Lines, &r.DraftedBy, &draftedAt, &r.ApprovedBy, &approvedAt, &r.DocumentID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the run: %w", err)
	}
	r.State, r.Total = billing.State(state), directory.Cents(total)
	r.DraftedAt, r.ApprovedAt = instant(draftedAt), instant(approvedAt)
	return &r, nil
}

// AddTariff writes a tariff down. The same tariff again is fine; another one
// under the same id is refused, because a tariff never changes.
func (s *Store) AddTariff(ctx context.Context, t billing.Tariff) error {
	return s.write(ctx, func(tx *sql.Tx) error { return insertTariff(ctx, tx, t, s.now()) })
}

func insertTariff(ctx context.Context, tx *sql.Tx, t billing.Tariff, at time.Time) error {
	err := t.Validate()
	if err != nil {
		return fmt.Errorf("tariff %s: %w", t.ID, err)
	}
	if t.SectorID != "" {
		var owner string
		err = tx.QueryRowContext(ctx, `SELECT operator_id FROM sector WHERE id = $1`, t.SectorID).Scan(&owner)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find the sector of tariff %s: %w", t.ID, err)
		}
		if owner != t.OperatorID {
			return fmt.Errorf("tariff %s: the sector %q is not the operator's", t.ID, t.SectorID)
		}
	}
	there, err := readTariffs(ctx, tx, `id = $1`, t.ID)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		if !there[0].Same(t) {
			return fmt.Errorf("the tariff %s is already there and says something else: add a tariff of its own, under a new id", t.ID)
		}
		return nil
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO tariff (id, operator_id, sector_id, from_date, price_cents, vat_permille, label, reference, added_at)
		VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7, $8, $9)`,
		t.ID, t.OperatorID, t.SectorID, int64(t.From), int64(t.Price), int64(t.VATPerMille), t.Label, t.Reference, millis(at))
	return wrap("write the tariff "+t.ID, err)
}

// readTariffs returns the tariffs for which where holds, by date.
func readTariffs(ctx context.Context, q querier, where string, args ...any) ([]billing.Tariff, error) {
	list, err := collect(ctx, q, func(row scanner) (billing.Tariff, error) {
		var t billing.Tariff
		var from, price, added int64
		err := row.Scan(&t.ID, &t.OperatorID, &t.SectorID, &from, &price, &t.VATPerMille, &t.Label, &t.Reference, &added)
		t.From, t.Price, t.AddedAt = directory.Date(from), directory.Cents(price), instant(added)
		return t, err
	}, `SELECT id, operator_id, COALESCE(sector_id, ''), from_date, price_cents, vat_permille, label, reference, added_at
		FROM tariff WHERE `+where+` ORDER BY from_date, added_at, id`, args...)
	return list, wrap("read the tariffs", err)
}
