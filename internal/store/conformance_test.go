package store

import (
	"path/filepath"
	"testing"

	"parvis/internal/peers"
)

func TestSQLite(t *testing.T) {
	runConformance(t, func(t *testing.T) Options {
		return options(SQLite, filepath.Join(t.TempDir(), "parvis.db"))
	})
}

func TestPostgres(t *testing.T) {
	runConformance(t, func(t *testing.T) Options { return options(Postgres, peers.Postgres(t)) })
}

// runConformance holds one engine to what both promise. fresh gives an empty
// database that may be opened more than once.
func runConformance(t *testing.T, fresh func(t *testing.T) Options) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, o Options)
	}{
		{"migration from the frozen first schema", testFrozenSchema},
		{"work is refused before the migration", testNotMigrated},
		{"a newer schema is refused", testNewerRefused},
		{"an altered migration is refused", testAlteredRefused},
		{"nodes that migrate at once", testMigrateRace},
		{"a wrong seal key is refused", testWrongKey},
		{"no secret in the database", testNoPlaintext},
		{"a sealed value stays in its row", testSealedInPlace},
		{"two programs on one database", testTwoPrograms},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *Store)
	}{
		{"every noun by itself", testPutNouns},
		{"every noun by import", testImport},
		{"a failed import leaves nothing", testImportAllOrNothing},
		{"what contradicts is refused", testRefusedNouns},
		{"an empty secret keeps the old one", testSecretKept},
		{"leases that overlap", testLeaseOverlap},
		{"devices", testDevices},
		{"the change feed under concurrent writers", testFeedConcurrent},
		{"a feed that was cut", testFeedGone},
		{"console users and logins", testUsers},
		{"changing a console user", testChangeUser},
		{"residences of a day", testResidences},
		{"operators never meet", testOperatorIsolation},
		{"accounting takes effect once", testApplyOnce},
		{"accounting by two nodes at once", testApplyConcurrent},
		{"counters that no network reaches", testApplySaturates},
		{"open sessions by filter", testOpenSessions},
		{"silent sessions", testExpireSessions},
		{"what is wanted of sessions", testIntents},
		{"what is wanted, with its audit entry", testIntentWithAudit},
		{"what is wanted, by several nodes", testIntentsRace},
		{"retention", testRetention},
		{"an end for every table", testEveryTableEnds},
		{"deadlines", testDeadline},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, openMigrated(t, fresh(t))) })
	}
}
