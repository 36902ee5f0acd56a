package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

const (
	callTimeout = 5 * time.Second
	// longTimeout is for what touches every row: Catalog, EachDevice, Import.
	longTimeout = 5 * time.Minute

	retryAttempts = 12
	retryFirst    = 2 * time.Millisecond
	retryMost     = 250 * time.Millisecond
)

// querier is what a read needs; a transaction is one.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// read runs q on one consistent state of the database.
func (s *Store) read(ctx context.Context, q func(querier) error) error {
	return s.readFor(ctx, callTimeout, q)
}

func (s *Store) readFor(ctx context.Context, most time.Duration, q func(querier) error) error {
	if !s.ready.Load() {
		return ErrNotMigrated
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	options := &sql.TxOptions{ReadOnly: true}
	if s.postgres {
		options.Isolation = sql.LevelRepeatableRead // all statements see the same state
	}
	tx, err := s.reader.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer tx.Rollback()
	return q(tx)
}

// write runs change in a transaction that no other write of this kind runs
// beside: what it reads stays true until it commits, on both engines. change
// may run more than once; it must not keep anything from a run that failed.
func (s *Store) write(ctx context.Context, change func(tx *sql.Tx) error) error {
	return s.writeFor(ctx, callTimeout, change)
}

func (s *Store) writeFor(ctx context.Context, most time.Duration, change func(tx *sql.Tx) error) error {
	return s.transact(ctx, most, sql.LevelDefault, func(tx *sql.Tx) error {
		if s.postgres {
			// SQLite has one writer at a time by itself. PostgreSQL is told so with a
			// lock on a table that is never vacuumed in earnest; readers pass.
			_, err := tx.ExecContext(ctx, "LOCK TABLE setting IN EXCLUSIVE MODE")
			if err != nil {
				return fmt.Errorf("wait for other writers: %w", err)
			}
		}
		return change(tx)
	})
}

// writeBeside is write for sessions: it does not wait for the writers of the
// directory. On PostgreSQL it is serializable, and retried on a conflict.
func (s *Store) writeBeside(ctx context.Context, most time.Duration, change func(tx *sql.Tx) error) error {
	return s.transact(ctx, most, sql.LevelSerializable, change)
}

func (s *Store) transact(ctx context.Context, most time.Duration, level sql.IsolationLevel, change func(tx *sql.Tx) error) error {
	if !s.ready.Load() {
		return ErrNotMigrated
	}
	if !s.postgres {
		level = sql.LevelDefault // SQLite is serializable by nature
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	wait := retryFirst
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, level, change)
		if err == nil || !retryable(err) || attempt == retryAttempts {
			return err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		case <-timer.C:
		}
		wait = min(2*wait, retryMost)
	}
}

func (s *Store) once(ctx context.Context, level sql.IsolationLevel, change func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer tx.Rollback()
	err = change(tx)
	if err != nil {
		return err
	}
	err = tx.Commit()
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// retryable reports whether nothing happened and the same transaction may
// succeed when run again.
func retryable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	var lite *sqlite.Error
	// SQLITE_BUSY: another process holds the file, longer than busy_timeout.
	return errors.As(err, &lite) && lite.Code()&0xff == 5
}
