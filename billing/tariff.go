package billing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/internal/directory"
)

// maxPrice bounds a price, so that no sum of a month comes near an overflow.
const maxPrice = 100_000_00 // cents

// Tariff is a dated price per dwelling and month, immutable once written. A
// wrong price is put right by a tariff with the same From that is added later.
type Tariff struct {
	ID         string `json:"id"`
	OperatorID string `json:"operator_id"`
	// SectorID is empty for all sectors of the operator; a sector's own tariff
	// wins from its first day on.
	SectorID    string          `json:"sector_id,omitempty"`
	From        directory.Date  `json:"from"` // until the next tariff of the same sector or operator
	Price       directory.Cents `json:"price_cents"`
	VATPerMille int             `json:"vat_per_mille"`       // 200 is 20 %; already in Price
	Label       string          `json:"label"`               // what the charges statement calls it
	Reference   string          `json:"reference,omitempty"` // the decision (délibération) that set it
	// AddedAt is when the tariff was written down, set by the store.
	AddedAt time.Time `json:"added_at,omitzero"`
}

// Validate says all that is wrong with a tariff that is to be added.
func (t Tariff) Validate() error {
	var errs []error
	if t.ID == "" || t.OperatorID == "" {
		errs = append(errs, errors.New("a tariff needs an id and an operator"))
	}
	if t.From.IsZero() {
		errs = append(errs, errors.New("a tariff needs the date from which it applies"))
	}
	if t.Price < 0 || t.Price > maxPrice {
		errs = append(errs, fmt.Errorf("the price %s € is not between 0 and %s €", t.Price, directory.Cents(maxPrice)))
	}
	if t.VATPerMille < 0 || t.VATPerMille > 1000 {
		errs = append(errs, fmt.Errorf("the VAT rate %d ‰ is not between 0 and 1000 ‰: 20 %% is 200", t.VATPerMille))
	}
	if _, err := directory.ParseName("label of the tariff", t.Label); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Same reports whether u says the same, whenever it was added.
func (t Tariff) Same(u Tariff) bool {
	t.AddedAt, u.AddedAt = time.Time{}, time.Time{}
	return t == u
}

// byDate orders tariffs so that of those with From <= d the last one is valid on d.
func byDate(a, b *Tariff) int {
	return cmp.Or(cmp.Compare(a.From, b.From), a.AddedAt.Compare(b.AddedAt), cmp.Compare(a.ID, b.ID))
}

// priceList finds the tariff of a sector and day.
type priceList map[string][]*Tariff // by sector, "" for the operator; ordered by byDate

func newPriceList(tariffs []Tariff, operatorID string) priceList {
	p := priceList{}
	for i := range tariffs {
		t := &tariffs[i]
		if t.OperatorID == operatorID {
			p[t.SectorID] = append(p[t.SectorID], t)
		}
	}
	for _, list := range p {
		slices.SortFunc(list, byDate)
	}
	return p
}

// on returns the tariff valid on d, nil when there is none.
func (p priceList) on(sectorID string, d directory.Date) *Tariff {
	for _, id := range []string{sectorID, ""} {
		list := p[id]
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].From <= d {
				return list[i]
			}
		}
	}
	return nil
}
