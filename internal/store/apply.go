package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/accounting"
)

// applyTimeout bounds a batch; the journal keeps it and comes again.
const applyTimeout = 30 * time.Second

// ApplyEvents brings the events of one node's journal into effect, each (node,
// Seq) exactly once however often it is offered: the offset of the node is
// written in the transaction of the sessions. It returns the sessions that
// changed, as before and after the batch.
func (s *Store) ApplyEvents(ctx context.Context, node string, batch []accounting.Record) ([]accounting.Change, error) {
	var changes []accounting.Change
	err := s.writeBeside(ctx, applyTimeout, func(tx *sql.Tx) error {
		changes = nil // of an earlier attempt
		var offset int64
		err := tx.QueryRowContext(ctx, `SELECT seq FROM journal_offset WHERE node = $1`, node).Scan(&offset)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read the offset: %w", err)
		}
		fresh := behind(batch, offset)
		if len(fresh) == 0 {
			return nil
		}
		stays := newStays()
		err = loadStays(ctx, tx, stays, fresh)
		if err != nil {
			return fmt.Errorf("load the sessions: %w", err)
		}
		for _, r := range fresh {
			stays.apply(r.Event)
		}
		changes = stays.changes()
		err = putAll(ctx, tx, "session", upsertSession, changes, sessionArgs)
		if err != nil {
			return err
		}
		err = putAll(ctx, tx, "usage", advanceUsage, stays.usage(changes), usageArgs)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO journal_offset (node, seq) VALUES ($1, $2)
			ON CONFLICT (node) DO UPDATE SET seq = excluded.seq`, node, fresh[len(fresh)-1].Seq)
		return wrap("advance the offset", err)
	})
	if err != nil {
		return nil, wrap("apply accounting events", err)
	}
	return changes, nil
}

// JournalOffset returns the Seq up to which the journal of a node is in effect,
// 0 for a node that is not known.
func (s *Store) JournalOffset(ctx context.Context, node string) (int64, error) {
	var offset int64
	err := s.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, `SELECT seq FROM journal_offset WHERE node = $1`, node).Scan(&offset)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return offset, wrap("read how far a journal is in effect", err)
}

// behind returns the records with a Seq above offset, in order, each once, with
// instants that the columns can hold.
func behind(batch []accounting.Record, offset int64) []accounting.Record {
	var fresh []accounting.Record
	for _, r := range batch {
		if r.Seq > offset {
			r.Event.At, r.Event.Received = whole(r.Event.At), whole(r.Event.Received)
			fresh = append(fresh, r)
		}
	}
	slices.SortStableFunc(fresh, func(a, b accounting.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.CompactFunc(fresh, func(a, b accounting.Record) bool { return a.Seq == b.Seq })
}

// loadStays loads every session that the records can touch: those they name,
// the open ones of a device that starts anew, and all open ones of a NAS that
// restarts.
func loadStays(ctx context.Context, tx *sql.Tx, stays *stays, records []accounting.Record) error {
	keys, restarted, devices := map[string]bool{}, map[string]bool{}, map[string]map[string]bool{}
	for _, r := range records {
		e := r.Event
		switch e.Kind {
		case accounting.On, accounting.Off:
			restarted[e.NASID] = true
		case accounting.Start, accounting.Interim, accounting.Stop:
			keys[e.Key()] = true
			if e.Kind == accounting.Start && !e.MAC.IsZero() {
				if devices[e.NASID] == nil {
					devices[e.NASID] = map[string]bool{}
				}
				devices[e.NASID][e.MAC.String()] = true
			}
		}
	}
	keep := func(row scanner) error {
		v, err := scanSession(row)
		if err == nil {
			stays.load(v)
		}
		return err
	}
	err := eachIn(ctx, tx, keep, `SELECT `+sessionColumns+` FROM session WHERE key IN `, nil, keys)
	if err != nil {
		return err
	}
	const open = `SELECT ` + sessionColumns + ` FROM session WHERE stopped_at = 0 AND nas_id = $1`
	for nas := range restarted {
		err = each(ctx, tx, keep, open, nas)
		if err != nil {
			return err
		}
	}
	for nas, macs := range devices {
		if restarted[nas] {
			continue
		}
		err = eachIn(ctx, tx, keep, open+` AND mac IN `, []any{nas}, macs)
		if err != nil {
			return err
		}
	}
	return nil
}

// eachIn runs query, which ends in IN, for the values in chunks of a fixed size,
// so that the engines see one text and keep one plan.
func eachIn(ctx context.Context, q querier, fn func(scanner) error, query string, args []any, values map[string]bool) error {
	const size = 100
	var list strings.Builder
	for i := range size {
		fmt.Fprintf(&list, ",$%d", len(args)+i+1)
	}
	query += "(" + list.String()[1:] + ")"
	var all []any
	for v := range values {
		all = append(all, v)
	}
	for chunk := range slices.Chunk(all, size) {
		full := append(slices.Clone(args), chunk...)
		for len(full) < len(args)+size {
			full = append(full, chunk[0])
		}
		err := each(ctx, q, fn, query, full...)
		if err != nil {
			return err
		}
	}
	return nil
}

// A total that is full stays full: a NAS may claim any number.
const advanceUsage = `
	INSERT INTO usage (access_point_id, bytes_in, bytes_out, heard_at) VALUES ($1, $2, $3, $4)
	ON CONFLICT (access_point_id) DO UPDATE SET
		bytes_in = CASE WHEN usage.bytes_in > 9223372036854775807 - excluded.bytes_in THEN 9223372036854775807
			ELSE usage.bytes_in + excluded.bytes_in END,
		bytes_out = CASE WHEN usage.bytes_out > 9223372036854775807 - excluded.bytes_out THEN 9223372036854775807
			ELSE usage.bytes_out + excluded.bytes_out END,
		heard_at = CASE WHEN usage.heard_at > excluded.heard_at THEN usage.heard_at ELSE excluded.heard_at END`

func usageArgs(u accounting.Usage) ([]any, error) {
	return []any{u.AccessPointID, int64(u.In), int64(u.Out), millis(u.LastHeard)}, nil
}
