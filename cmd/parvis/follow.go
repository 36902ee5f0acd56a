package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"parvis/internal/directory"
	"parvis/internal/store"
)

// changesTopic is the notice that the change feed has something new.
const changesTopic = "changes"

// follower keeps the register equal to the store. The store writes a row to its
// change feed in the transaction of every change; the follower reads on from
// the last row that it knows, at once when told so, else every pollEvery.
type follower struct {
	store    *store.Store
	register *directory.Register
	now      func() time.Time
	log      *slog.Logger
	last     int64
}

const (
	pollEvery   = time.Second // the bill command and other nodes write too
	changeBatch = 1000
)

// load fills the register. The place in the feed is read first: what changes
// meanwhile is read again, which does no harm.
func (f *follower) load(ctx context.Context) error {
	last, err := f.store.LastChange(ctx)
	if err != nil {
		return fmt.Errorf("read the change feed: %w", err)
	}
	if err := f.reload(ctx); err != nil {
		return err
	}
	err = f.store.EachDevice(ctx, f.now(), func(d directory.Device) error {
		f.register.Devices.Remember(d.MAC, d.Terms, d.Until)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the device memory: %w", err)
	}
	f.last = last
	return nil
}

// reload swaps the snapshot. A catalog with a contradiction is refused and the
// last good one stays.
func (f *follower) reload(ctx context.Context) error {
	catalog, err := f.store.Catalog(ctx)
	if err != nil {
		return fmt.Errorf("load the register: %w", err)
	}
	snapshot, err := directory.NewSnapshot(catalog)
	if err != nil {
		return fmt.Errorf("the register in the database contradicts itself: %w", err)
	}
	f.register.Swap(snapshot)
	return nil
}

func (f *follower) run(ctx context.Context, notice <-chan struct{}) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-notice:
		case <-tick.C:
		}
		err := f.catchUp(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			f.log.Error("the register is not up to date; what it holds goes on being used", "err", err)
		} else if err == nil && failing {
			f.log.Info("the register is up to date again")
		}
		failing = err != nil
	}
}

// catchUp applies what the feed holds behind last. Devices are updated one by
// one, anything else reloads the snapshot, once for the whole batch.
func (f *follower) catchUp(ctx context.Context) error {
	for {
		changes, err := f.store.Changes(ctx, f.last, changeBatch)
		if errors.Is(err, store.ErrChangesGone) {
			return f.load(ctx)
		}
		if err != nil {
			return fmt.Errorf("read the change feed: %w", err)
		}
		if len(changes) == 0 {
			return nil
		}
		reload := false
		for _, c := range changes {
			if c.Kind != store.ChangeDevice && c.Kind != store.ChangeForget {
				reload = true
				continue
			}
			if err := f.device(ctx, c); err != nil {
				return err
			}
		}
		if reload {
			if err := f.reload(ctx); err != nil {
				return err
			}
		}
		f.last = changes[len(changes)-1].Seq
	}
}

func (f *follower) device(ctx context.Context, c store.Change) error {
	mac, terms, err := c.Device()
	if err != nil {
		return err
	}
	d, ok, err := f.store.Device(ctx, mac, terms)
	if err != nil {
		return fmt.Errorf("read the device of a change: %w", err)
	}
	if !ok {
		f.register.Devices.Forget(mac, terms)
		return nil
	}
	f.register.Devices.Remember(d.MAC, d.Terms, d.Until)
	return nil
}
