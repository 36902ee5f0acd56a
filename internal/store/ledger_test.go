package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/billing"
	"parvis/internal/directory"
	"parvis/internal/peers"
)

var october = directory.NewMonth(2026, time.October)

func day(year int, month time.Month, d int) directory.Date { return directory.NewDate(year, month, d) }

// eachLedger runs the conformance of the ledger on both engines.
func eachLedger(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, openMigrated(t, options(Postgres, peers.Postgres(t)))) })
}

// execute runs a statement as a later change of the directory would.
func execute(t *testing.T, s *Store, query string, args ...any) {
	t.Helper()
	err := s.write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.Background(), query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// commune writes an operator with one sector and that many dwellings. Every
// third one is vacant; every fourth changes its tenant on 16 October.
func commune(t testing.TB, s *Store, operator string, dwellings int) {
	t.Helper()
	err := s.writeFor(t.Context(), longTimeout, func(tx *sql.Tx) error {
		run := func(query string, args ...any) error {
			_, err := tx.ExecContext(t.Context(), query, args...)
			return err
		}
		err := errors.Join(
			run(`INSERT INTO plan (id, name, down_kbps, up_kbps, vlan, device_slots, session_seconds, idle_seconds, interim_seconds)
				VALUES ('plan', 'Home', 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING`),
			run(`INSERT INTO operator (id, name, siren) VALUES ($1, $2, '')`, operator, "Operator "+operator),
			run(`INSERT INTO sector (id, operator_id, name) VALUES ($1, $2, 'Harbour')`, operator+"-s", operator),
			run(`INSERT INTO agreement (id, sector_id, form, reference, from_date, until_date) VALUES ($1, $2, 'vote', '', $3, 0)`,
				operator+"-a", operator+"-s", int64(day(2020, 1, 1))),
			run(`INSERT INTO residence (id, sector_id, name, address, ssid, plan_id) VALUES ($1, $2, 'Residence', '', '', 'plan')`, operator+"-r", operator+"-s"),
			insertTariff(t.Context(), tx, billing.Tariff{
				ID: operator + "-t", OperatorID: operator, From: day(2020, 1, 1), Price: 119, VATPerMille: 200, Label: "Internet",
			}, testNow))
		if err != nil {
			return err
		}
		dwelling, err := tx.PrepareContext(t.Context(), `INSERT INTO dwelling (id, residence_id, ref, door, login, password, from_date, until_date)
			VALUES ($1, $2, $3, $4, '', $5, $6, 0)`)
		if err != nil {
			return err
		}
		lease, err := tx.PrepareContext(t.Context(), `INSERT INTO lease (id, dwelling_id, ref, from_date, until_date) VALUES ($1, $2, $3, $4, $5)`)
		if err != nil {
			return err
		}
		move := int64(day(2026, 10, 16))
		for i := range dwellings {
			id := fmt.Sprintf("%s-d%06d", operator, i)
			_, err := dwelling.ExecContext(t.Context(), id, operator+"-r", fmt.Sprintf("%06d", i), "Door "+id, []byte{}, int64(day(2020, 1, 1)))
			if err != nil {
				return err
			}
			if i%3 == 2 {
				continue
			}
			until := int64(0)
			if i%4 == 0 {
				until = move
				if _, err = lease.ExecContext(t.Context(), id+"-l2", id, "B2-"+id, move, int64(0)); err != nil {
					return err
				}
			}
			if _, err = lease.ExecContext(t.Context(), id+"-l1", id, "B1-"+id, int64(day(2022, 1, 1)), until); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// chargingNow is when the tests charge: October and November are over.
var chargingNow = testNow.AddDate(0, 2, 0)

func engine(s *Store) billing.Engine {
	return billing.Engine{Ledger: s, Now: func() time.Time { return chargingNow }}
}

// issueAll takes the month from draft to document.
func issueAll(t *testing.T, e billing.Engine, operator string, m directory.Month) billing.Document {
	t.Helper()
	if _, err := e.Draft(t.Context(), operator, m, "anne"); err != nil {
		t.Fatal("draft: ", err)
	}
	if _, err := e.Approve(t.Context(), operator, m, "bruno"); err != nil {
		t.Fatal("approve: ", err)
	}
	d, err := e.Issue(t.Context(), operator, m, "anne")
	if err != nil {
		t.Fatal("issue: ", err)
	}
	return d
}

// wellIssued fails unless every document verifies and Σ issued of the month is
// what a fresh computation says.
func wellIssued(t *testing.T, s *Store, operator string, m directory.Month) {
	t.Helper()
	v, err := engine(s).Verify(t.Context(), operator)
	if err != nil || !v.OK() || len(v.Pending) > 0 {
		t.Fatalf("verify: %+v, %v", v, err)
	}
	b, err := s.Books(t.Context(), operator, m)
	if err != nil {
		t.Fatal(err)
	}
	target, err := billing.Compute(b.Facts, m)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]directory.Cents{}
	for _, c := range target {
		want[c.DwellingID+"|"+c.LeaseID] += c.Amount
	}
	for _, d := range b.Issued {
		for _, l := range d.Lines {
			want[l.DwellingID+"|"+l.LeaseID] -= l.Amount
		}
	}
	for k, left := range want {
		if left != 0 {
			t.Errorf("%s: computed less issued is %s", k, left)
		}
	}
}

func TestLedgerIssuesAMonthOnce(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		commune(t, s, "o1", 230)
		e := engine(s)
		p, err := e.Preview(t.Context(), "o1", october)
		if err != nil {
			t.Fatal(err)
		}
		if p.Dwellings != 230 || p.Total != 230*119 || p.Run != nil {
			t.Fatalf("preview: %d dwellings, %s €, run %v", p.Dwellings, p.Total, p.Run)
		}
		d := issueAll(t, e, "o1", october)
		if d.Name() != "FA-2026-000001" || d.Kind != billing.Invoice || d.Total != p.Total || len(d.Lines) != len(p.Lines) {
			t.Fatalf("issued %s, %s, %s €, %d lines", d.Name(), d.Kind, d.Total, len(d.Lines))
		}
		list, err := s.Documents(t.Context(), "o1", 0)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d documents, %v", len(list), err)
		}
		if err := list[0].Check(); err != nil {
			t.Fatalf("read back: %v", err)
		}
		if !slices.Equal(list[0].Lines, d.Lines) {
			t.Fatal("the lines read back are not those issued")
		}
		for _, step := range []func(context.Context, string, directory.Month, string) error{
			func(ctx context.Context, o string, m directory.Month, by string) error {
				_, err := e.Draft(ctx, o, m, by)
				return err
			},
			func(ctx context.Context, o string, m directory.Month, by string) error {
				_, err := e.Approve(ctx, o, m, by)
				return err
			},
			func(ctx context.Context, o string, m directory.Month, by string) error {
				_, err := e.Issue(ctx, o, m, by)
				return err
			},
		} {
			if err := step(t.Context(), "o1", october, "carla"); !errors.Is(err, billing.ErrNothing) {
				t.Errorf("again: %v, want ErrNothing", err)
			}
		}
		wellIssued(t, s, "o1", october)
		p, err = e.Preview(t.Context(), "o1", october)
		if err != nil || !p.Nothing() || p.Run == nil || p.Run.State != billing.Issued || p.Run.DocumentID != d.ID || p.IssuedTotal != d.Total {
			t.Errorf("preview afterwards: %+v, %v", p, err)
		}
	})
}

func TestLedgerIssuesTheDifferenceOfALateChange(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		commune(t, s, "o1", 30)
		e := engine(s)
		issueAll(t, e, "o1", october)

		// The tenant of dwelling 0 stayed five days longer: nothing but a shift.
		execute(t, s, `UPDATE lease SET until_date = $1 WHERE id = 'o1-d000000-l1'`, int64(day(2026, 10, 21)))
		execute(t, s, `UPDATE lease SET from_date = $1 WHERE id = 'o1-d000000-l2'`, int64(day(2026, 10, 21)))
		d := issueAll(t, e, "o1", october)
		if d.Total != 0 || d.Kind != billing.Invoice || len(d.Lines) != 2 || d.VAT != 0 || d.Number != 2 {
			t.Errorf("a shift: %+v", d)
		}
		wellIssued(t, s, "o1", october)

		// A lease that was a mistake, and a dwelling sold in mid-month.
		execute(t, s, `DELETE FROM lease WHERE id = 'o1-d000001-l1'`)
		execute(t, s, `UPDATE dwelling SET until_date = $1 WHERE id = 'o1-d000003'`, int64(day(2026, 10, 11)))
		d = issueAll(t, e, "o1", october)
		if d.Kind != billing.CreditNote || d.Total >= 0 || d.Number != 3 {
			t.Errorf("a credit: %s %s €", d.Kind, d.Total)
		}
		wellIssued(t, s, "o1", october)

		// The price was wrong: the same date again, added later.
		err := s.AddTariff(t.Context(), billing.Tariff{
			ID: "o1-t-better", OperatorID: "o1", From: day(2020, 1, 1), Price: 124, VATPerMille: 200, Label: "Internet",
		})
		if err != nil {
			t.Fatal(err)
		}
		// Added at the same instant of the test's clock: the greater id is the later one.
		d = issueAll(t, e, "o1", october)
		if d.Kind != billing.Invoice || d.Total <= 0 || !d.Lines[0].Correction {
			t.Errorf("an addition: %s %s €", d.Kind, d.Total)
		}
		wellIssued(t, s, "o1", october)
	})
}

func TestLedgerApprovalDoesNotSurviveAChange(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		commune(t, s, "o1", 4)
		e, ctx := engine(s), t.Context()
		first, err := e.Draft(ctx, "o1", october, billing.Program)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = e.Issue(ctx, "o1", october, "bruno"); !errors.Is(err, billing.ErrNotApproved) {
			t.Errorf("issue of a draft: %v", err)
		}
		if _, err = e.Approve(ctx, "o1", october, "bruno"); err != nil {
			t.Fatal(err)
		}
		kept, err := e.Draft(ctx, "o1", october, "anne")
		if err != nil || kept.ID != first.ID || kept.State != billing.Approved {
			t.Errorf("the same draft again: %+v, %v", kept, err)
		}
		execute(t, s, `UPDATE lease SET until_date = $1 WHERE id = 'o1-d000001-l1'`, int64(day(2026, 10, 5)))
		if _, err = e.Issue(ctx, "o1", october, "anne"); !errors.Is(err, billing.ErrChanged) {
			t.Errorf("issue after a change: %v", err)
		}
		p, err := e.Preview(ctx, "o1", october)
		if err != nil || !p.Stale {
			t.Errorf("the preview does not say that the run is stale: %v", err)
		}
		second, err := e.Draft(ctx, "o1", october, billing.Program)
		if err != nil || second.ID == first.ID || second.State != billing.Draft || second.ApprovedBy != "" {
			t.Errorf("draft after a change: %+v, %v", second, err)
		}
		if _, err = e.Approve(ctx, "o1", october, "bruno"); err != nil {
			t.Fatal(err)
		}
		if _, err = e.Issue(ctx, "o1", october, "Bruno"); !errors.Is(err, billing.ErrSamePerson) {
			t.Errorf("one person behind a draft of the program: %v", err)
		}
		d, err := e.Issue(ctx, "o1", october, "anne")
		if err != nil || d.Number != 1 {
			t.Errorf("issue: %s, %v", d.Name(), err)
		}
	})
}

func TestLedgerConcurrentIssue(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		const operators, each = 3, 8
		e := engine(s)
		for o := range operators {
			name := fmt.Sprintf("o%d", o)
			commune(t, s, name, 50)
			if _, err := e.Draft(t.Context(), name, october, "anne"); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Approve(t.Context(), name, october, "bruno"); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := map[string]int{}
		for o := range operators {
			for range each {
				wg.Go(func() {
					name := fmt.Sprintf("o%d", o)
					_, err := e.Issue(t.Context(), name, october, "carla")
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won[name]++
					} else if !errors.Is(err, billing.ErrNothing) {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
		}
		wg.Wait()
		for o := range operators {
			name := fmt.Sprintf("o%d", o)
			if won[name] != 1 {
				t.Errorf("%s was issued %d times", name, won[name])
			}
			wellIssued(t, s, name, october)
		}
		links, err := s.Links(t.Context())
		if err != nil || len(links) != operators || links[operators-1].Number != operators {
			t.Errorf("links: %+v, %v", links, err)
		}
	})
}

func TestLedgerFailedIssueLeavesNothing(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		commune(t, s, "o1", 5)
		e, ctx := engine(s), t.Context()
		if _, err := e.Draft(ctx, "o1", october, "anne"); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Approve(ctx, "o1", october, "bruno"); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("the power went")
		_, err := s.Issue(ctx, "o1", october, func(billing.Books) (billing.Document, error) { return billing.Document{}, broken })
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		// A document that contradicts itself is refused after its number was taken.
		_, err = s.Issue(ctx, "o1", october, func(b billing.Books) (billing.Document, error) {
			return billing.Document{ID: "x", OperatorID: "o1", Month: october, Kind: billing.Invoice, Series: "2026", Total: 5, Net: 5}, nil
		})
		if err == nil {
			t.Fatal("a document without its lines was issued")
		}
		links, err := s.Links(ctx)
		if err != nil || len(links) != 0 {
			t.Fatalf("left behind: %v, %v", links, err)
		}
		d, err := e.Issue(ctx, "o1", october, "anne")
		if err != nil || d.Number != 1 {
			t.Fatalf("the number after failures is %d, %v", d.Number, err)
		}
		// A clock that was set back does not make a document dated before the last one.
		commune(t, s, "o2", 1)
		late := billing.Engine{Ledger: s, Now: func() time.Time { return chargingNow.AddDate(0, 0, -1) }}
		if _, err = late.Draft(ctx, "o2", october, "anne"); err != nil {
			t.Fatal(err)
		}
		if _, err = late.Approve(ctx, "o2", october, "bruno"); err != nil {
			t.Fatal(err)
		}
		if _, err = late.Issue(ctx, "o2", october, "anne"); !errors.Is(err, billing.ErrClock) {
			t.Errorf("issue with a clock set back: %v", err)
		}
		if d, err = e.Issue(ctx, "o2", october, "anne"); err != nil || d.Number != 2 {
			t.Errorf("number %d, %v", d.Number, err)
		}
	})
}

func TestLedgerIsImmutable(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		commune(t, s, "o1", 3)
		issueAll(t, engine(s), "o1", october)
		statements := []string{`INSERT INTO run (id, operator_id, month, state, input_hash, total_cents, lines, drafted_by, drafted_at, approved_by, approved_at)
			SELECT 'same', operator_id, month, 'approved', 'h', 0, 0, 'anne', 1, 'anne', 1 FROM run`}
		for table, column := range map[string]string{"tariff": "label", "document": "operator_name", "document_line": "door", "posting": "account"} {
			statements = append(statements, "UPDATE "+table+" SET "+column+" = "+column, "DELETE FROM "+table)
		}
		if s.postgres {
			statements = append(statements, "TRUNCATE posting")
		}
		for _, query := range statements {
			_, err := s.writer.ExecContext(t.Context(), query)
			if err == nil {
				t.Errorf("%s: accepted", query)
			}
		}
		wellIssued(t, s, "o1", october)
	})
}

func TestLedgerVerifyFindsTampering(t *testing.T) {
	tampered := []struct{ name, query, want string }{
		{"a line", `UPDATE document_line SET amount_cents = amount_cents + 1 WHERE position = 1`, "lines add up"},
		{"a door", `UPDATE document_line SET door = 'elsewhere' WHERE position = 2`, "does not match its hash"},
		{"a posting", `UPDATE posting SET amount_cents = amount_cents + 1 WHERE account = 'revenue:access'`, "out of balance"},
		{"a total", `UPDATE document SET total_cents = total_cents + 1, net_cents = net_cents + 1 WHERE number = 1`, "receivable"},
		{"a number", `UPDATE document SET number = 7 WHERE number = 2`, "a number is missing"},
		{"a hash", `UPDATE document SET hash = 'made up' WHERE number = 1`, "does not follow"},
		{"a date", `UPDATE document SET issued_date = issued_date + 40 WHERE number = 1`, "before the document ahead"},
	}
	for _, c := range tampered {
		t.Run(c.name, func(t *testing.T) {
			s := openSQLite(t)
			commune(t, s, "o1", 4)
			e := engine(s)
			issueAll(t, e, "o1", october)
			issueAll(t, e, "o1", october+1)
			// Somebody with the file and a tool of their own.
			for _, table := range []string{"document", "document_line", "posting"} {
				execute(t, s, `DROP TRIGGER `+table+`_no_update`)
			}
			execute(t, s, c.query)
			v, err := e.Verify(t.Context(), "o1")
			if err != nil || v.OK() || !strings.Contains(strings.Join(v.Broken, "\n"), c.want) {
				t.Errorf("found %q, %v; want %q", v.Broken, err, c.want)
			}
		})
	}
}

func TestLedgerVerifySaysWhatWouldChange(t *testing.T) {
	s := openSQLite(t)
	commune(t, s, "o1", 4)
	issueAll(t, engine(s), "o1", october)
	execute(t, s, `UPDATE dwelling SET until_date = $1 WHERE id = 'o1-d000001'`, int64(day(2026, 10, 11)))
	v, err := engine(s).Verify(t.Context(), "o1")
	if err != nil || !v.OK() || len(v.Pending) != 1 || !strings.Contains(v.Pending[0], "2026-10 would change by -0.81 €") {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAddTariff(t *testing.T) {
	eachLedger(t, func(t *testing.T, s *Store) {
		commune(t, s, "o1", 1)
		commune(t, s, "o2", 1)
		good := billing.Tariff{ID: "new", OperatorID: "o1", SectorID: "o1-s", From: day(2027, 1, 1), Price: 130, VATPerMille: 200, Label: "Internet"}
		for range 2 {
			if err := s.AddTariff(t.Context(), good); err != nil {
				t.Fatal(err)
			}
		}
		other, foreign, unlabelled := good, good, good
		other.Price = 131
		foreign.ID, foreign.SectorID = "foreign", "o2-s"
		unlabelled.ID, unlabelled.Label = "unlabelled", ""
		for _, bad := range []billing.Tariff{other, foreign, unlabelled} {
			if s.AddTariff(t.Context(), bad) == nil {
				t.Errorf("accepted: %+v", bad)
			}
		}
		if _, err := s.Books(t.Context(), "nobody", october); !errors.Is(err, billing.ErrNoOperator) {
			t.Errorf("an unknown operator: %v", err)
		}
	})
}
