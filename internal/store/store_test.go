package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// testNow is the clock of all tests: not zero, not a round day.
var testNow = time.Date(2026, 10, 14, 9, 30, 0, 0, time.UTC)

var testKey = [32]byte{1, 2, 3}

func options(engine, where string) Options {
	return Options{
		Engine: engine, Path: where, URL: where, SealKey: testKey,
		Now: func() time.Time { return testNow },
	}
}

// openSQLite returns a migrated store in a file of its own.
func openSQLite(t *testing.T) *Store {
	return openMigrated(t, options(SQLite, filepath.Join(t.TempDir(), "parvis.db")))
}

func openMigrated(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	err = s.Migrate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The path is data, not a part of the DSN; and only its owner reads the file.
func TestSQLiteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory&x#%41.db")
	s := openMigrated(t, options(SQLite, path))
	must(t, s.Import(t.Context(), sample()))
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(path + suffix)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", suffix, info.Mode())
		}
	}
	_, err := Open(context.Background(), options(SQLite, filepath.Join(t.TempDir(), "missing", "parvis.db")))
	if err == nil {
		t.Error("a file in a directory that does not exist was opened")
	}
	_, err = Open(context.Background(), options("oracle", path))
	if err == nil {
		t.Error("an engine that does not exist was opened")
	}
}
