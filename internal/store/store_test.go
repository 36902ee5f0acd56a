package store

import (
	"context"
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
