package demo

import (
	"fmt"

	"parvis/billing"
	"parvis/internal/directory"
)

// tariffStep is a price for a dwelling and month, tax included.
type tariffStep struct {
	year  int // it counts from 1 January
	price directory.Cents
	vat   int // per mille, in price
}

// tariffSteps is the history of Brest. Two steps are dated to the day by the
// source: 1.18 € on 2018-01-01 and 1.24 € on 2023-01-01. For two it gives the
// year, and the day is assumed: 1.00 € in 2009, 1.14 € in 2017. Two are without
// a date, and the year is assumed too: 1.10 € in 2014, 1.19 € in 2020. The
// standard rate of VAT was 19.6 % until 2013-12-31 and has been 20 % since.
func tariffSteps() []tariffStep {
	return []tariffStep{
		{year: 2009, price: 100, vat: 196},
		{year: 2014, price: 110, vat: 200},
		{year: 2017, price: 114, vat: 200},
		{year: 2018, price: 118, vat: 200},
		{year: 2020, price: 119, vat: 200},
		{year: 2023, price: 124, vat: 200},
	}
}

func (b *builder) tariffs() {
	for _, o := range b.Operators {
		for i, s := range tariffSteps() {
			b.Tariffs = append(b.Tariffs, billing.Tariff{
				ID: b.id(), OperatorID: o.ID, From: directory.NewDate(s.year, 1, 1),
				Price: s.price, VATPerMille: s.vat, Label: "Accès internet collectif",
				Reference: fmt.Sprintf("Délibération %d-%02d (exemple)", s.year-1, i+1),
			})
		}
	}
}

// people makes the console users, one for each role and operator; Complete gives them their
// password.
func (b *builder) people() {
	b.Users = []directory.User{
		{ID: b.id(), Name: "reseau", Role: directory.RoleNetwork},
		{ID: b.id(), Name: "bailleur", Role: directory.RoleOperator, OperatorID: b.Operators[0].ID},
		{ID: b.id(), Name: "bailleur2", Role: directory.RoleOperator, OperatorID: b.Operators[1].ID},
		{ID: b.id(), Name: "accueil", Role: directory.RoleDesk},
		{ID: b.id(), Name: "admin", Role: directory.RoleAdmin},
	}
}
