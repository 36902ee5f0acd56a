package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
	"parvis/radius/dynauth"
)

// intentsTopic is the notice that somebody wants something of a session.
const intentsTopic = "intents"

const (
	// intentsEvery is how often the store is asked: the command line writes to
	// it without telling anybody.
	intentsEvery = time.Second
	// intentsAtOnce bounds what is under way on one node; the rest waits in the
	// store, where another node may take it.
	intentsAtOnce = 16
	// intentTime bounds one intent, its exchange with the NAS included.
	intentTime = 20 * time.Second
)

// intents carries out what people want of sessions. Only here are NASes asked:
// a NAS takes such requests from its RADIUS server's address alone, and the
// metrics are this process's.
type intents struct {
	store  *store.Store
	client *dynauth.Client
	log    *slog.Logger
	slots  chan struct{}
}

func newIntents(db *store.Store, register *directory.Register, listen []netip.AddrPort, reverse dynauth.Reverse, now func() time.Time, log *slog.Logger, reg prometheus.Registerer) (*intents, error) {
	var from []netip.Addr
	for _, a := range listen {
		from = append(from, a.Addr())
	}
	client, err := dynauth.New(dynauth.Options{
		Register: register, From: from, Reverse: reverse, AtOnce: intentsAtOnce, Now: now, Log: log, Registerer: reg,
	})
	return &intents{store: db, client: client, log: log, slots: make(chan struct{}, intentsAtOnce)}, err
}

// run takes up intents until ctx is done, and returns when those under way have
// ended or are written down as unknown.
func (i *intents) run(ctx context.Context, notice <-chan struct{}) {
	var under sync.WaitGroup
	defer under.Wait()
	tick := time.NewTicker(intentsEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-notice:
		case <-tick.C:
		}
		err := i.takeUp(ctx, &under)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			i.log.Error("nobody's sessions can be ended or changed for now", "err", err)
		}
		failing = err != nil
	}
}

// takeUp starts as many intents as there is room for.
func (i *intents) takeUp(ctx context.Context, under *sync.WaitGroup) error {
	room := cap(i.slots) - len(i.slots) // only this goroutine fills them
	if room == 0 {
		return nil
	}
	taken, err := i.store.TakeIntents(ctx, room)
	if err != nil {
		return err
	}
	for _, t := range taken {
		i.slots <- struct{}{}
		under.Go(func() {
			defer func() { <-i.slots }()
			i.carryOut(ctx, t)
		})
	}
	return nil
}

// carryOut asks the NAS and writes down what became of it, also while the
// program stops.
func (i *intents) carryOut(ctx context.Context, t store.Intent) {
	bounded, cancel := context.WithTimeout(ctx, intentTime)
	defer cancel()
	t = i.ask(bounded, t)
	end, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if err := i.store.EndIntent(end, t); err != nil {
		i.log.Error("what became of an intent is not written down; it will be shown as unknown", "intent", t.ID, "state", t.State, "err", err)
	}
}

func (i *intents) ask(ctx context.Context, t store.Intent) store.Intent {
	o, err := i.exchange(ctx, t)
	switch {
	case ctx.Err() != nil && err != nil:
		t.State, t.Detail = store.IntentUnknown, "the server stopped before the NAS had answered"
		return t
	case err != nil:
		t.State, t.Detail = store.IntentFailed, err.Error()
		return t
	}
	t.Instead, t.Cause, t.Detail = o.Instead, uint32(o.Cause), o.String()
	switch o.Result {
	case dynauth.ACK:
		t.State = store.IntentACK
	case dynauth.NAK:
		t.State = store.IntentNAK
	case dynauth.Timeout:
		t.State = store.IntentTimeout
	default:
		t.State = store.IntentFailed
	}
	return t
}

// exchange reads the session anew: it may have ended since somebody saw it.
func (i *intents) exchange(ctx context.Context, t store.Intent) (dynauth.Outcome, error) {
	sessions, err := i.store.OpenSessions(ctx, accounting.Filter{Key: t.SessionKey}, 1)
	if err != nil {
		return dynauth.Outcome{}, err
	}
	if len(sessions) == 0 {
		return dynauth.Outcome{}, dynauth.ErrEnded
	}
	switch t.Kind {
	case store.IntentDisconnect:
		return i.client.Disconnect(ctx, sessions[0])
	case store.IntentChange:
		return i.client.Change(ctx, sessions[0], access.Grant{DownKbps: t.DownKbps, UpKbps: t.UpKbps})
	}
	return dynauth.Outcome{}, errors.New("this version does not know how to " + t.Kind + " a session")
}

// sessions is how the console has a session ended: by an order like that of the
// command line, of which the servers are told at once.
func (n *node) sessions() console.Sessions {
	return consoleSessions{orders{store: n.store, now: n.now, notify: func(ctx context.Context) error {
		return n.live.Publish(ctx, intentsTopic)
	}}}
}

type consoleSessions struct{ orders }

func (s consoleSessions) Disconnect(ctx context.Context, key, by string) (console.Disconnected, error) {
	i, err := s.place(ctx, store.Intent{Kind: store.IntentDisconnect, SessionKey: key, By: by}, by)
	if err != nil {
		return console.Disconnected{}, err
	}
	i, err = s.await(ctx, i)
	if errors.Is(err, errNoServer) {
		return console.Disconnected{State: console.DisconnectFailed, Why: "other"}, nil
	}
	return disconnectedOf(i), err
}

func disconnectedOf(i store.Intent) console.Disconnected {
	d := console.Disconnected{State: console.DisconnectUnknown, Cause: i.Cause}
	switch i.State {
	case store.IntentACK:
		d.State = console.DisconnectACK
	case store.IntentNAK:
		d.State = console.DisconnectNAK
	case store.IntentTimeout:
		d.State = console.DisconnectTimeout
	case store.IntentExpired:
		d.State, d.Why = console.DisconnectFailed, "other"
	case store.IntentFailed:
		d.State, d.Why = console.DisconnectFailed, "other"
		for why, err := range map[string]error{
			"ended": dynauth.ErrEnded, "nas_gone": dynauth.ErrNASGone, "no_address": dynauth.ErrNoAddress,
			"tls_only": dynauth.ErrTLSOnly, "unnamed": dynauth.ErrUnnamed,
		} {
			if i.Detail == err.Error() {
				d.Why = why
			}
		}
	case store.IntentWanted, store.IntentSent, store.IntentUnknown:
	}
	return d
}
