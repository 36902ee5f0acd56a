package store

import (
	"fmt"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

func testResidences(t *testing.T, s *Store) {
	c := sample()
	c.Agreements = append(c.Agreements,
		directory.Agreement{ID: "agreement-2", SectorID: "sector-2", Form: directory.AgreementAccord, Reference: "Accord", Period: period("2026-01-01", "")},
		directory.Agreement{ID: "agreement-3", SectorID: "sector-2", Form: directory.AgreementAccord, Reference: "Accord", Period: period("2025-01-01", "2026-06-01")})
	must(t, s.Import(t.Context(), c))
	for _, w := range []struct {
		residence, on  string
		dwellings, let int
		agreed         bool
		ends           string
	}{
		{"residence-1", "2026-10-14", 2, 1, true, "2027-01-01"},
		{"residence-1", "2026-12-31", 2, 1, true, "2027-01-01"},
		{"residence-1", "2027-01-01", 2, 1, false, ""},
		{"residence-1", "2024-02-29", 2, 0, false, ""},
		{"residence-1", "2019-12-31", 1, 0, false, ""},
		{"residence-1", "2030-01-01", 1, 0, false, ""}, // what has left the stock is not let
		{"residence-2", "2026-03-01", 0, 0, true, ""},
		{"residence-2", "2025-03-01", 0, 0, true, "2026-06-01"},
	} {
		on, err := directory.ParseDate(w.on)
		must(t, err)
		list, err := s.Residences(t.Context(), "", on)
		must(t, err)
		if len(list) != 2 {
			t.Fatalf("%d residences", len(list))
		}
		for _, got := range list {
			if got.Residence.ID != w.residence {
				continue
			}
			if got.Dwellings != w.dwellings || got.Let != w.let || got.Agreed != w.agreed || got.AgreementEnds.String() != w.ends {
				t.Errorf("%s on %s: %+v, want %+v", w.residence, w.on, got, w)
			}
			if got.Operator.ID != got.Sector.OperatorID || got.Sector.ID != got.Residence.SectorID || got.Operator.Name == "" || got.Sector.Name == "" {
				t.Errorf("%s: its operator and sector are %+v, %+v", w.residence, got.Operator, got.Sector)
			}
		}
		dwellings, err := s.Dwellings(t.Context(), "", w.residence, on)
		must(t, err)
		let := 0
		for _, d := range dwellings {
			if d.Lease != nil {
				let++
			}
			if !d.Dwelling.Password.IsZero() {
				t.Error("the console was given a password")
			}
		}
		if len(dwellings) != w.dwellings || let != w.let {
			t.Errorf("%s on %s: %d dwellings, %d let, want %+v", w.residence, w.on, len(dwellings), let, w)
		}
	}
}

// Random operators with random stock: the rows of each are exactly its own.
func testOperatorIsolation(t *testing.T, s *Store) {
	must(t, s.PutPlan(t.Context(), directory.Plan{Name: "x", ID: "plan"}))
	on := directory.NewDate(2026, 10, 14)
	var round atomic.Int64
	rapid.Check(t, func(r *rapid.T) {
		prefix := fmt.Sprintf("r%d-", round.Add(1))
		operators := rapid.IntRange(1, 4).Draw(r, "operators")
		var c Commune
		var records []accounting.Record
		residencesOf, dwellingsOf := map[string]int{}, map[string]map[string]int{}
		for i := range operators {
			op := fmt.Sprintf("%sop%d", prefix, i)
			c.Operators = append(c.Operators, directory.Operator{ID: op, Name: op})
			dwellingsOf[op] = map[string]int{}
			for j := range rapid.IntRange(0, 2).Draw(r, "sectors") {
				sector := fmt.Sprintf("%s-s%d", op, j)
				c.Sectors = append(c.Sectors, directory.Sector{ID: sector, OperatorID: op, Name: sector})
				for k := range rapid.IntRange(0, 2).Draw(r, "residences") {
					residence := fmt.Sprintf("%s-r%d", sector, k)
					c.Residences = append(c.Residences, directory.Residence{ID: residence, SectorID: sector, Name: residence, PlanID: "plan"})
					residencesOf[op]++
					for l := range rapid.IntRange(0, 3).Draw(r, "dwellings") {
						id := fmt.Sprintf("%s-d%d", residence, l)
						c.Dwellings = append(c.Dwellings, directory.Dwelling{ID: id, ResidenceID: residence, Ref: id})
						dwellingsOf[op][residence]++
						records = append(records, accounting.Record{Seq: int64(len(records) + 1), Event: accounting.Event{
							Kind: accounting.Start, At: testNow, NASID: "nas", AcctSessionID: id, DwellingID: id,
						}})
					}
				}
			}
		}
		if err := s.Import(t.Context(), c); err != nil {
			r.Fatal(err)
		}
		if _, err := s.ApplyEvents(t.Context(), prefix+"node", records); err != nil {
			r.Fatal(err)
		}
		for _, o := range c.Operators {
			list, err := s.Residences(t.Context(), o.ID, on)
			if err != nil || len(list) != residencesOf[o.ID] {
				r.Fatalf("operator %s sees %d residences, %v, want %d", o.ID, len(list), err, residencesOf[o.ID])
			}
			for _, v := range list {
				if v.Operator.ID != o.ID || v.Dwellings != dwellingsOf[o.ID][v.Residence.ID] {
					r.Fatalf("operator %s sees %+v", o.ID, v)
				}
			}
			total := 0
			for _, residence := range c.Residences {
				list, err := s.Dwellings(t.Context(), o.ID, residence.ID, on)
				if want := dwellingsOf[o.ID][residence.ID]; err != nil || len(list) != want {
					r.Fatalf("operator %s sees %d dwellings of %s, %v, want %d", o.ID, len(list), residence.ID, err, want)
				}
				total += len(list)
			}
			sessions, err := s.OpenSessions(t.Context(), accounting.Filter{OperatorID: o.ID}, 1000)
			if err != nil || len(sessions) != total {
				r.Fatalf("operator %s sees %d sessions, %v, want %d", o.ID, len(sessions), err, total)
			}
		}
		stranger, err := s.Residences(t.Context(), prefix+"nobody", on)
		if err != nil || len(stranger) != 0 {
			r.Fatalf("an operator that does not exist sees %d residences, %v", len(stranger), err)
		}
	})
}
