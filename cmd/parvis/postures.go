package main

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"parvis/internal/store"
)

// postures writes down what the RADIUS server learns of its clients: who has
// proved that it signs, and who still uses its old secret. The server must not
// wait, so it only leaves word here; what could not be written is tried again.
type postures struct {
	store *store.Store
	tell  func(ctx context.Context) // the other nodes
	log   *slog.Logger

	mu    sync.Mutex
	signs map[string]bool // by NAS id: there are no more than NASes
	old   map[string]time.Time
	wake  chan struct{}
}

// postureRetry is how long to wait after the store failed.
const postureRetry = 10 * time.Second

func newPostures(s *store.Store, tell func(context.Context), log *slog.Logger) *postures {
	return &postures{
		store: s, tell: tell, log: log,
		signs: map[string]bool{}, old: map[string]time.Time{}, wake: make(chan struct{}, 1),
	}
}

// Signs implements radius.Clients.
func (p *postures) Signs(nasID string) { p.note(func() { p.signs[nasID] = true }) }

// OldSecret implements radius.Clients.
func (p *postures) OldSecret(nasID string, at time.Time) { p.note(func() { p.old[nasID] = at }) }

func (p *postures) note(write func()) {
	p.mu.Lock()
	write()
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run writes until ctx is done.
func (p *postures) run(ctx context.Context) {
	retry := time.NewTicker(postureRetry)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-retry.C:
		}
		if err := p.flush(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("what was learnt of RADIUS clients is not written down yet, and will be tried again", "err", err)
		}
	}
}

// flush writes what is there and forgets what was written.
func (p *postures) flush(ctx context.Context) error {
	p.mu.Lock()
	signs, old := maps.Clone(p.signs), maps.Clone(p.old)
	p.mu.Unlock()
	for id := range signs {
		changed, err := p.store.LatchSignature(ctx, id)
		if err != nil {
			return err
		}
		if changed {
			p.tell(ctx)
		}
		p.forget(func() { delete(p.signs, id) })
	}
	for id, at := range old {
		if err := p.store.UsedOldSecret(ctx, id, at); err != nil {
			return err
		}
		p.forget(func() {
			if p.old[id].Equal(at) {
				delete(p.old, id)
			}
		})
	}
	return nil
}

func (p *postures) forget(drop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	drop()
}
