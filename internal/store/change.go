package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Kinds of a change that a follower tells apart. Every other kind names a table
// and means that the directory's snapshot is to be loaded again.
const (
	ChangeDevice = "device" // Change.Device says which
	ChangeForget = "forget" // likewise; the device is not remembered any more
)

// Change is one row of the change feed. Seq has no gaps and follows the order
// of the commits.
type Change struct {
	Seq     int64
	Kind    string
	Subject string // the id; empty when many rows changed at once
	At      time.Time
}

// ErrChangesGone says that the feed does not reach back that far any more: the
// follower has to load everything again.
var ErrChangesGone = errors.New("the change feed does not reach back that far: load the directory again")

const changeCounter = "change"

// nextValue advances a counter within tx and returns its new value, 1 at first.
// The row stays locked until tx ends: values have no gaps and are in the order
// of the commits.
func nextValue(ctx context.Context, tx *sql.Tx, counter string) (int64, error) {
	var v int64
	err := tx.QueryRowContext(ctx, `
		INSERT INTO counter (name, value) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET value = counter.value + 1
		RETURNING value`, counter).Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("advance the counter %s: %w", counter, err)
	}
	return v, nil
}

// recordChange writes a row of the feed. at is in Unix milliseconds. It is the
// last statement of a transaction, so that others wait for the counter as
// shortly as can be.
func recordChange(ctx context.Context, tx *sql.Tx, kind, subject string, at int64) error {
	seq, err := nextValue(ctx, tx, changeCounter)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO change (seq, kind, subject, changed_at) VALUES ($1, $2, $3, $4)`,
		seq, kind, subject, at)
	if err != nil {
		return fmt.Errorf("write to the change feed: %w", err)
	}
	return nil
}

// Changes returns the rows of the feed behind after, oldest first, at most
// limit; ErrChangesGone when some between were deleted already.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]Change, error) {
	var list []Change
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, func(row scanner) (Change, error) {
			var c Change
			var at int64
			err := row.Scan(&c.Seq, &c.Kind, &c.Subject, &at)
			c.At = instant(at)
			return c, err
		}, `SELECT seq, kind, subject, changed_at FROM change WHERE seq > $1 ORDER BY seq LIMIT $2`, after, limit)
		if err != nil {
			return err
		}
		for i, c := range list {
			if c.Seq != after+1+int64(i) {
				return ErrChangesGone
			}
		}
		if len(list) > 0 {
			return nil
		}
		last, err := lastChange(ctx, q)
		if err == nil && last != after {
			// The rows behind after were deleted, or another database was put in place.
			return ErrChangesGone
		}
		return err
	})
	if err != nil {
		return nil, wrap("read the change feed", err)
	}
	return list, nil
}

// LastChange returns the number of the newest change, 0 when there was none.
func (s *Store) LastChange(ctx context.Context) (int64, error) {
	var last int64
	err := s.read(ctx, func(q querier) error {
		var err error
		last, err = lastChange(ctx, q)
		return err
	})
	return last, wrap("read the change feed", err)
}

func lastChange(ctx context.Context, q querier) (int64, error) {
	var last int64
	err := q.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = $1`, changeCounter).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return last, err
}
