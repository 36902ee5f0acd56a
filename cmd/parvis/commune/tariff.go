package commune

import (
	"strings"

	"parvis/billing"
	"parvis/internal/directory"
)

// tariffKey is what a price is for: of several under one key the one that came
// last counts.
type tariffKey struct {
	operatorID, sectorID string
	from                 directory.Date
}

// tariff reads a price. One that is there never changes: a wrong one is put
// right by another decision for the same day, under its own reference.
func (rd *reader) tariff(r *row) {
	operator := lookup(r, rd.operators, operatorColumn, "")
	sector := lookup(r, rd.sectors, "sector", operator.id)
	t := billing.Tariff{
		OperatorID: operator.id, SectorID: sector.id, From: r.date("from"),
		Price:       directory.Cents(r.decimal("price", 2, "price in euros", "1.24")),
		VATPerMille: int(r.decimal("vat", 1, "VAT rate in percent", "20")),
		Label:       r.text("label"), Reference: r.text("reference"),
	}
	i := rd.tariffs.take(r, operator.id+" "+sector.id, t.From.String())
	i.name = strings.Join(strings.Fields(operator.name+" "+sector.name+" "+t.From.String()), " ")
	i.noun, i.noun.ID = t, i.id
	known := rd.known[tariffKey{operator.id, sector.id, t.From}]
	for n, old := range known {
		t.ID, t.AddedAt = old.ID, old.AddedAt
		switch {
		case t == old && n == len(known)-1:
			i.noun, i.was, i.there = old, old, true
		case t == old:
			r.add("", "this tariff from %s was put right since by %s (reference %q): write that one here", t.From, euros(known[len(known)-1]), clip(known[len(known)-1].Reference))
		case t.Reference == old.Reference:
			r.add("", "the tariff from %s is there with %s, and tariffs never change: a new price has a later day, a correction has the reference of its own decision", t.From, euros(old))
		}
	}
	r.done(i.noun.Validate())
}

func euros(t billing.Tariff) string { return t.Price.String() + " €" }
