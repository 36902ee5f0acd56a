package store

import (
	"context"
	"database/sql"
	"errors"

	"parvis/billing"
	"parvis/internal/directory"
)

// readFacts returns what the operator's month depends on: of dwellings and
// leases those that touch the month.
func readFacts(ctx context.Context, q querier, operatorID string, m directory.Month) (billing.Facts, error) {
	f := billing.Facts{Operator: directory.Operator{ID: operatorID}}
	month := m.Period()
	first, next := int64(month.From), int64(month.Until)
	err := q.QueryRowContext(ctx, `SELECT name, siren FROM operator WHERE id = $1`, operatorID).Scan(&f.Operator.Name, &f.Operator.SIREN)
	if errors.Is(err, sql.ErrNoRows) {
		return f, billing.ErrNoOperator
	}
	if err != nil {
		return f, wrap("read the operator", err)
	}
	f.Sectors, err = collect(ctx, q, func(row scanner) (directory.Sector, error) {
		s := directory.Sector{OperatorID: operatorID}
		return s, row.Scan(&s.ID, &s.Name)
	}, `SELECT id, name FROM sector WHERE operator_id = $1 ORDER BY id`, operatorID)
	if err != nil {
		return f, wrap("read the sectors", err)
	}
	f.Agreements, err = collect(ctx, q, func(row scanner) (directory.Agreement, error) {
		var a directory.Agreement
		err := row.Scan(&a.ID, &a.SectorID, &a.Form, &a.Reference, &a.Period.From, &a.Period.Until)
		return a, err
	}, `SELECT a.id, a.sector_id, a.form, a.reference, a.from_date, a.until_date
		FROM agreement a JOIN sector s ON s.id = a.sector_id WHERE s.operator_id = $1 ORDER BY a.id`, operatorID)
	if err != nil {
		return f, wrap("read the agreements", err)
	}
	f.Residences, err = collect(ctx, q, func(row scanner) (directory.Residence, error) {
		var r directory.Residence
		err := row.Scan(&r.ID, &r.SectorID, &r.Name, &r.Address, &r.SSID, &r.PlanID)
		return r, err
	}, `SELECT r.id, r.sector_id, r.name, r.address, r.ssid, r.plan_id
		FROM residence r JOIN sector s ON s.id = r.sector_id WHERE s.operator_id = $1 ORDER BY r.id`, operatorID)
	if err != nil {
		return f, wrap("read the residences", err)
	}
	f.Dwellings, err = collect(ctx, q, func(row scanner) (directory.Dwelling, error) {
		var d directory.Dwelling
		err := row.Scan(&d.ID, &d.ResidenceID, &d.Ref, &d.Door, &d.Stock.From, &d.Stock.Until)
		return d, err
	}, `SELECT d.id, d.residence_id, d.ref, d.door, d.from_date, d.until_date
		FROM dwelling d JOIN residence r ON r.id = d.residence_id JOIN sector s ON s.id = r.sector_id
		WHERE s.operator_id = $1 AND d.from_date < $3 AND (d.until_date = 0 OR d.until_date > $2)`, operatorID, first, next)
	if err != nil {
		return f, wrap("read the dwellings", err)
	}
	f.Leases, err = collect(ctx, q, func(row scanner) (directory.Lease, error) {
		var l directory.Lease
		err := row.Scan(&l.ID, &l.DwellingID, &l.Ref, &l.Period.From, &l.Period.Until)
		return l, err
	}, `SELECT l.id, l.dwelling_id, l.ref, l.from_date, l.until_date
		FROM lease l JOIN dwelling d ON d.id = l.dwelling_id
			JOIN residence r ON r.id = d.residence_id JOIN sector s ON s.id = r.sector_id
		WHERE s.operator_id = $1 AND d.from_date < $3 AND (d.until_date = 0 OR d.until_date > $2)
			AND l.from_date < $3 AND (l.until_date = 0 OR l.until_date > $2)`, operatorID, first, next)
	if err != nil {
		return f, wrap("read the leases", err)
	}
	f.Tariffs, err = readTariffs(ctx, q, `operator_id = $1 AND from_date < $2`, operatorID, next)
	return f, err
}
