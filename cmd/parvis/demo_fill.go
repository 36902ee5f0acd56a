package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"parvis/billing"
	"parvis/cmd/parvis/demo"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
)

// fill writes the sample commune into an empty database. One that holds a
// commune already goes on as it is.
func (d *demoCommand) fill(ctx context.Context, cfg config.Config, log *slog.Logger) (err error) {
	db, err := openStore(ctx, cfg, d.app.now, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	operators, err := db.Operators(ctx)
	if err != nil || len(operators) > 0 {
		return err
	}
	hash, err := console.HashPassword(demo.Secret)
	if err != nil {
		return err
	}
	s := &d.sample
	s.Complete(cfg.Keys.Ticket, hash)
	if err := db.Import(ctx, s.Commune); err != nil {
		return fmt.Errorf("write the sample commune: %w", err)
	}
	for _, device := range s.Devices {
		if err := db.Accept(ctx, directory.Consent{Device: device, Language: "fr"}); err != nil {
			return err
		}
	}
	return d.issueTwoMonths(ctx, db)
}

// unbilled is the last month that is over: the one that waits to be charged.
func (d *demoCommand) unbilled() directory.Month {
	return directory.MonthOf(directory.DateOf(d.app.now())) - 1
}

// issueTwoMonths charges the two months before the unbilled one, each on the
// 5th of the month that follows it, as a commune would have.
func (d *demoCommand) issueTwoMonths(ctx context.Context, db *store.Store) error {
	for _, m := range []directory.Month{d.unbilled() - 2, d.unbilled() - 1} {
		first := (m + 1).Period().From.Time()
		day := time.Date(first.Year(), first.Month(), 5, 9, 0, 0, 0, d.app.now().Location())
		engine := billing.Engine{Ledger: db, Now: func() time.Time { return day }}
		for _, o := range d.sample.Operators {
			if err := d.issue(ctx, engine, o, m); err != nil {
				return fmt.Errorf("charge %s to %s: %w", m, o.Name, err)
			}
		}
	}
	return nil
}

func (d *demoCommand) issue(ctx context.Context, engine billing.Engine, o directory.Operator, m directory.Month) error {
	own := ""
	for _, u := range d.sample.Users {
		if u.OperatorID == o.ID {
			own = u.Name
		}
	}
	if _, err := engine.Draft(ctx, o.ID, m, "admin"); err != nil {
		return err
	}
	if _, err := engine.Approve(ctx, o.ID, m, own); err != nil {
		return err
	}
	_, err := engine.Issue(ctx, o.ID, m, "admin")
	return err
}
