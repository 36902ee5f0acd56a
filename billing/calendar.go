package billing

import (
	"fmt"

	"parvis/internal/directory"
)

// calendar is a sector's month day by day, with running sums: index i is the
// month's day i counted from 0, and sums at i are of the days before it.
type calendar struct {
	sector  directory.Sector
	month   directory.Period
	covered []bool    // an agreement covers the day
	tariff  []*Tariff // nil on a covered day: nobody set a price
	days    []int     // covered days before i
	price   []int64   // Σ price of the covered days before i, in cents
}

func newCalendar(s directory.Sector, month directory.Period, agreements []directory.Period, prices priceList) *calendar {
	n := month.Days()
	c := &calendar{
		sector: s, month: month,
		covered: make([]bool, n), tariff: make([]*Tariff, n),
		days: make([]int, n+1), price: make([]int64, n+1),
	}
	for i := range n {
		d := month.From + directory.Date(i)
		for _, a := range agreements {
			c.covered[i] = c.covered[i] || a.Contains(d)
		}
		c.days[i+1], c.price[i+1] = c.days[i], c.price[i]
		if !c.covered[i] {
			continue
		}
		c.days[i+1]++
		if c.tariff[i] = prices.on(s.ID, d); c.tariff[i] != nil {
			c.price[i+1] += int64(c.tariff[i].Price)
		}
	}
	return c
}

// span is days of the month from a to before b, counted from 0.
type span struct{ a, b int }

// clip returns the days of p, which may be open, within q.
func (c *calendar) clip(p directory.Period, q span) span {
	r := p.Intersect(c.month)
	s := span{int(r.From - c.month.From), int(r.Until - c.month.From)}
	s.a, s.b = min(max(s.a, q.a), q.b), min(s.b, q.b) // p may begin after the month
	s.b = max(s.a, s.b)
	return s
}

// whole is every day of the month.
func (c *calendar) whole() span { return span{0, c.month.Days()} }

// in returns the covered days of s and the sum of their prices.
func (c *calendar) in(s span) (days int, price int64) {
	return c.days[s.b] - c.days[s.a], c.price[s.b] - c.price[s.a]
}

// trim drops the days at both ends of s that no agreement covers.
func (c *calendar) trim(s span) span {
	for s.a < s.b && !c.covered[s.a] {
		s.a++
	}
	for s.a < s.b && !c.covered[s.b-1] {
		s.b--
	}
	return s
}

func (c *calendar) date(i int) directory.Date { return c.month.From + directory.Date(i) }

// unpriced returns an error for the first covered day of s without a tariff: a
// price that nobody set must not pass for a service that is free.
func (c *calendar) unpriced(s span) error {
	for i := s.a; i < s.b; i++ {
		if c.covered[i] && c.tariff[i] == nil {
			return fmt.Errorf("sector %s has an agreement but no tariff on %s: add a tariff of the sector or of the operator that applies from that day or earlier", c.sector.Name, c.date(i))
		}
	}
	return nil
}

// eachTariff calls f with the tariff of every covered day of s.
func (c *calendar) eachTariff(s span, f func(*Tariff)) {
	for i := s.a; i < s.b; i++ {
		if c.covered[i] {
			f(c.tariff[i])
		}
	}
}
