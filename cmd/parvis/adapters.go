package main

import (
	"context"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/live"
	"parvis/internal/store"
	"parvis/metrics"
	"parvis/portal/console"
	"parvis/radius"
)

// The rooms do not know each other; what follows fits one to another.

// limits gives portal and console the rate limits in plain words.
type limits struct{ shared }

func (l limits) Allow(ctx context.Context, key string, burst int, every time.Duration) (bool, time.Duration, error) {
	return l.shared.Allow(ctx, key, live.Limit{Burst: burst, Every: every})
}

// portalStore tells the other nodes at once of a device that accepted.
type portalStore struct {
	*store.Store
	live shared
}

func (s portalStore) Accept(ctx context.Context, c directory.Consent) error {
	return s.tell(ctx, s.Store.Accept(ctx, c))
}

func (s portalStore) Forget(ctx context.Context, mac directory.MAC, terms string) error {
	return s.tell(ctx, s.Store.Forget(ctx, mac, terms))
}

func (s portalStore) OpenSessions(ctx context.Context, f accounting.Filter, limit int) ([]accounting.Session, error) {
	return s.Store.OpenSessions(ctx, f, limit)
}

// tell is best effort: the others poll the change feed anyway.
func (s portalStore) tell(ctx context.Context, err error) error {
	if err == nil {
		_ = s.live.Publish(ctx, changesTopic)
	}
	return err
}

// health tells the console what the metrics tell Prometheus.
type health struct{ points *metrics.AccessPoints }

func (h health) AccessPoint(id string) (state string, heard time.Time, sessions int, in, out uint64) {
	s := h.points.Health(id)
	return string(s.State), s.LastHeard, s.Sessions, s.In, s.Out
}

// clients tells the console what this RADIUS server has seen of its clients, and
// what all of them have written down.
type clients struct {
	server *radius.Server
	store  *store.Store
}

func (c clients) Clients(ctx context.Context) ([]console.ClientSeen, error) {
	old, err := c.store.OldSecretUses(ctx)
	if err != nil {
		return nil, err
	}
	var list []console.ClientSeen
	for _, s := range c.server.Clients() {
		list = append(list, console.ClientSeen{
			NASID: s.NASID, Heard: s.HeardAt, Unsigned: s.UnsignedAt, Refused: s.RefusedAt, Signs: s.Signs,
			OldSecret: old[s.NASID], Limited: s.LimitedAt, Connections: s.Connections,
		})
		delete(old, s.NASID)
	}
	for id, at := range old { // only other servers were asked by these
		list = append(list, console.ClientSeen{NASID: id, OldSecret: at})
	}
	return list, nil
}
