package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"strconv"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

const (
	// orderTaken is how long a running server may take to see an order.
	orderTaken = 5 * time.Second
	// orderTime is how long an order is waited for; a NAS is given up before.
	orderTime = 15 * time.Second
	orderPoll = 100 * time.Millisecond
	// ordersAtOnce bounds the sessions of one command to what one server takes up at once.
	ordersAtOnce = intentsAtOnce
)

// orders writes down what somebody wants of a session, and waits for a running
// server to carry it out.
type orders struct {
	store *store.Store
	now   func() time.Time
	// notify tells the servers at once; nil where they have to find it.
	notify func(ctx context.Context) error
}

// errNoServer says that nobody is there to ask the NAS.
var errNoServer = fmt.Errorf("no running server took it up within %v, and nothing was sent: is parvis serve running, on this installation?", orderTaken)

// place writes the intent. actor is who the audit trail names.
func (o orders) place(ctx context.Context, i store.Intent, actor string) (store.Intent, error) {
	i.At = o.now()
	i.ID = directory.NewID(i.At)
	detail := "by " + i.By
	if i.Kind == store.IntentChange {
		detail = fmt.Sprintf("to %d/%d kbit/s down/up %s", i.DownKbps, i.UpKbps, detail)
	}
	err := o.store.Intend(ctx, i, directory.AuditEntry{
		At: i.At, Actor: actor, Action: "session." + i.Kind, Subject: i.SessionKey, Detail: detail,
	})
	if err != nil {
		return i, err
	}
	if o.notify != nil {
		_ = o.notify(ctx) // the servers look every second anyway
	}
	return i, nil
}

// await returns the intent once it is known what became of it, errNoServer when
// nobody takes it up, and it as it is after orderTime.
func (o orders) await(ctx context.Context, i store.Intent) (store.Intent, error) {
	waited := max(0, o.now().Sub(i.At)) // several are placed, and then awaited one by one
	ctx, cancel := context.WithTimeout(ctx, max(orderPoll, orderTime-waited))
	defer cancel()
	tick := time.NewTicker(orderPoll)
	defer tick.Stop()
	taken := time.NewTimer(max(orderPoll, orderTaken-waited))
	defer taken.Stop()
	id := i.ID
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return i, nil
			}
			return i, ctx.Err()
		case <-taken.C:
			withdrawn, err := o.store.WithdrawIntent(ctx, id)
			if err != nil {
				return i, err
			}
			if withdrawn {
				return i, errNoServer
			}
		case <-tick.C:
		}
		now, ok, err := o.store.Intent(ctx, id)
		switch {
		case ctx.Err() != nil:
			continue
		case err != nil:
			return i, err
		case !ok:
			return i, errors.New("the order is gone from the database")
		}
		i = now
		if i.State.Final() {
			return i, nil
		}
	}
}

func (a *app) sessionDisconnect(ctx context.Context, args []string) error {
	f := a.flags("session disconnect", "--mac M | --login L | --session KEY --by USER (--config F | --dir D) [--json]")
	c := &orderCommand{app: a, f: f}
	c.flags()
	mac := f.String("mac", "", "every session of the `device` with this address")
	f.StringVar(&c.filter.Login, "login", "", "every session of this `login`")
	if err := parse(f, args); err != nil {
		return err
	}
	given := 0
	for _, v := range []string{*mac, c.filter.Login, c.filter.Key} {
		if v != "" {
			given++
		}
	}
	if given != 1 {
		return usagef("session disconnect: say which: one of --mac, --login and --session")
	}
	if *mac != "" {
		var err error
		if c.filter.MAC, err = directory.ParseMAC(*mac); err != nil {
			return usagef("session disconnect: --mac: %w", err)
		}
	}
	return c.run(ctx, store.Intent{Kind: store.IntentDisconnect})
}

func (a *app) sessionChange(ctx context.Context, args []string) error {
	f := a.flags("session change", "--session KEY --down 5000 --up 1000 --by USER (--config F | --dir D) [--json]")
	c := &orderCommand{app: a, f: f}
	c.flags()
	down := f.Uint64("down", 0, "`kbit/s` towards the device")
	up := f.Uint64("up", 0, "`kbit/s` from the device")
	if err := parse(f, args); err != nil {
		return err
	}
	if c.filter.Key == "" {
		return usagef("session change: say which: --session KEY, as parvis session list shows it")
	}
	for name, v := range map[string]uint64{"down": *down, "up": *up} {
		if v == 0 || v > math.MaxUint32 {
			return usagef("session change: --%s is a rate in kbit/s from 1 to %s", name, strconv.FormatUint(math.MaxUint32, 10))
		}
	}
	return c.run(ctx, store.Intent{Kind: store.IntentChange, DownKbps: uint32(*down), UpKbps: uint32(*up)})
}

// orderCommand is what disconnect and change have in common.
type orderCommand struct {
	app    *app
	f      *flag.FlagSet
	from   source
	filter accounting.Filter
	by     string
	asJSON bool
}

func (c *orderCommand) flags() {
	c.from.flags(c.f)
	c.f.StringVar(&c.filter.Key, "session", "", "the session with this `key`, as parvis session list shows it")
	c.f.StringVar(&c.by, "by", "", "console `user` who wants it")
	c.f.BoolVar(&c.asJSON, "json", false, "print JSON")
}

func (c *orderCommand) run(ctx context.Context, want store.Intent) error {
	return c.app.withStore(ctx, c.from, func(_ config.Config, db *store.Store) error {
		var err error
		if want.By, err = sessionUser(ctx, db, c.by); err != nil {
			return err
		}
		sessions, err := db.OpenSessions(ctx, c.filter, ordersAtOnce+1)
		switch {
		case err != nil:
			return err
		case len(sessions) == 0:
			return errors.New("no session is open that fits: parvis session list shows those that are")
		case len(sessions) > ordersAtOnce:
			return fmt.Errorf("more than %d sessions fit: name them one by one", ordersAtOnce)
		}
		o := orders{store: db, now: c.app.now}
		var placed []store.Intent
		for _, s := range sessions {
			want.SessionKey = s.Key
			i, err := o.place(ctx, want, "command line")
			if err != nil {
				return err
			}
			placed = append(placed, i)
		}
		return c.report(ctx, o, sessions, placed)
	})
}

// orderRow is what became of one order.
type orderRow struct {
	Session string `json:"session"`
	MAC     string `json:"mac"`
	State   string `json:"state"`
	Cause   uint32 `json:"cause"` // Error-Cause, RFC 5176 §3.5; 0 when there is none
	Result  string `json:"result"`
}

// report waits for every order and says what became of it. Anything but an
// acknowledgement of all is a failure of the command.
func (c *orderCommand) report(ctx context.Context, o orders, sessions []accounting.Session, placed []store.Intent) error {
	rows, failed := []orderRow{}, 0
	var lost error
	for n, i := range placed {
		done, err := o.await(ctx, i)
		if err != nil && !errors.Is(err, errNoServer) {
			return err
		}
		row := orderRow{Session: i.SessionKey, MAC: sessions[n].MAC.String(), State: string(done.State), Cause: done.Cause, Result: wantedWords(done)}
		if err != nil {
			row.State, row.Result, lost = string(store.IntentExpired), "nothing was sent", err
		}
		if done.State != store.IntentACK {
			failed++
		}
		rows = append(rows, row)
	}
	if c.asJSON {
		if err := writeJSON(c.app.stdout, rows); err != nil {
			return err
		}
	} else {
		for _, r := range rows {
			fmt.Fprintf(c.app.stdout, "%s: %s.\n", r.MAC, r.Result)
		}
	}
	switch {
	case lost != nil:
		return lost
	case failed > 0:
		return fmt.Errorf("%d of %d not done", failed, len(rows))
	}
	return nil
}
