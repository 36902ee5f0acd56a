package store

import (
	"context"
	"database/sql"

	"parvis/internal/directory"
)

const upsertOperator = `
	INSERT INTO operator (id, name, siren) VALUES ($1, $2, $3)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, siren = excluded.siren`

func operatorArgs(o directory.Operator) ([]any, error) {
	return []any{o.ID, o.Name, o.SIREN}, o.Validate()
}

// PutOperator writes a housing operator, new or changed.
func (s *Store) PutOperator(ctx context.Context, o directory.Operator) error {
	return put(ctx, s, "operator", upsertOperator, o.ID, o, operatorArgs)
}

const upsertSector = `
	INSERT INTO sector (id, operator_id, name) VALUES ($1, $2, $3)
	ON CONFLICT (id) DO UPDATE SET operator_id = excluded.operator_id, name = excluded.name`

func sectorArgs(c directory.Sector) ([]any, error) {
	return []any{c.ID, c.OperatorID, c.Name}, c.Validate()
}

// PutSector writes a sector, new or changed.
func (s *Store) PutSector(ctx context.Context, c directory.Sector) error {
	return put(ctx, s, "sector", upsertSector, c.ID, c, sectorArgs)
}

const upsertAgreement = `
	INSERT INTO agreement (id, sector_id, form, reference, from_date, until_date) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO UPDATE SET sector_id = excluded.sector_id, form = excluded.form,
		reference = excluded.reference, from_date = excluded.from_date, until_date = excluded.until_date`

func agreementArgs(a directory.Agreement) ([]any, error) {
	return []any{a.ID, a.SectorID, a.Form, a.Reference, a.Period.From, a.Period.Until}, a.Validate()
}

// PutAgreement writes an agreement, new or changed.
func (s *Store) PutAgreement(ctx context.Context, a directory.Agreement) error {
	return put(ctx, s, "agreement", upsertAgreement, a.ID, a, agreementArgs)
}

const upsertResidence = `
	INSERT INTO residence (id, sector_id, name, address, ssid, plan_id) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO UPDATE SET sector_id = excluded.sector_id, name = excluded.name, address = excluded.address,
		ssid = excluded.ssid, plan_id = excluded.plan_id`

func residenceArgs(r directory.Residence) ([]any, error) {
	return []any{r.ID, r.SectorID, r.Name, r.Address, r.SSID, r.PlanID}, r.Validate()
}

// PutResidence writes a residence, new or changed.
func (s *Store) PutResidence(ctx context.Context, r directory.Residence) error {
	return put(ctx, s, "residence", upsertResidence, r.ID, r, residenceArgs)
}

const upsertDwelling = `
	INSERT INTO dwelling (id, residence_id, ref, door, login, password, from_date, until_date)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT (id) DO UPDATE SET residence_id = excluded.residence_id, ref = excluded.ref, door = excluded.door,
		login = excluded.login,
		password = CASE WHEN LENGTH(excluded.password) = 0 THEN dwelling.password ELSE excluded.password END,
		from_date = excluded.from_date, until_date = excluded.until_date`

func (s *Store) dwellingArgs(d directory.Dwelling) ([]any, error) {
	login, err := directory.ParseLogin(d.Login)
	if err == nil {
		d.Login = login
	}
	whole := d
	if whole.Password.IsZero() {
		whole.Password = directory.NewSecret("kept as it is")
	}
	err = whole.Validate()
	if err != nil {
		return nil, err
	}
	return []any{
		d.ID, d.ResidenceID, d.Ref, d.Door, d.Login, s.seal("dwelling.password", d.ID, d.Password),
		d.Stock.From, d.Stock.Until,
	}, nil
}

// PutDwellings writes dwellings, new or changed, all or none. A zero Password
// keeps the one that is there. Up to five minutes.
func (s *Store) PutDwellings(ctx context.Context, list []directory.Dwelling) error {
	if len(list) == 0 {
		return nil
	}
	return s.writeFor(ctx, longTimeout, func(tx *sql.Tx) error {
		err := putAll(ctx, tx, "dwelling", upsertDwelling, list, s.dwellingArgs)
		if err != nil {
			return err
		}
		subject := ""
		if len(list) == 1 {
			subject = list[0].ID
		}
		return recordChange(ctx, tx, "dwelling", subject, millis(s.now()))
	})
}
