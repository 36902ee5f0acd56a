package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/peers"
)

// BenchmarkScale is the size that one installation is made for: 100,000
// dwellings, 1,000,000 devices, 1,000,000 closed sessions (a tenth of them on
// PostgreSQL, where a statement is a round trip). Run it with -bench Scale
// -benchtime 1x; each step says its own time.
func BenchmarkScale(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		scale(b, options(SQLite, filepath.Join(b.TempDir(), "parvis.db")), 1_000_000)
	})
	b.Run("postgres", func(b *testing.B) { scale(b, options(Postgres, peers.Postgres(b)), 100_000) })
}

func scale(b *testing.B, o Options, sessions int) {
	ctx := b.Context()
	s, err := Open(ctx, o)
	must(b, err)
	defer s.Close()
	must(b, s.Migrate(ctx))
	step := func(name string, fn func()) {
		begin := time.Now()
		fn()
		b.ReportMetric(time.Since(begin).Seconds(), "s/"+name)
	}
	c := sample()
	for i := range 100_000 {
		id := fmt.Sprintf("scale-%06d", i)
		c.Dwellings = append(c.Dwellings, directory.Dwelling{
			ID: id, ResidenceID: "residence-2", Ref: id, Login: id, Password: directory.NewSecret("parvis-demo-password"),
		})
		c.Leases = append(c.Leases, directory.Lease{ID: id, DwellingID: id, Ref: id, Period: period("2024-01-01", "")})
	}
	step("import", func() { must(b, s.Import(ctx, c)) })
	step("catalog", func() {
		catalog, err := s.Catalog(ctx)
		must(b, err)
		if len(catalog.Dwellings) != len(c.Dwellings) {
			b.Fatalf("%d dwellings", len(catalog.Dwellings))
		}
	})
	must(b, s.writeFor(ctx, longTimeout, func(tx *sql.Tx) error {
		return putAll(ctx, tx, "device", `INSERT INTO device (mac, terms, zone_id, accepted_at, until_at) VALUES ($1, '2026-1', 'zone-1', 1, $2)`,
			make([]int, 1_000_000), deviceNumbers(testNow.Add(time.Hour)))
	}))
	step("devices", func() {
		n := 0
		must(b, s.EachDevice(ctx, testNow, func(directory.Device) error { n++; return nil }))
		if n != 1_000_000 {
			b.Fatalf("%d devices", n)
		}
	})
	const batch = 1000
	step("apply", func() {
		for first := 0; first < sessions; first += batch {
			records := make([]accounting.Record, batch)
			for i := range records {
				records[i] = accounting.Record{Seq: int64(first + i + 1), Event: stopOf(first + i)}
			}
			_, err := s.ApplyEvents(ctx, "node", records)
			must(b, err)
		}
	})
	step("usage", func() {
		usage, err := s.Usage(ctx)
		must(b, err)
		if len(usage) != 1000 {
			b.Fatalf("%d access points", len(usage))
		}
	})
	step("residences", func() {
		_, err := s.Residences(ctx, "op-2", directory.DateOf(testNow))
		must(b, err)
	})
}

func deviceNumbers(until time.Time) func(int) ([]any, error) {
	n := 0
	return func(int) ([]any, error) {
		n++
		return []any{directory.MAC{2, 0, 0, byte(n >> 16), byte(n >> 8), byte(n)}.String(), millis(until)}, nil
	}
}

func stopOf(n int) accounting.Event {
	bytes, seconds := uint64(n), uint32(600)
	return accounting.Event{
		Kind: accounting.Stop, At: testNow.Add(time.Duration(n) * time.Millisecond), Received: testNow,
		NASID: "nas-1", AcctSessionID: fmt.Sprint(n), MAC: directory.MAC{2, 0, 0, byte(n >> 16), byte(n >> 8), byte(n)},
		AccessPointID: fmt.Sprintf("ap-%d", n%1000), ZoneID: "zone-1", In: &bytes, Out: &bytes, Seconds: &seconds,
	}
}
