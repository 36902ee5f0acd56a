package store

import (
	"context"

	"parvis/internal/directory"
)

// Whole returns the commune as it is, as of one moment: all that Import writes
// but console users, secrets opened as in Catalog. Up to five minutes.
func (s *Store) Whole(ctx context.Context) (Commune, error) {
	var c Commune
	err := s.readFor(ctx, longTimeout, func(q querier) error {
		catalog, err := s.readCatalog(ctx, q)
		if err != nil {
			return err
		}
		c = Commune{
			Plans: catalog.Plans, Zones: catalog.Zones, NASes: catalog.NASes, AccessPoints: catalog.AccessPoints,
			Residences: catalog.Residences, Dwellings: catalog.Dwellings, Outlets: catalog.Outlets, Cards: catalog.Cards,
		}
		c.Operators, err = collect(ctx, q, scanOperator, `SELECT id, name, siren FROM operator ORDER BY id`)
		if err != nil {
			return wrap("operators", err)
		}
		c.Sectors, err = collect(ctx, q, scanSector, `SELECT id, operator_id, name FROM sector ORDER BY id`)
		if err != nil {
			return wrap("sectors", err)
		}
		c.Agreements, err = collect(ctx, q, scanAgreement, `
			SELECT id, sector_id, form, reference, from_date, until_date FROM agreement ORDER BY id`)
		if err != nil {
			return wrap("agreements", err)
		}
		c.Leases, err = collect(ctx, q, scanLease, `
			SELECT id, dwelling_id, ref, from_date, until_date FROM lease ORDER BY id`)
		if err != nil {
			return wrap("leases", err)
		}
		c.Tariffs, err = readTariffs(ctx, q, `id <> ''`)
		return err
	})
	if err != nil {
		return Commune{}, wrap("read the commune", err)
	}
	return c, nil
}

func scanOperator(row scanner) (directory.Operator, error) {
	var o directory.Operator
	err := row.Scan(&o.ID, &o.Name, &o.SIREN)
	return o, err
}

func scanSector(row scanner) (directory.Sector, error) {
	var v directory.Sector
	err := row.Scan(&v.ID, &v.OperatorID, &v.Name)
	return v, err
}

func scanAgreement(row scanner) (directory.Agreement, error) {
	var a directory.Agreement
	err := row.Scan(&a.ID, &a.SectorID, &a.Form, &a.Reference, &a.Period.From, &a.Period.Until)
	return a, err
}

func scanLease(row scanner) (directory.Lease, error) {
	var l directory.Lease
	err := row.Scan(&l.ID, &l.DwellingID, &l.Ref, &l.Period.From, &l.Period.Until)
	return l, err
}
