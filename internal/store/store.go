package store

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options says where the data is.
type Options struct {
	Engine  string   // SQLite or Postgres
	Path    string   // of the SQLite file; its directory must exist
	URL     string   // of the PostgreSQL database: postgres://user:password@host/name
	SealKey [32]byte // seals the secrets in the database
	Now     func() time.Time
	Log     *slog.Logger
}

// Store is the one place that is durable. It is safe for concurrent use.
type Store struct {
	postgres bool
	// On SQLite two pools on one file: a read sees the state before an open
	// write without waiting for it. On PostgreSQL both are the same pool.
	writer, reader *sql.DB
	aead           cipher.AEAD
	now            func() time.Time
	log            *slog.Logger
	ready          atomic.Bool // the schema is the one that this program knows
}

// Open connects. On a database that Migrate has not brought to this program's
// schema every other method fails with ErrNotMigrated; a newer schema and a
// wrong seal key are refused here.
func Open(ctx context.Context, o Options) (*Store, error) {
	aead, err := newSealer(o.SealKey)
	if err != nil {
		return nil, err
	}
	s := &Store{postgres: o.Engine == Postgres, aead: aead, now: o.Now, log: o.Log}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	switch o.Engine {
	case SQLite:
		err = s.openSQLite(ctx, o.Path)
	case Postgres:
		err = s.openPostgres(ctx, o.URL)
	default:
		err = fmt.Errorf("%q is not a database engine: use %s or %s", o.Engine, SQLite, Postgres)
	}
	if err != nil {
		return nil, err
	}
	err = s.Check(ctx)
	if err != nil && !errors.Is(err, ErrNotMigrated) {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// sqlitePragmas stand in the DSN, so that every pooled connection has them.
// busy_timeout comes first: switching to WAL may itself have to wait for
// another process. synchronous is FULL because money is in it.
const sqlitePragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"

func (s *Store) openSQLite(ctx context.Context, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find the database file %s: %w", path, err)
	}
	// Personal data is in it: nobody else may read it, whatever the umask. SQLite
	// gives its side files the mode of the main file.
	made, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	err = made.Close()
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	file := (&url.URL{Scheme: "file", Path: abs}).String()
	s.writer, err = sql.Open("sqlite", file+"?"+sqlitePragmas+"&_txlock=immediate")
	if err != nil {
		return fmt.Errorf("open the database %s: %w", path, err)
	}
	s.writer.SetMaxOpenConns(1)
	err = s.writer.PingContext(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("open the database %s: %w", path, err), s.writer.Close())
	}
	s.reader, err = sql.Open("sqlite", file+"?"+sqlitePragmas+"&_query_only=1")
	if err != nil {
		return errors.Join(fmt.Errorf("open the database %s: %w", path, err), s.writer.Close())
	}
	s.reader.SetMaxOpenConns(8)
	return nil
}

func (s *Store) openPostgres(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// pgx's own text may quote the password of the URL.
		return errors.New("the PostgreSQL URL cannot be read: write postgres://user:password@host:5432/database")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(16)
	db.SetConnMaxIdleTime(5 * time.Minute)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = db.PingContext(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("connect to PostgreSQL at %s:%d: %w", config.Host, config.Port, err), db.Close())
	}
	s.writer, s.reader = db, db
	return nil
}

// Close ends all connections.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}
