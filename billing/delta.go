package billing

import (
	"slices"

	"parvis/internal/directory"
)

// Delta returns what is left to issue of a month: target minus everything
// issued, by dwelling and party, in the order of Compute. A key that was never
// issued gives a plain line; another one gives a correction, only where the
// difference is not zero. issued is oldest first, all of the same month.
//
// For every key Σ issued + Σ delta = target, whatever stood there before.
func Delta(target []Charge, issued []Line) []Line {
	type booked struct {
		sum    directory.Cents
		newest *Line
	}
	before := make(map[key]*booked, len(issued))
	for i := range issued {
		l := &issued[i]
		b := before[l.key()]
		if b == nil {
			b = &booked{}
			before[l.key()] = b
		}
		b.sum += l.Amount
		b.newest = l
	}
	var lines []Line
	for _, c := range target {
		b := before[c.key()]
		if b == nil {
			// A share of 0 cents is told once, with the month's first document; later
			// it would make a document that changes nothing.
			if c.Amount != 0 || len(issued) == 0 {
				lines = append(lines, Line{Charge: c})
			}
			continue
		}
		delete(before, c.key())
		if c.Amount -= b.sum; c.Amount != 0 {
			lines = append(lines, Line{Charge: c, Correction: true})
		}
	}
	// What is left was issued to a party that has no day in the month any more.
	for _, b := range before {
		if b.sum != 0 {
			c := b.newest.Charge
			c.Amount, c.Days = -b.sum, 0
			lines = append(lines, Line{Charge: c, Correction: true})
		}
	}
	slices.SortFunc(lines, func(a, b Line) int { return order(a.Charge, b.Charge) })
	return lines
}
