package billing

import (
	"cmp"
	"fmt"
	"slices"

	"parvis/internal/directory"
)

// Compute returns what every dwelling of the operator owes for the month, split
// over its leases and vacancy, in the order of the operator's dwelling
// references. All dwellings in scope count, used or not; vacant days stay with
// the operator. The result does not depend on the order of the facts' rows.
//
// Every error is a *FactsError with a sentence for the operator's staff: two leases that overlap, a
// covered day without a tariff, two VAT rates in one month, a row that names
// another one that is not there.
func Compute(f Facts, m directory.Month) ([]Charge, error) {
	charges, _, err := compute(f, m)
	return charges, err
}

// compute also returns the month's VAT rate, -1 when nothing is charged.
func compute(f Facts, m directory.Month) ([]Charge, int, error) {
	b, err := newBuilder(f, m)
	if err != nil {
		return nil, 0, &FactsError{err}
	}
	for i := range b.dwellings {
		if err := b.dwelling(b.dwellings[i]); err != nil {
			return nil, 0, &FactsError{err}
		}
	}
	if len(b.charges) == 0 {
		return nil, -1, nil
	}
	slices.SortFunc(b.charges, order)
	return b.charges, b.rate.VATPerMille, nil
}

// order is the one order of charges on documents and in files.
func order(a, b Charge) int {
	return cmp.Or(
		cmp.Compare(a.DwellingRef, b.DwellingRef), cmp.Compare(a.DwellingID, b.DwellingID),
		cmp.Compare(a.From, b.From), cmp.Compare(a.LeaseID, b.LeaseID))
}

type builder struct {
	days       int // of the month
	dwellings  []*directory.Dwelling
	residences map[string]*directory.Residence
	calendars  map[string]*calendar // by sector
	leases     map[string][]*directory.Lease
	rate       *Tariff // the first tariff used: its VAT rate is the month's
	charges    []Charge
}

func newBuilder(f Facts, m directory.Month) (*builder, error) {
	month := m.Period()
	b := &builder{
		days:       month.Days(),
		residences: make(map[string]*directory.Residence, len(f.Residences)),
		calendars:  make(map[string]*calendar, len(f.Sectors)),
		leases:     make(map[string][]*directory.Lease, len(f.Dwellings)),
	}
	agreements := map[string][]directory.Period{}
	for _, a := range f.Agreements {
		agreements[a.SectorID] = append(agreements[a.SectorID], a.Period)
	}
	prices := newPriceList(f.Tariffs, f.Operator.ID)
	for _, s := range f.Sectors {
		b.calendars[s.ID] = newCalendar(s, month, agreements[s.ID], prices)
	}
	for i := range f.Residences {
		r := &f.Residences[i]
		b.residences[r.ID] = r
		if b.calendars[r.SectorID] == nil {
			return nil, fmt.Errorf("residence %s names the sector %q, which is not the operator's", r.Name, r.SectorID)
		}
	}
	there := make(map[string]bool, len(f.Dwellings))
	for i := range f.Dwellings {
		d := &f.Dwellings[i]
		if b.residences[d.ResidenceID] == nil {
			return nil, fmt.Errorf("dwelling %s names the residence %q, which is not the operator's", d.Ref, d.ResidenceID)
		}
		if there[d.ID] {
			return nil, fmt.Errorf("dwelling %s is there twice: it must not be charged twice", d.Ref)
		}
		there[d.ID] = true
		b.dwellings = append(b.dwellings, d)
	}
	// One order, so that of several errors it is always the same that shows.
	slices.SortFunc(b.dwellings, func(a, c *directory.Dwelling) int {
		return cmp.Or(cmp.Compare(a.Ref, c.Ref), cmp.Compare(a.ID, c.ID))
	})
	for i := range f.Leases {
		l := &f.Leases[i]
		if l.ID == "" {
			return nil, fmt.Errorf("lease %q has no id: it would pass for vacancy", l.Ref)
		}
		if !there[l.DwellingID] {
			return nil, fmt.Errorf("lease %s names the dwelling %q, which is not the operator's", l.Ref, l.DwellingID)
		}
		b.leases[l.DwellingID] = append(b.leases[l.DwellingID], l)
	}
	return b, nil
}

// dwelling appends the charges of one dwelling.
func (b *builder) dwelling(d *directory.Dwelling) error {
	residence := b.residences[d.ResidenceID]
	c := b.calendars[residence.SectorID]
	stock := c.clip(d.Stock, c.whole())
	days, sum := c.in(stock)
	if days == 0 {
		return nil
	}
	if err := c.unpriced(stock); err != nil {
		return err
	}
	if err := b.oneRate(c, stock); err != nil {
		return err
	}
	parties, err := b.parties(c, d, stock)
	if err != nil {
		return err
	}
	share(monthAmount(sum, b.days), parties)
	for _, p := range parties {
		t := c.tariff[p.last]
		b.charges = append(b.charges, Charge{
			DwellingID: d.ID, DwellingRef: d.Ref, Residence: residence.Name, Door: d.Door,
			LeaseID: p.leaseID, LeaseRef: p.leaseRef,
			From: c.date(p.first), Until: c.date(p.last + 1), Days: p.days,
			Amount: p.amount, TariffID: t.ID, Label: t.Label,
		})
	}
	return nil
}

// parties cuts the days of stock into those of each lease and the vacant ones.
func (b *builder) parties(c *calendar, d *directory.Dwelling, stock span) ([]*party, error) {
	leases := b.leases[d.ID]
	slices.SortFunc(leases, func(a, b *directory.Lease) int {
		return cmp.Or(cmp.Compare(a.Period.From, b.Period.From), cmp.Compare(a.ID, b.ID))
	})
	var parties []*party
	add := func(leaseID, leaseRef string, s span) {
		s = c.trim(s)
		days, price := c.in(s)
		if days == 0 {
			return
		}
		i := slices.IndexFunc(parties, func(p *party) bool { return p.leaseID == leaseID })
		if i < 0 {
			i = len(parties)
			parties = append(parties, &party{leaseID: leaseID, leaseRef: leaseRef, first: s.a})
		}
		p := parties[i]
		p.last, p.days, p.weight = s.b-1, p.days+days, p.weight+price
	}
	free := stock.a // the first day that nobody has yet
	var last *directory.Lease
	for _, l := range leases {
		s := c.clip(l.Period, stock)
		if s.a == s.b {
			continue
		}
		if s.a < free {
			if partyOf(leases, l) != partyOf(leases, last) {
				return nil, fmt.Errorf("dwelling %s has two leases on %s, %s and %s: end one before the other begins", d.Ref, c.date(s.a), last.Ref, l.Ref)
			}
			s.a = min(free, s.b) // the same lease, listed twice
		}
		if free < s.a {
			add("", "", span{free, s.a})
		}
		add(partyOf(leases, l), l.Ref, s)
		if s.b >= free {
			free, last = s.b, l
		}
	}
	add("", "", span{free, stock.b})
	return parties, nil
}

// partyOf returns the id under which a lease is charged: rows of one dwelling
// with the same reference are one lease, known by the oldest id.
func partyOf(leases []*directory.Lease, l *directory.Lease) string {
	id := l.ID
	for _, o := range leases {
		if o.Ref == l.Ref && l.Ref != "" {
			id = min(id, o.ID)
		}
	}
	return id
}

// oneRate refuses a second VAT rate in the month: a document has one.
func (b *builder) oneRate(c *calendar, s span) error {
	var err error
	c.eachTariff(s, func(t *Tariff) {
		switch {
		case b.rate == nil:
			b.rate = t
		case b.rate.VATPerMille != t.VATPerMille && err == nil:
			err = fmt.Errorf("the month has two VAT rates, %s on %q and %s on %q: give its tariffs one rate", rateText(b.rate.VATPerMille), b.rate.Label, rateText(t.VATPerMille), t.Label)
		}
	})
	return err
}
