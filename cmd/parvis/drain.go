package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/metrics"
)

// presence is what tells how many devices of a dwelling are on.
type presence interface {
	Present(ctx context.Context, dwellingID string, mac directory.MAC, until time.Time) error
	Absent(ctx context.Context, dwellingID string, mac directory.MAC) error
}

// drain carries accounting records from the journal into the store, and what
// they changed to those who count in memory.
type drain struct {
	store        *store.Store
	register     *directory.Register
	presence     presence
	accessPoints *metrics.AccessPoints
	log          *slog.Logger
}

// apply is what the journal calls with each batch. An error means that nothing
// of the batch was applied.
func (d *drain) apply(ctx context.Context, node string, batch []accounting.Record) error {
	changes, err := d.store.ApplyEvents(ctx, node, batch)
	if err != nil {
		return fmt.Errorf("store %d accounting records: %w", len(batch), err)
	}
	d.observe(ctx, changes)
	return nil
}

// observe tells the metrics and the presence. Presence is a help against too
// many devices at once, not a record: when it cannot be reached people stay in.
func (d *drain) observe(ctx context.Context, changes []accounting.Change) {
	for _, c := range changes {
		d.accessPoints.Observe(c)
		if c.After.DwellingID == "" {
			continue
		}
		var err error
		if c.After.Open() {
			err = d.presence.Present(ctx, c.After.DwellingID, c.After.MAC, c.After.UpdatedAt.Add(d.silence(c.After)))
		} else {
			err = d.presence.Absent(ctx, c.After.DwellingID, c.After.MAC)
		}
		if err != nil {
			d.log.Debug("presence not updated", "err", err)
		}
	}
}

// silence is how long a session may say nothing before it no longer counts:
// two and a half interim intervals, because one lost packet is no departure.
func (d *drain) silence(s accounting.Session) time.Duration {
	snapshot := d.register.Snapshot()
	var planID string
	if dwelling := snapshot.Dwelling(s.DwellingID); dwelling != nil {
		if residence := snapshot.Residence(dwelling.ResidenceID); residence != nil {
			planID = residence.PlanID
		}
	} else if zone := snapshot.Zone(s.ZoneID); zone != nil {
		planID = zone.PlanID
	}
	return sessionSilence(snapshot.Plan(planID))
}

const defaultInterim = 10 * time.Minute // RFC 2869 §5.16: SHOULD NOT be less than 600 s

func sessionSilence(p *directory.Plan) time.Duration {
	interim := defaultInterim
	if p != nil && p.Interim > 0 {
		interim = p.Interim
	}
	return interim*5/2 + 30*time.Second
}
