package billing

import (
	"math/big"
	"sort"

	"parvis/internal/directory"
)

// The oracle: billing.md §4 and §12 day by day, in exact fractions, sharing no
// code with the engine. It assumes facts that Compute accepts.

type oracleShare struct {
	dwelling, lease string
	days            int
	first, last     directory.Date
	exact           *big.Rat // Σ price(d)/N of the party's days
	cents           int64
}

// oracle returns the shares by "dwelling|lease" and each dwelling's amount.
func oracle(f Facts, m directory.Month) (map[string]*oracleShare, map[string]int64) {
	shares, amounts := map[string]*oracleShare{}, map[string]int64{}
	first := directory.NewDate(m.Year(), m.MonthOfYear(), 1)
	n := int64(directory.NewDate(m.Year(), m.MonthOfYear()+1, 1) - first)
	for _, d := range f.Dwellings {
		sector := ""
		for _, r := range f.Residences {
			if r.ID == d.ResidenceID {
				sector = r.SectorID
			}
		}
		exact := new(big.Rat)
		seen := map[string]int{} // party -> first day
		var parties []string
		for i := range n {
			day := first + directory.Date(i)
			if !within(d.Stock, day) || !oracleCovered(f, sector, day) {
				continue
			}
			party := oracleParty(f, d.ID, day)
			k := d.ID + "|" + party
			if shares[k] == nil {
				shares[k] = &oracleShare{dwelling: d.ID, lease: party, exact: new(big.Rat), first: day}
				parties = append(parties, k)
				seen[k] = int(i)
			}
			price := big.NewRat(oraclePrice(f, sector, day), n)
			shares[k].days++
			shares[k].last = day
			shares[k].exact.Add(shares[k].exact, price)
			exact.Add(exact, price)
		}
		if len(parties) == 0 {
			continue
		}
		total := floor(new(big.Rat).Add(exact, big.NewRat(1, 2)))
		amounts[d.ID] = total
		if exact.Sign() == 0 {
			continue
		}
		rest := total
		fraction := map[string]*big.Rat{}
		for _, k := range parties {
			part := new(big.Rat).Mul(big.NewRat(total, 1), new(big.Rat).Quo(shares[k].exact, exact))
			shares[k].cents = floor(part)
			fraction[k] = part.Sub(part, big.NewRat(shares[k].cents, 1))
			rest -= shares[k].cents
		}
		sort.Slice(parties, func(a, b int) bool {
			if c := fraction[parties[a]].Cmp(fraction[parties[b]]); c != 0 {
				return c > 0
			}
			return seen[parties[a]] < seen[parties[b]]
		})
		for i := range rest {
			shares[parties[i]].cents++
		}
	}
	return shares, amounts
}

func floor(r *big.Rat) int64 { return new(big.Int).Div(r.Num(), r.Denom()).Int64() }

func within(p directory.Period, day directory.Date) bool {
	return p.From <= day && (p.Until == 0 || day < p.Until)
}

func oracleCovered(f Facts, sector string, day directory.Date) bool {
	for _, a := range f.Agreements {
		if a.SectorID == sector && within(a.Period, day) {
			return true
		}
	}
	return false
}

// oracleParty names the lease by the smallest id of the rows with its reference.
func oracleParty(f Facts, dwelling string, day directory.Date) string {
	for _, l := range f.Leases {
		if l.DwellingID != dwelling || !within(l.Period, day) {
			continue
		}
		id := l.ID
		for _, o := range f.Leases {
			if o.DwellingID == dwelling && o.Ref == l.Ref && o.ID < id {
				id = o.ID
			}
		}
		return id
	}
	return ""
}

func oraclePrice(f Facts, sector string, day directory.Date) int64 {
	var own, wide *Tariff
	for i := range f.Tariffs {
		t := &f.Tariffs[i]
		if t.OperatorID != f.Operator.ID || t.From > day {
			continue
		}
		best := &wide
		if t.SectorID == sector {
			best = &own
		} else if t.SectorID != "" {
			continue
		}
		if *best == nil || t.From > (*best).From || t.From == (*best).From && t.AddedAt.After((*best).AddedAt) {
			*best = t
		}
	}
	if own != nil {
		return int64(own.Price)
	}
	return int64(wide.Price)
}
