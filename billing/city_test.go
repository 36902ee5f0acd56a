package billing

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"parvis/internal/directory"
)

var november = directory.NewMonth(2026, time.November)

func date(y int, m time.Month, d int) directory.Date { return directory.NewDate(y, m, d) }

// drawCity draws an operator's facts around the month m: agreements, stock,
// leases and prices that begin and end before, in and after it.
func drawCity(t *rapid.T, m directory.Month) Facts {
	first := m.Period().From
	around := rapid.Custom(func(t *rapid.T) directory.Date {
		return first + directory.Date(rapid.IntRange(-20, 50).Draw(t, "day"))
	})
	period := rapid.Custom(func(t *rapid.T) directory.Period {
		p := directory.Period{From: around.Draw(t, "from")}
		if rapid.IntRange(0, 2).Draw(t, "closed") > 0 {
			p.Until = p.From + directory.Date(rapid.IntRange(1, 60).Draw(t, "length"))
		}
		if rapid.IntRange(0, 2).Draw(t, "old") > 0 {
			p.From -= 400
		}
		return p
	})
	f := Facts{Operator: directory.Operator{ID: "o", Name: "Operator"}}
	price := rapid.SampledFrom([]directory.Cents{0, 1, 100, 110, 114, 118, 119, 124, 999})
	tariff := func(sector string, from directory.Date) {
		f.Tariffs = append(f.Tariffs, Tariff{
			ID: fmt.Sprintf("t%d", len(f.Tariffs)), OperatorID: "o", SectorID: sector, From: from,
			Price: price.Draw(t, "price"), VATPerMille: 200, Label: "Internet",
			AddedAt: time.UnixMilli(int64(len(f.Tariffs))),
		})
	}
	tariff("", date(2009, 1, 1))
	for s := range rapid.IntRange(1, 2).Draw(t, "sectors") {
		id := fmt.Sprintf("s%d", s)
		f.Sectors = append(f.Sectors, directory.Sector{ID: id, OperatorID: "o", Name: "Sector " + id})
		f.Residences = append(f.Residences, directory.Residence{ID: "r" + id, SectorID: id, Name: "Residence " + id})
		for a := range rapid.IntRange(0, 2).Draw(t, "agreements") {
			f.Agreements = append(f.Agreements, directory.Agreement{ID: fmt.Sprintf("a%s%d", id, a), SectorID: id, Period: period.Draw(t, "agreement")})
		}
		for range rapid.IntRange(0, 2).Draw(t, "tariffs") {
			tariff(rapid.SampledFrom([]string{"", id}).Draw(t, "of"), around.Draw(t, "since"))
		}
	}
	for d := range rapid.IntRange(0, 4).Draw(t, "dwellings") {
		id := fmt.Sprintf("d%d", d)
		f.Dwellings = append(f.Dwellings, directory.Dwelling{
			ID: id, ResidenceID: rapid.SampledFrom(f.Residences).Draw(t, "residence").ID, Ref: fmt.Sprintf("%d", 9-d), Stock: period.Draw(t, "stock"),
		})
		drawLeases(t, &f, id, first)
	}
	return f
}

// drawLeases gives a dwelling leases one after another, some of them in pieces.
func drawLeases(t *rapid.T, f *Facts, dwelling string, first directory.Date) {
	f.Leases = slices.DeleteFunc(f.Leases, func(l directory.Lease) bool { return l.DwellingID == dwelling })
	from := first - 15
	for l := range rapid.IntRange(0, 4).Draw(t, "leases") {
		from += directory.Date(rapid.IntRange(0, 8).Draw(t, "gap"))
		until := from + directory.Date(rapid.IntRange(1, 25).Draw(t, "stay"))
		ref := fmt.Sprintf("%s-%d", dwelling, rapid.IntRange(0, 3).Draw(t, "ref"))
		f.Leases = append(f.Leases, directory.Lease{
			ID: fmt.Sprintf("%s-l%d", dwelling, l), DwellingID: dwelling, Ref: ref, Period: directory.Period{From: from, Until: until},
		})
		from = until
	}
}

// shuffle returns the same facts in another order of rows.
func shuffle(t *rapid.T, f Facts) Facts {
	return Facts{
		Operator:   f.Operator,
		Sectors:    rapid.Permutation(f.Sectors).Draw(t, "sectors"),
		Agreements: rapid.Permutation(f.Agreements).Draw(t, "agreements"),
		Residences: rapid.Permutation(f.Residences).Draw(t, "residences"),
		Dwellings:  rapid.Permutation(f.Dwellings).Draw(t, "dwellings"),
		Leases:     rapid.Permutation(f.Leases).Draw(t, "leases"),
		Tariffs:    rapid.Permutation(f.Tariffs).Draw(t, "tariffs"),
	}
}

// brest is one dwelling under the tariffs of Brest (billing.md §2), let to b1.
func brest() Facts {
	f := Facts{
		Operator:   directory.Operator{ID: "o", Name: "Operator"},
		Sectors:    []directory.Sector{{ID: "s", OperatorID: "o", Name: "Kerourien"}},
		Agreements: []directory.Agreement{{ID: "a", SectorID: "s", Period: directory.Period{From: date(2009, 10, 1)}}},
		Residences: []directory.Residence{{ID: "r", SectorID: "s", Name: "Residence"}},
		Dwellings:  []directory.Dwelling{{ID: "d", ResidenceID: "r", Ref: "0001", Stock: directory.Period{From: date(1970, 1, 2)}}},
		Leases:     []directory.Lease{{ID: "l1", DwellingID: "d", Ref: "b1", Period: directory.Period{From: date(2005, 1, 1)}}},
	}
	for i, p := range []struct {
		from  directory.Date
		price directory.Cents
	}{
		{date(2009, 1, 1), 100},
		{date(2014, 1, 1), 110},
		{date(2017, 1, 1), 114},
		{date(2018, 1, 1), 118},
		{date(2020, 1, 1), 119},
		{date(2023, 1, 1), 124},
	} {
		f.Tariffs = append(f.Tariffs, Tariff{ID: fmt.Sprintf("t%d", i), OperatorID: "o", From: p.from, Price: p.price, VATPerMille: 200, Label: "Internet"})
	}
	return f
}
