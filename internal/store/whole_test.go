package store

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/billing"
	"parvis/internal/directory"
	"parvis/internal/peers"
)

func TestWhole(t *testing.T) {
	for engine, where := range map[string]func(*testing.T) string{
		SQLite:   func(t *testing.T) string { return filepath.Join(t.TempDir(), "parvis.db") },
		Postgres: func(t *testing.T) string { return peers.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			s := openMigrated(t, options(engine, where(t)))
			empty, err := s.Whole(t.Context())
			must(t, err)
			if d := cmp.Diff(Commune{}, empty); d != "" {
				t.Errorf("an empty database holds (-want +got):\n%s", d)
			}
			want := sample()
			want.Tariffs = []billing.Tariff{{
				ID: "tariff-1", OperatorID: "op-1", SectorID: "sector-1", From: directory.NewDate(2025, time.January, 1),
				Price: 119, VATPerMille: 200, Label: "Internet", Reference: "D 7",
			}}
			must(t, s.Import(t.Context(), want))
			want.Users, want.Tariffs[0].AddedAt = nil, testNow
			got, err := s.Whole(t.Context())
			must(t, err)
			secret := cmp.Comparer(func(a, b directory.Secret) bool { return a.Reveal() == b.Reveal() })
			prefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
			if d := cmp.Diff(want, got, secret, prefix); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			// What was read is what can be written: nothing changes by it.
			must(t, s.Import(t.Context(), got))
			again, err := s.Whole(t.Context())
			must(t, err)
			if d := cmp.Diff(got, again, secret, prefix); d != "" {
				t.Errorf("written back (-want +got):\n%s", d)
			}
		})
	}
}
