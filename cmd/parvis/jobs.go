package main

import (
	"context"
	"log/slog"
	"time"

	"parvis/internal/directory"
	"parvis/internal/store"
)

// leaser lets one node of several do the jobs.
type leaser interface {
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
}

// jobs are what happens by itself: sessions whose Stop was lost are closed, and
// personal data goes at its date.
type jobs struct {
	store    *store.Store
	register *directory.Register
	drain    *drain
	leases   leaser
	holder   string
	now      func() time.Time
	log      *slog.Logger
}

const (
	reapEvery   = time.Minute
	reapBatch   = 1000
	retainEvery = time.Hour
)

func (j *jobs) run(ctx context.Context) {
	reap, retain := time.NewTicker(reapEvery), time.NewTicker(retainEvery)
	defer reap.Stop()
	defer retain.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-reap.C:
			j.once(ctx, "reap", j.reap)
		case <-retain.C:
			j.register.Devices.Sweep(j.now())
			j.once(ctx, "retain", j.retain)
		}
	}
}

// once runs a job on the node that gets the lease.
func (j *jobs) once(ctx context.Context, name string, job func(context.Context) error) {
	mine, err := j.leases.Acquire(ctx, "job:"+name, j.holder, reapEvery)
	if err != nil || !mine {
		return
	}
	if err := job(ctx); err != nil && ctx.Err() == nil {
		j.log.Error("a job failed and will be tried again", "job", name, "err", err)
	}
}

// reap closes sessions of which nothing was heard for longer than the slowest
// plan allows.
func (j *jobs) reap(ctx context.Context) error {
	longest := sessionSilence(nil)
	for _, p := range j.register.Snapshot().Plans() {
		longest = max(longest, sessionSilence(p))
	}
	for {
		changes, err := j.store.ExpireSessions(ctx, j.now().Add(-longest), reapBatch)
		if err != nil {
			return err
		}
		j.drain.observe(ctx, changes)
		if len(changes) < reapBatch {
			return nil
		}
	}
}

func (j *jobs) retain(ctx context.Context) error {
	deleted, err := j.store.DeleteExpired(ctx, j.now())
	if err != nil {
		return err
	}
	j.log.Info("what reached its retention date is deleted", "devices", deleted.Devices, "consents", deleted.Consents,
		"logins", deleted.Logins, "sessions", deleted.Sessions)
	return nil
}
