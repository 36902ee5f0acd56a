package store

import (
	"context"
	"database/sql"

	"parvis/billing"
	"parvis/internal/directory"
)

// Commune is a whole directory, or a part of one, to be written at once.
type Commune struct {
	Plans        []directory.Plan
	Zones        []directory.Zone
	NASes        []directory.NAS
	Operators    []directory.Operator
	Sectors      []directory.Sector
	Agreements   []directory.Agreement
	Residences   []directory.Residence
	AccessPoints []directory.AccessPoint
	Dwellings    []directory.Dwelling
	Outlets      []directory.Outlet
	Leases       []directory.Lease
	Cards        []directory.Card
	Users        []directory.User
	Tariffs      []billing.Tariff
}

// Import writes all of c, new or changed, in one transaction with one row of
// the change feed; what is there and not named in c stays. Up to five minutes,
// in which other writers of the directory wait.
func (s *Store) Import(ctx context.Context, c Commune) error {
	return s.writeFor(ctx, longTimeout, func(tx *sql.Tx) error {
		now := s.now()
		// What is referred to comes before what refers to it.
		for _, step := range []func() error{
			func() error { return putAll(ctx, tx, "plan", upsertPlan, c.Plans, planArgs) },
			func() error { return putAll(ctx, tx, "zone", upsertZone, c.Zones, zoneArgs) },
			func() error { return putAll(ctx, tx, "NAS", upsertNAS, c.NASes, s.nasArgs) },
			func() error { return putAll(ctx, tx, "operator", upsertOperator, c.Operators, operatorArgs) },
			func() error { return putAll(ctx, tx, "sector", upsertSector, c.Sectors, sectorArgs) },
			func() error { return putAll(ctx, tx, "agreement", upsertAgreement, c.Agreements, agreementArgs) },
			func() error { return putAll(ctx, tx, "residence", upsertResidence, c.Residences, residenceArgs) },
			func() error {
				return putAll(ctx, tx, "access point", upsertAccessPoint, c.AccessPoints, accessPointArgs)
			},
			func() error { return putAll(ctx, tx, "dwelling", upsertDwelling, c.Dwellings, s.dwellingArgs) },
			func() error { return putAll(ctx, tx, "outlet", upsertOutlet, c.Outlets, outletArgs) },
			func() error { return putLeases(ctx, tx, c.Leases) },
			func() error { return putAll(ctx, tx, "card", upsertCard, c.Cards, cardArgs) },
			func() error { return putUsers(ctx, tx, c.Users) },
			func() error {
				for _, t := range c.Tariffs {
					err := insertTariff(ctx, tx, t, now)
					if err != nil {
						return err
					}
				}
				return nil
			},
			func() error { return recordChange(ctx, tx, "import", "", millis(now)) },
		} {
			err := step()
			if err != nil {
				return wrap("import", err)
			}
		}
		return nil
	})
}
