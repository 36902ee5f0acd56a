package billing

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parvis/internal/directory"
)

// spell writes charges as "party days amount", to read in a table.
func spell(charges []Charge) string {
	var list []string
	for _, c := range charges {
		party := c.LeaseRef
		if c.Vacant() {
			party = "vacant"
		}
		list = append(list, fmt.Sprintf("%s %d %s", party, c.Days, c.Amount))
	}
	return strings.Join(list, ", ")
}

func TestComputeExamples(t *testing.T) {
	lease := func(id, ref string, from, until directory.Date) directory.Lease {
		return directory.Lease{ID: id, DwellingID: "d", Ref: ref, Period: directory.Period{From: from, Until: until}}
	}
	cases := []struct {
		name   string
		month  directory.Month
		change func(*Facts)
		want   string
	}{
		{"before the vote", directory.NewMonth(2009, 9), nil, ""},
		{"the first month", directory.NewMonth(2009, 10), nil, "b1 31 1.00"},
		{"1 January 2018", directory.NewMonth(2018, 1), nil, "b1 31 1.18"},
		{"the month before a step", directory.NewMonth(2022, 12), nil, "b1 31 1.19"},
		{"after the last step", directory.NewMonth(2026, 6), nil, "b1 30 1.24"},
		{"February of a leap year", directory.NewMonth(2024, 2), nil, "b1 29 1.24"},
		{"February of 2100, which is none", directory.NewMonth(2100, 2), nil, "b1 28 1.24"},
		{"vacant", november, func(f *Facts) { f.Leases = nil }, "vacant 30 1.24"},
		{"the worked example: 1.19 €, a move on the 16th", directory.NewMonth(2020, 11), func(f *Facts) {
			f.Leases = []directory.Lease{lease("l2", "b2", date(2020, 11, 16), 0), lease("l1", "b1", date(2005, 1, 1), date(2020, 11, 16))}
		}, "b1 15 0.60, b2 15 0.59"},
		{"vacancy on both sides is one party", november, func(f *Facts) {
			f.Leases = []directory.Lease{lease("l2", "b2", date(2026, 11, 11), date(2026, 11, 21))}
		}, "vacant 20 0.83, b2 10 0.41"},
		{"the price changes in mid-month", november, func(f *Facts) {
			f.Tariffs = append(f.Tariffs, Tariff{ID: "new", OperatorID: "o", From: date(2026, 11, 16), Price: 131, VATPerMille: 200, Label: "Internet"})
		}, "b1 30 1.28"}, // 127.5
		{"the agreement begins in mid-month", november, func(f *Facts) { f.Agreements[0].Period.From = date(2026, 11, 21) }, "b1 10 0.41"},
		{"two agreements with a gap", november, func(f *Facts) {
			f.Agreements[0].Period.Until = date(2026, 11, 11)
			f.Agreements = append(f.Agreements, directory.Agreement{ID: "b", SectorID: "s", Period: directory.Period{From: date(2026, 11, 21)}})
		}, "b1 20 0.83"},
		{"sold on the 11th", november, func(f *Facts) { f.Dwellings[0].Stock.Until = date(2026, 11, 11) }, "b1 10 0.41"},
		{"a lease written down in two pieces", november, func(f *Facts) {
			f.Leases = []directory.Lease{lease("l1", "b1", date(2005, 1, 1), date(2026, 11, 4)), lease("l2", "b1", date(2026, 11, 4), 0)}
		}, "b1 30 1.24"},
		{"a lease listed twice is one charge", november, func(f *Facts) {
			f.Leases = append(f.Leases, lease("l2", "b1", date(2026, 11, 4), date(2026, 11, 8)))
		}, "b1 30 1.24"},
		{"the sector's own tariff wins", november, func(f *Facts) {
			f.Tariffs = append(f.Tariffs, Tariff{ID: "own", OperatorID: "o", SectorID: "s", From: date(2012, 1, 1), Price: 90, VATPerMille: 200, Label: "Internet"})
		}, "b1 30 0.90"},
		{"another sector's tariff does not count", november, func(f *Facts) {
			f.Tariffs = append(f.Tariffs, Tariff{ID: "other", OperatorID: "o", SectorID: "x", From: date(2026, 1, 1), Price: 90, VATPerMille: 200, Label: "Internet"})
		}, "b1 30 1.24"},
		{"a wrong price put right later", november, func(f *Facts) {
			f.Tariffs = append(f.Tariffs, Tariff{ID: "again", OperatorID: "o", From: date(2023, 1, 1), Price: 125, VATPerMille: 200, Label: "Internet", AddedAt: time.UnixMilli(5)})
		}, "b1 30 1.25"},
		// 7·1.24 € and 8·1.24 € + 5·1.31 €, of 25.15 €/30 = 0.84 €: 28.99 and 55.01 cents.
		{"all at once: an agreement that ends, a sale before it, a new price, a move on one day", november, func(f *Facts) {
			f.Agreements[0].Period.Until = date(2026, 11, 25)
			f.Dwellings[0].Stock.Until = date(2026, 11, 21)
			f.Tariffs = append(f.Tariffs, Tariff{ID: "new", OperatorID: "o", From: date(2026, 11, 16), Price: 131, VATPerMille: 200, Label: "Internet"})
			f.Leases = []directory.Lease{lease("l2", "b2", date(2026, 11, 8), date(2026, 12, 15)), lease("l1", "b1", date(2005, 1, 1), date(2026, 11, 8))}
		}, "b1 7 0.29, b2 13 0.55"},
		{"free of charge, because somebody said so", november, func(f *Facts) {
			f.Tariffs = append(f.Tariffs, Tariff{ID: "free", OperatorID: "o", From: date(2026, 11, 1), VATPerMille: 200, Label: "Internet"})
		}, "b1 30 0.00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := brest()
			if c.change != nil {
				c.change(&f)
			}
			got, err := Compute(f, c.month)
			if err != nil || spell(got) != c.want {
				t.Errorf("got %q, %v; want %q", spell(got), err, c.want)
			}
		})
	}
}

func TestComputeRefuses(t *testing.T) {
	cases := []struct {
		name   string
		change func(*Facts)
		want   string
	}{
		{"overlap", func(f *Facts) {
			f.Leases = append(f.Leases, directory.Lease{ID: "l0", DwellingID: "d", Ref: "b0", Period: directory.Period{From: date(2026, 11, 30)}})
		}, "dwelling 0001 has two leases on 2026-11-30, b1 and b0: end one before the other begins"},
		{"no tariff", func(f *Facts) {
			f.Tariffs = []Tariff{{ID: "t", OperatorID: "o", From: date(2026, 11, 3), Price: 124, VATPerMille: 200}}
		}, "sector Kerourien has an agreement but no tariff on 2026-11-01: add a tariff"},
		{"two rates", func(f *Facts) {
			f.Tariffs = append(f.Tariffs, Tariff{ID: "t", OperatorID: "o", From: date(2026, 11, 3), Price: 124, VATPerMille: 55, Label: "Reduced"})
		}, `the month has two VAT rates, 20 % on "Internet" and 5.5 % on "Reduced"`},
		{"twice", func(f *Facts) { f.Dwellings = append(f.Dwellings, f.Dwellings[0]) }, "there twice"},
		{"no residence", func(f *Facts) { f.Dwellings[0].ResidenceID = "x" }, "names the residence"},
		{"no sector", func(f *Facts) { f.Residences[0].SectorID = "x" }, "names the sector"},
		{"no dwelling", func(f *Facts) { f.Leases[0].DwellingID = "x" }, "names the dwelling"},
		{"no id", func(f *Facts) { f.Leases[0].ID = "" }, "has no id"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := brest()
			c.change(&f)
			if _, err := Compute(f, november); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	// A month that is not touched by the mistake is not held up by it.
	f := brest()
	f.Leases = append(f.Leases, directory.Lease{ID: "l0", DwellingID: "d", Ref: "b0", Period: directory.Period{From: date(2026, 12, 1)}})
	if _, err := Compute(f, november); err != nil {
		t.Error(err)
	}
}

// Invariants 1, 3, 5, 7, 8, 9, 12: every charge is the oracle's.
func TestComputeIsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := directory.NewMonth(rapid.SampledFrom([]int{2023, 2024, 2026}).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")))
		f := drawCity(t, m)
		got, err := Compute(f, m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Compute(shuffle(t, f), m)
		if err != nil || !slices.Equal(got, again) {
			t.Fatalf("another order of rows: %s, %v", cmp.Diff(got, again), err)
		}
		shares, amounts := oracle(f, m)
		sum := map[string]int64{}
		for _, c := range got {
			want := shares[c.DwellingID+"|"+c.LeaseID]
			if want == nil || int64(c.Amount) != want.cents || c.Days != want.days {
				t.Fatalf("%+v, want %+v", c, want)
			}
			delete(shares, c.DwellingID+"|"+c.LeaseID)
			sum[c.DwellingID] += int64(c.Amount)
			// Within one cent of its part, and half a cent more for the one rounding of the month.
			off := new(big.Rat).Sub(big.NewRat(int64(c.Amount), 1), want.exact)
			if c.Amount < 0 || off.Abs(off).Cmp(big.NewRat(3, 2)) >= 0 {
				t.Fatalf("%+v is off by %s cents", c, off.FloatString(3))
			}
			if c.From != want.first || c.Until != want.last+1 {
				t.Fatalf("%s to %s, want %s to %s", c.From, c.Until, want.first, want.last+1)
			}
		}
		if len(shares) > 0 {
			t.Fatalf("not charged: %v", shares)
		}
		if diff := cmp.Diff(amounts, sum); diff != "" {
			t.Fatalf("a dwelling's shares do not add up: %s", diff)
		}
	})
}

// Invariants 4 and 6: a full month at one price costs the tariff, however its
// lease is cut into pieces that nobody moves between.
func TestComputeBoundaryWithoutAMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := brest()
		m := directory.NewMonth(rapid.IntRange(2023, 2040).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")))
		n := m.Period().Days()
		move := rapid.IntRange(0, n).Draw(t, "move")
		f.Leases = []directory.Lease{
			{ID: "l1", DwellingID: "d", Ref: "b1", Period: directory.Period{From: m.Period().From - 5, Until: m.Period().From + directory.Date(move)}},
			{ID: "l2", DwellingID: "d", Ref: "b2", Period: directory.Period{From: m.Period().From + directory.Date(move)}},
		}
		whole, err := Compute(f, m)
		if err != nil {
			t.Fatal(err)
		}
		var sum directory.Cents
		for _, c := range whole {
			sum += c.Amount
		}
		if sum != 124 {
			t.Fatalf("a full month costs %s", sum)
		}
		cut := rapid.IntRange(1, 60).Draw(t, "cut")
		last := f.Leases[1]
		f.Leases[1].Period.Until = last.Period.From + directory.Date(cut)
		last.ID, last.Period.From = "l3", f.Leases[1].Period.Until
		f.Leases = append(f.Leases, last)
		pieces, err := Compute(f, m)
		if err != nil || !slices.Equal(whole, pieces) {
			t.Fatalf("%s, %v", cmp.Diff(whole, pieces), err)
		}
	})
}

// Invariant 16 for one step: Σ issued + Σ delta = target for every key, whatever
// had been issued.
func TestDeltaCompletes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []Line {
			var list []Line
			for range rapid.IntRange(0, 12).Draw(t, label) {
				list = append(list, Line{Charge: Charge{
					DwellingID: rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "dwelling"), LeaseID: rapid.SampledFrom([]string{"", "l1", "l2"}).Draw(t, "lease"),
					Amount: directory.Cents(rapid.IntRange(-3, 9).Draw(t, "amount")), Days: 1,
				}})
			}
			return list
		}
		issued := draw("issued")
		var target []Charge
		want := map[key]directory.Cents{}
		for _, l := range draw("target") {
			if _, there := want[l.key()]; !there {
				l.Amount = max(l.Amount, 0)
				target = append(target, l.Charge)
				want[l.key()] = l.Amount
			}
		}
		lines := Delta(target, issued)
		known := map[key]bool{}
		for _, l := range issued {
			want[l.key()] -= l.Amount
			known[l.key()] = true
		}
		for _, l := range lines {
			want[l.key()] -= l.Amount
			if l.Correction != known[l.key()] || l.Amount == 0 && len(issued) > 0 {
				t.Fatalf("%+v", l)
			}
		}
		for k, left := range want {
			if left != 0 {
				t.Fatalf("%v: %s is left", k, left)
			}
		}
		if again := Delta(target, append(issued, lines...)); len(target) > 0 && len(again) > 0 {
			t.Fatalf("again: %v", again)
		}
	})
}

func TestVAT(t *testing.T) {
	for _, c := range []struct{ total, net, vat directory.Cents }{
		{0, 0, 0}, {124, 103, 21}, {68200, 56833, 11367}, {37200, 31000, 6200}, {1215200, 1012667, 202533}, {-124, -103, -21}, {3, 3, 0},
	} {
		if n, v := netOf(c.total, 200), vatOf(c.total, 200); n != c.net || v != c.vat {
			t.Errorf("%s: net %s, VAT %s; want %s and %s", c.total, n, v, c.net, c.vat)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		total, rate := rapid.Int64Range(0, 1e12).Draw(t, "total"), rapid.IntRange(0, 1000).Draw(t, "rate")
		exact := new(big.Rat).Mul(big.NewRat(total, 1), big.NewRat(1000, int64(1000+rate)))
		if want := floor(exact.Add(exact, big.NewRat(1, 2))); int64(netOf(directory.Cents(total), rate)) != want {
			t.Fatalf("net of %d at %d: %s, want %d", total, rate, netOf(directory.Cents(total), rate), want)
		}
	})
}
