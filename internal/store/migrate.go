package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrNotMigrated says that the schema is older than this program's.
var ErrNotMigrated = errors.New("the database is not migrated to this version of parvis: run parvis migrate")

// ErrNewer says that a later version of parvis has migrated the database.
var ErrNewer = errors.New("the database was migrated by a newer version of parvis: run that one")

// migrationLock is the PostgreSQL advisory lock of those who migrate.
const migrationLock = 0x7061727669730001 // "parvis", 1

const createMigration = `
CREATE TABLE IF NOT EXISTS migration (
	version    BIGINT NOT NULL PRIMARY KEY,
	name       TEXT NOT NULL,
	sha256     TEXT NOT NULL,
	applied_at BIGINT NOT NULL
)`

// migration is one step of the schema: NNNN_name.sql for both engines, and
// behind it in the same transaction NNNN_name.sqlite.sql or
// NNNN_name.postgres.sql where the engines cannot share a text.
type migration struct {
	version   int64
	name, sum string
	text      string
}

// migrations reads the steps of one engine in order. They count from 1 without gaps.
func migrations(files fs.FS, engine string) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	texts := map[int64]*migration{}
	slices.SortFunc(names, func(a, b string) int { // NNNN_name.sql before its flavours
		return cmp.Or(cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(a, b))
	})
	for _, path := range names {
		name, flavour, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql"), ".")
		if flavour != "" && flavour != engine {
			continue
		}
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", path, err)
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		m := texts[version]
		if m == nil {
			m = &migration{version: version, name: name}
			texts[version] = m
		}
		if m.name != name {
			return nil, fmt.Errorf("migrations %s and %s have the same number", m.name, name)
		}
		m.text += string(text) + "\n"
	}
	var list []migration
	for v := int64(1); int(v) <= len(texts); v++ {
		m := texts[v]
		if m == nil {
			return nil, fmt.Errorf("there is no migration number %d", v)
		}
		sum := sha256.Sum256([]byte(m.text))
		m.sum = hex.EncodeToString(sum[:])
		list = append(list, *m)
	}
	return list, nil
}

func (s *Store) engine() string {
	if s.postgres {
		return Postgres
	}
	return SQLite
}

// Version returns the schema that the database has and the one that this
// program needs. have is 0 for an empty database.
func (s *Store) Version(ctx context.Context) (have, want int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	steps, err := migrations(migrationFiles, s.engine())
	if err != nil {
		return 0, 0, err
	}
	have, err = s.checkApplied(ctx, s.reader, steps)
	return have, int64(len(steps)), err
}

// Check reports whether this program can work on the database: nil,
// ErrNotMigrated, ErrNewer, a changed migration or a wrong seal key.
func (s *Store) Check(ctx context.Context) error {
	have, want, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if have < want {
		return ErrNotMigrated
	}
	s.ready.Store(true)
	err = s.checkSealKey(ctx)
	if err != nil {
		s.ready.Store(false)
	}
	return err
}

// checkApplied compares what was applied with steps and returns the version.
func (s *Store) checkApplied(ctx context.Context, q querier, steps []migration) (int64, error) {
	there := `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'migration'`
	if s.postgres {
		there = `SELECT COUNT(*) FROM pg_tables WHERE tablename = 'migration' AND schemaname = ANY (current_schemas(false))`
	}
	var n int
	err := q.QueryRowContext(ctx, there).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	var have int64
	err = each(ctx, q, func(row scanner) error {
		var version int64
		var name, sum string
		err := row.Scan(&version, &name, &sum)
		if err != nil {
			return err
		}
		have = max(have, version)
		if version > int64(len(steps)) {
			return fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewer, version, len(steps))
		}
		if step := steps[version-1]; step.sum != sum {
			return fmt.Errorf("migration %s is not the one that was applied to this database: use the released program", step.name)
		}
		return nil
	}, `SELECT version, name, sha256 FROM migration ORDER BY version DESC`)
	return have, wrap("check the schema", err)
}

// Migrate brings the database to this program's schema, each step in a
// transaction of its own. Several nodes may call it at once. Up to five minutes.
func (s *Store) Migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longTimeout)
	defer cancel()
	steps, err := migrations(migrationFiles, s.engine())
	if err != nil {
		return err
	}
	err = s.migrate(ctx, steps)
	if err != nil {
		return err
	}
	return s.Check(ctx)
}

func (s *Store) migrate(ctx context.Context, steps []migration) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to migrate: %w", err)
	}
	defer conn.Close()
	for {
		done, err := s.migrateNext(ctx, conn, steps)
		if done || err != nil {
			return err
		}
	}
}

// migrateNext applies the first step that is missing; done when there is none.
func (s *Store) migrateNext(ctx context.Context, conn *sql.Conn, steps []migration) (done bool, err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin to migrate: %w", err)
	}
	defer tx.Rollback()
	if s.postgres {
		_, err = tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock))
		if err != nil {
			return false, fmt.Errorf("wait for another node that migrates: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, createMigration)
	if err != nil {
		return false, fmt.Errorf("begin to migrate: %w", err)
	}
	have, err := s.checkApplied(ctx, tx, steps)
	if err != nil {
		return false, err
	}
	if have == int64(len(steps)) {
		return true, nil
	}
	step := steps[have]
	err = s.execScript(ctx, conn, tx, step.text)
	if err != nil {
		return false, fmt.Errorf("apply migration %s: %w", step.name, err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO migration (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)`,
		step.version, step.name, step.sum, millis(s.now()))
	if err != nil {
		return false, fmt.Errorf("record migration %s: %w", step.name, err)
	}
	err = tx.Commit()
	if err != nil {
		return false, fmt.Errorf("commit migration %s: %w", step.name, err)
	}
	s.log.InfoContext(ctx, "schema migrated", "version", step.version, "name", step.name)
	return false, nil
}

// execScript runs several statements within tx, which runs on conn.
func (s *Store) execScript(ctx context.Context, conn *sql.Conn, tx *sql.Tx, text string) error {
	if !s.postgres {
		_, err := tx.ExecContext(ctx, text)
		return err
	}
	// Only PostgreSQL's simple protocol takes more than one statement at a time.
	return conn.Raw(func(c any) error {
		_, err := c.(*stdlib.Conn).Conn().PgConn().Exec(ctx, text).ReadAll()
		return err
	})
}
