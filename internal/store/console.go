package store

import (
	"context"

	"parvis/internal/directory"
)

// Operators lists the housing operators by name.
func (s *Store) Operators(ctx context.Context) ([]directory.Operator, error) {
	var list []directory.Operator
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, func(row scanner) (directory.Operator, error) {
			var o directory.Operator
			err := row.Scan(&o.ID, &o.Name, &o.SIREN)
			return o, err
		}, `SELECT id, name, siren FROM operator ORDER BY name, id`)
		return err
	})
	return list, wrap("list the operators", err)
}

// An empty $1 stands for all operators; any other one never sees a row that is
// not its own. $2 is the day.
const residenceStates = `
	WITH stock AS (
		SELECT d.residence_id, COUNT(*) AS dwellings, COUNT(l.id) AS let -- leases never overlap
		FROM dwelling d
		JOIN residence r ON r.id = d.residence_id
		JOIN sector s ON s.id = r.sector_id
		LEFT JOIN lease l ON l.dwelling_id = d.id AND l.from_date <= $2 AND (l.until_date = 0 OR l.until_date > $2)
		WHERE ($1 = '' OR s.operator_id = $1) AND d.from_date <= $2 AND (d.until_date = 0 OR d.until_date > $2)
		GROUP BY d.residence_id
	), agreed AS (
		SELECT sector_id, COUNT(*) FILTER (WHERE until_date = 0) AS open_ended, MAX(until_date) AS ends
		FROM agreement WHERE from_date <= $2 AND (until_date = 0 OR until_date > $2)
		GROUP BY sector_id
	)
	SELECT r.id, r.sector_id, r.name, r.address, r.ssid, r.plan_id, s.id, s.operator_id, s.name, o.id, o.name, o.siren,
		COALESCE(stock.dwellings, 0), COALESCE(stock.let, 0),
		CASE WHEN agreed.open_ended = 0 THEN agreed.ends ELSE 0 END, agreed.sector_id IS NOT NULL
	FROM residence r
	JOIN sector s ON s.id = r.sector_id
	JOIN operator o ON o.id = s.operator_id
	LEFT JOIN stock ON stock.residence_id = r.id
	LEFT JOIN agreed ON agreed.sector_id = s.id
	WHERE ($1 = '' OR s.operator_id = $1)
	ORDER BY o.name, s.name, r.name, r.id`

// Residences lists the residences of an operator, or of all when operatorID is
// empty, as they are on a day.
func (s *Store) Residences(ctx context.Context, operatorID string, on directory.Date) ([]directory.ResidenceState, error) {
	var list []directory.ResidenceState
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, func(row scanner) (directory.ResidenceState, error) {
			var v directory.ResidenceState
			err := row.Scan(&v.Residence.ID, &v.Residence.SectorID, &v.Residence.Name, &v.Residence.Address,
				&v.Residence.SSID, &v.Residence.PlanID, &v.Sector.ID, &v.Sector.OperatorID, &v.Sector.Name,
				&v.Operator.ID, &v.Operator.Name, &v.Operator.SIREN, &v.Dwellings, &v.Let, &v.AgreementEnds, &v.Agreed)
			return v, err
		}, residenceStates, operatorID, on)
		return err
	})
	return list, wrap("list the residences", err)
}

// Dwellings lists the dwellings of a residence that are in stock on a day, with
// the lease of that day. The residence of another operator than operatorID has
// none; an empty operatorID stands for all. Passwords are left out.
func (s *Store) Dwellings(ctx context.Context, operatorID, residenceID string, on directory.Date) ([]directory.DwellingState, error) {
	var list []directory.DwellingState
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, scanDwellingState, `
			SELECT d.id, d.residence_id, d.ref, d.door, d.login, d.from_date, d.until_date,
				COALESCE(l.id, ''), COALESCE(l.ref, ''), COALESCE(l.from_date, 0), COALESCE(l.until_date, 0)
			FROM dwelling d
			JOIN residence r ON r.id = d.residence_id
			JOIN sector s ON s.id = r.sector_id
			LEFT JOIN lease l ON l.dwelling_id = d.id AND l.from_date <= $3 AND (l.until_date = 0 OR l.until_date > $3)
			WHERE d.residence_id = $2 AND ($1 = '' OR s.operator_id = $1)
				AND d.from_date <= $3 AND (d.until_date = 0 OR d.until_date > $3)
			ORDER BY d.door, d.ref, d.id`, operatorID, residenceID, on)
		return err
	})
	return list, wrap("list the dwellings", err)
}

func scanDwellingState(row scanner) (directory.DwellingState, error) {
	var v directory.DwellingState
	var l directory.Lease
	d := &v.Dwelling
	err := row.Scan(&d.ID, &d.ResidenceID, &d.Ref, &d.Door, &d.Login, &d.Stock.From, &d.Stock.Until,
		&l.ID, &l.Ref, &l.Period.From, &l.Period.Until)
	if l.ID != "" {
		l.DwellingID = d.ID
		v.Lease = &l
	}
	return v, err
}
