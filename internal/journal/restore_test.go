package journal

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"parvis/internal/accounting"
)

// strict is a store as it is: it takes each (node, Seq) once, and drops what is
// not beyond the last one.
type strict struct {
	offsets map[string]int64
	taken   map[string]int // by Acct-Session-Id
}

func (s *strict) applied(node string) (int64, error) { return s.offsets[node], nil }

func (s *strict) apply(_ context.Context, node string, batch []accounting.Record) error {
	for _, r := range batch {
		if r.Seq > s.offsets[node] {
			s.offsets[node] = r.Seq
			s.taken[r.Event.AcctSessionID]++
		}
	}
	return nil
}

func (s *strict) drain(t *testing.T, j *Journal) {
	t.Helper()
	for {
		n, err := j.DrainOnce(t.Context(), s.apply)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// A journal that comes back from a backup, or that a second node was made from,
// must not give the store numbers that it has seen.
func TestOldCopyLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	store := &strict{offsets: map[string]int64{}, taken: map[string]int{}}
	reopen := func() *Journal { return open(t, Options{Path: path, Applied: store.applied}) }
	closed := func(j *Journal) {
		t.Helper()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}

	j := reopen()
	mustAppend(t, j, 0, 10)
	store.drain(t, j)
	mustAppend(t, j, 10, 13) // wait in the copy
	closed(j)
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	j = reopen()
	name := j.Node()
	store.drain(t, j)
	mustAppend(t, j, 13, 20)
	store.drain(t, j)
	closed(j)

	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	j = reopen()
	if j.Node() == name {
		t.Error("the old copy kept its name")
	}
	mustAppend(t, j, 20, 25)
	store.drain(t, j)
	for i := range 25 {
		if n := store.taken[event(i).AcctSessionID]; n == 0 {
			t.Errorf("record %d is lost", i)
		}
	}
	if j.Len() != 0 {
		t.Errorf("%d records are left", j.Len())
	}
	name = j.Node()
	closed(j)
	if j = reopen(); j.Node() != name {
		t.Error("a journal that is not behind changed its name")
	}
}
