package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/directory"
)

// openRaw connects without migrating.
func openRaw(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// exec runs a script outside of every rule of the store.
func exec(t *testing.T, s *Store, script string) {
	t.Helper()
	conn, err := s.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	err = s.execScript(t.Context(), conn, tx, script)
	if err != nil {
		t.Fatal(err)
	}
	err = tx.Commit()
	if err != nil {
		t.Fatal(err)
	}
}

// The first schema is frozen in testdata, with a row of every table: a database
// of the first release comes through all migrations with its content.
func testFrozenSchema(t *testing.T, o Options) {
	frozen := fstest.MapFS{}
	for from, to := range map[string]string{"first_schema.sql": "migrations/0001_first.sql"} {
		text, err := os.ReadFile("testdata/" + from)
		if err != nil {
			t.Fatal(err)
		}
		frozen[to] = &fstest.MapFile{Data: text}
	}
	first, err := migrations(frozen, o.Engine)
	if err != nil {
		t.Fatal(err)
	}
	all, err := migrations(migrationFiles, o.Engine)
	if err != nil {
		t.Fatal(err)
	}
	if first[0].sum != all[0].sum {
		t.Fatal("migrations/0001_first.sql was changed: append a migration instead")
	}
	s := openRaw(t, o)
	err = s.migrate(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile("testdata/first_rows.sql")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, s, string(rows))
	err = s.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Plans) != 1 || len(c.Zones) != 1 || len(c.NASes) != 1 || len(c.AccessPoints) != 1 || len(c.Residences) != 1 || len(c.Dwellings) != 1 || len(c.Cards) != 1 {
		t.Errorf("the catalog of the first release came out as %+v", c)
	}
	d, ok, err := s.Device(t.Context(), directory.MAC{2, 0xaa, 0xbb, 0xcc, 0xdd, 1}, "2026-1")
	if err != nil || !ok || !d.Until.Equal(time.UnixMilli(1800000000000)) {
		t.Errorf("device of the first release: %+v, %v, %v", d, ok, err)
	}
	u, ok, err := s.UserByName(t.Context(), "bailleur")
	if err != nil || !ok || u.OperatorID != "operator-1" {
		t.Errorf("user of the first release: %+v, %v, %v", u, ok, err)
	}
	last, err := s.LastChange(t.Context())
	if err != nil || last != 41 {
		t.Errorf("last change of the first release: %d, %v, want 41", last, err)
	}
}

func testNotMigrated(t *testing.T, o Options) {
	s := openRaw(t, o)
	have, want, err := s.Version(t.Context())
	if err != nil || have != 0 || want < 1 {
		t.Errorf("version of an empty database: %d of %d, %v", have, want, err)
	}
	_, err = s.Catalog(t.Context())
	if !errors.Is(err, ErrNotMigrated) {
		t.Errorf("read: got %v, want ErrNotMigrated", err)
	}
	err = s.PutPlan(t.Context(), directory.Plan{Name: "x", ID: "p"})
	if !errors.Is(err, ErrNotMigrated) {
		t.Errorf("write: got %v, want ErrNotMigrated", err)
	}
	err = s.Check(t.Context())
	if !errors.Is(err, ErrNotMigrated) {
		t.Errorf("check: got %v, want ErrNotMigrated", err)
	}
}

func testNewerRefused(t *testing.T, o Options) {
	s := openMigrated(t, o)
	exec(t, s, `INSERT INTO migration (version, name, sha256, applied_at) VALUES (9999, '9999_later', '', 1)`)
	_, err := Open(context.Background(), o)
	if !errors.Is(err, ErrNewer) || strings.Contains(err.Error(), "\n") {
		t.Errorf("open: got %v, want ErrNewer in one line", err)
	}
	err = s.Migrate(t.Context())
	if !errors.Is(err, ErrNewer) {
		t.Errorf("migrate: got %v, want ErrNewer", err)
	}
}

func testAlteredRefused(t *testing.T, o Options) {
	s := openMigrated(t, o)
	exec(t, s, `UPDATE migration SET sha256 = 'other' WHERE version = 1`)
	_, err := Open(context.Background(), o)
	if err == nil || !strings.Contains(err.Error(), "0001_first") {
		t.Errorf("open: got %v, want an error that names the migration", err)
	}
}

func testMigrateRace(t *testing.T, o Options) {
	var group sync.WaitGroup
	for range 4 {
		s := openRaw(t, o)
		group.Go(func() {
			err := s.Migrate(context.Background())
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestMigrationsOfAnEngine(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	files := fstest.MapFS{
		"migrations/0001_a.sql":          file("a"),
		"migrations/0002_b.sqlite.sql":   file("b lite"),
		"migrations/0002_b.postgres.sql": file("b post"),
		"migrations/0003_c.sql":          file("c"),
		"migrations/0003_c.postgres.sql": file("c post"),
	}
	for engine, want := range map[string][]string{
		SQLite:   {"a\n", "b lite\n", "c\n"},
		Postgres: {"a\n", "b post\n", "c\nc post\n"},
	} {
		list, err := migrations(files, engine)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			got = append(got, m.text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", engine, diff)
		}
	}
	for name, broken := range map[string]fs.FS{
		"a gap":        fstest.MapFS{"migrations/0001_a.sql": file(""), "migrations/0003_b.sql": file("")},
		"one twice":    fstest.MapFS{"migrations/0001_a.sql": file(""), "migrations/0001_b.sql": file("")},
		"not a number": fstest.MapFS{"migrations/first.sql": file("")},
	} {
		_, err := migrations(broken, SQLite)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
