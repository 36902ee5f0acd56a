package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parvis/internal/directory"
)

const upsertLease = `
	INSERT INTO lease (id, dwelling_id, ref, from_date, until_date) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (id) DO UPDATE SET dwelling_id = excluded.dwelling_id, ref = excluded.ref,
		from_date = excluded.from_date, until_date = excluded.until_date`

func leaseArgs(l directory.Lease) ([]any, error) {
	return []any{l.ID, l.DwellingID, l.Ref, l.Period.From, l.Period.Until}, l.Validate()
}

// PutLeases writes leases, new or changed, all or none. Leases of one dwelling
// that overlap are refused. Up to five minutes.
func (s *Store) PutLeases(ctx context.Context, list []directory.Lease) error {
	if len(list) == 0 {
		return nil
	}
	return s.writeFor(ctx, longTimeout, func(tx *sql.Tx) error {
		err := putLeases(ctx, tx, list)
		if err != nil {
			return err
		}
		subject := ""
		if len(list) == 1 {
			subject = list[0].ID
		}
		return recordChange(ctx, tx, "lease", subject, millis(s.now()))
	})
}

// Of two leases of one dwelling, half-open intervals with 0 for no end, each
// begins before the other ends.
const findOverlap = `
	SELECT d.ref, a.ref, a.from_date, a.until_date, b.ref, b.from_date, b.until_date
	FROM lease a
	JOIN lease b ON b.dwelling_id = a.dwelling_id AND a.id <> b.id
		AND (a.from_date < b.from_date OR a.from_date = b.from_date AND a.id < b.id)
		AND (a.until_date = 0 OR b.from_date < a.until_date)
	JOIN dwelling d ON d.id = a.dwelling_id`

// putLeases writes the leases and then looks for an overlap, because a batch may
// well shorten one lease and begin the next.
func putLeases(ctx context.Context, tx *sql.Tx, list []directory.Lease) error {
	err := putAll(ctx, tx, "lease", upsertLease, list, leaseArgs)
	if err != nil {
		return err
	}
	const few = 500 // from here on looking at every lease costs less
	if len(list) > few {
		return overlapError(tx.QueryRowContext(ctx, findOverlap+` LIMIT 1`))
	}
	seen := map[string]bool{}
	for _, l := range list {
		if seen[l.DwellingID] {
			continue
		}
		seen[l.DwellingID] = true
		err = overlapError(tx.QueryRowContext(ctx, findOverlap+` WHERE a.dwelling_id = $1 LIMIT 1`, l.DwellingID))
		if err != nil {
			return err
		}
	}
	return nil
}

func overlapError(row scanner) error {
	var dwelling, a, b string
	var p, q directory.Period
	err := row.Scan(&dwelling, &a, &p.From, &p.Until, &b, &q.From, &q.Until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for leases that overlap: %w", err)
	}
	return fmt.Errorf("dwelling %s: the lease %s (%s) and the lease %s (%s) overlap: a dwelling has one lease a day",
		dwelling, a, spell(p), b, spell(q))
}

func spell(p directory.Period) string {
	if p.Until.IsZero() {
		return fmt.Sprintf("from %s", p.From)
	}
	return fmt.Sprintf("from %s, until %s excluded", p.From, p.Until)
}
