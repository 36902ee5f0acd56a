package store

import (
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/directory"
	"parvis/internal/peers"
)

func TestNASLife(t *testing.T) {
	for engine, fresh := range map[string]func(t *testing.T) Options{
		SQLite:   func(t *testing.T) Options { return options(SQLite, filepath.Join(t.TempDir(), "parvis.db")) },
		Postgres: func(t *testing.T) Options { return options(Postgres, peers.Postgres(t)) },
	} {
		t.Run(engine, func(t *testing.T) { testNASLife(t, openMigrated(t, fresh(t))) })
	}
}

func testNASLife(t *testing.T, s *Store) {
	c := sample()
	must(t, s.Import(t.Context(), c))
	before, err := s.LastChange(t.Context())
	must(t, err)

	for _, step := range []struct {
		name, id string
		want     bool
	}{{"auto", "nas-3", true}, {"twice", "nas-3", false}, {"no", "nas-1", false}, {"nobody", "nas-9", false}} {
		ok, err := s.LatchSignature(t.Context(), step.id)
		if err != nil || ok != step.want {
			t.Errorf("latch %s: %v, %v, want %v", step.name, ok, err, step.want)
		}
	}
	c.NASes[2].Signature = directory.SignatureYes

	later := testNow.Add(time.Minute)
	for _, at := range []time.Time{later, testNow.Add(-time.Hour)} { // the clock of another node is behind
		must(t, s.UsedOldSecret(t.Context(), "nas-1", at))
	}
	must(t, s.UsedOldSecret(t.Context(), "nas-2", later)) // has none
	c.NASes[0].OldSecretUsed = later
	wantCatalog(t, s, c)
	uses, err := s.OldSecretUses(t.Context())
	must(t, err)
	if len(uses) != 1 || !uses["nas-1"].Equal(later) {
		t.Errorf("old secrets were used at %v", uses)
	}

	for _, want := range []bool{true, false} {
		ok, err := s.RemoveNAS(t.Context(), "nas-2")
		if err != nil || ok != want {
			t.Errorf("remove: %v, %v, want %v", ok, err, want)
		}
	}
	_, err = s.RemoveNAS(t.Context(), "nas-1")
	must(t, err)
	c.NASes, c.Outlets, c.AccessPoints[0].NASID = c.NASes[2:], nil, ""
	wantCatalog(t, s, c)
	after, err := s.LastChange(t.Context())
	must(t, err)
	if after-before != 3 {
		t.Errorf("%d changes, want 3: the latch and two removals", after-before)
	}
}
