package demo

import (
	"path/filepath"
	"testing"
	"time"

	"parvis/billing"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// The real store takes the sample, twice, and gives the same city back.
func TestCommuneIsImported(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, store.Options{
		Engine: store.SQLite, Path: filepath.Join(t.TempDir(), "parvis.db"), SealKey: [32]byte{1},
		Now: func() time.Time { return testNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	err = s.Migrate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sample := Commune(testNow)
	sample.Complete(directory.Key{1}, "$argon2id$hash")
	for range 2 {
		err = s.Import(ctx, sample.Commune)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range sample.Devices {
		err = s.Accept(ctx, directory.Consent{Device: d, Language: "fr"})
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Catalog(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.AccessPoints) != 40 || len(c.Dwellings) != 600 || len(c.NASes) != 7 || len(c.Zones) != 4 || len(c.Cards) != 5 {
		t.Errorf("the store gives %d access points, %d dwellings, %d NASes, %d zones, %d cards",
			len(c.AccessPoints), len(c.Dwellings), len(c.NASes), len(c.Zones), len(c.Cards))
	}
	snapshot, err := directory.NewSnapshot(c)
	if err != nil {
		t.Fatal(err)
	}
	if d := snapshot.DwellingByLogin("logement-0001"); d == nil || !d.Password.Equal(Secret) {
		t.Error("logement-0001 does not come back with its password")
	}
	// A month that is over: what the first two documents of a demo are made of.
	books, err := s.Books(ctx, sample.Operators[0].ID, directory.NewMonth(2026, 10))
	if err != nil {
		t.Fatal(err)
	}
	f := books.Facts
	if len(f.Sectors) != 2 || len(f.Dwellings) != 420 || len(f.Tariffs) == 0 || len(books.Issued) != 0 {
		t.Errorf("October of %s: %d sectors, %d dwellings, %d tariffs, %d issued",
			f.Operator.Name, len(f.Sectors), len(f.Dwellings), len(f.Tariffs), len(books.Issued))
	}
	charges, err := billing.Compute(f, directory.NewMonth(2026, 10))
	if err != nil {
		t.Fatal(err)
	}
	var total directory.Cents
	for _, c := range charges {
		total += c.Amount
	}
	if total != 420*124 { // every dwelling of an agreed sector, let or vacant
		t.Errorf("October comes to %s €", total)
	}
}
