package store

import (
	"maps"
	"slices"
	"testing"
)

// testEveryTableEnds lists every table with when its rows go, so that a new one
// with personal data cannot be forgotten by DeleteExpired.
func testEveryTableEnds(t *testing.T, s *Store) {
	const (
		byRetention = "DeleteExpired" // has personal data and a date
		directory   = "with what it describes"
		accounts    = "never: Code de commerce art. L123-22, and no name is in it"
		technical   = "never: nobody is in it"
	)
	want := map[string]string{
		"device": byRetention, "consent": byRetention, "session": byRetention, "console_login": byRetention,
		"audit": byRetention, "intent": byRetention, "change": byRetention,

		"plan": directory, "zone": directory, "nas": directory, "operator": directory, "sector": directory,
		"agreement": directory, "residence": directory, "access_point": directory, "dwelling": directory,
		"lease": directory, "card": directory, "outlet": directory, "console_user": directory,

		"tariff": accounts, "document": accounts, "document_line": accounts, "posting": accounts, "run": accounts,

		"usage": technical, "journal_offset": technical, "counter": technical, "setting": technical, "migration": technical,
	}
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if s.postgres {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))`
	}
	var got []string
	err := s.read(t.Context(), func(q querier) (err error) {
		got, err = collect(t.Context(), q, func(row scanner) (name string, err error) {
			err = row.Scan(&name)
			return name, err
		}, query)
		return err
	})
	must(t, err)
	slices.Sort(got)
	if all := slices.Sorted(maps.Keys(want)); !slices.Equal(got, all) {
		t.Errorf("the tables are\n%v\nand those with a word on their end\n%v", got, all)
	}
}
