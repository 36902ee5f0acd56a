package billing

import (
	"cmp"
	"slices"

	"parvis/internal/directory"
)

// Rule names how amounts are prorated and rounded. It is part of every
// document, so that a later rule leaves what was issued explainable.
const Rule = "actual-days/1"

// monthAmount is Σ price(d) / n, rounded half up once: the amount of a
// dwelling-month of n days whose priced days add up to sum, which is not negative.
func monthAmount(sum int64, n int) directory.Cents {
	return directory.Cents((2*sum + int64(n)) / (2 * int64(n)))
}

// party is who has days of a dwelling-month, with all pieces of them merged:
// sharing by pieces would let a boundary at which nobody moves change a total.
type party struct {
	leaseID, leaseRef string
	first, last       int // day of the month, counted from 0
	days              int
	weight            int64 // Σ price of its days
	amount            directory.Cents
}

// share spreads amount over the parties by weight with the largest remainder:
// the shares always add up, and each is within one cent of its exact part. Ties
// go to who came first. All weights are 0 only when amount is.
func share(amount directory.Cents, parties []*party) {
	var total int64
	for _, p := range parties {
		total += p.weight
	}
	if total == 0 {
		return
	}
	rest := amount
	for _, p := range parties {
		p.amount = directory.Cents(int64(amount) * p.weight / total)
		rest -= p.amount
	}
	order := slices.Clone(parties)
	slices.SortFunc(order, func(a, b *party) int {
		return cmp.Or(
			cmp.Compare(int64(amount)*b.weight%total, int64(amount)*a.weight%total),
			cmp.Compare(a.first, b.first),
			cmp.Compare(a.leaseID, b.leaseID))
	})
	for i := range int(rest) {
		order[i].amount++
	}
}
