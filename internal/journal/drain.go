package journal

import (
	"context"
	"errors"
	"time"

	"parvis/internal/accounting"
)

// drainBatch is how many records the store is given at once.
const drainBatch = 1000

// ApplyFunc takes a batch of records of one node, in the order of Seq, into the
// store in one transaction, exactly once for each (node, Seq).
type ApplyFunc = func(ctx context.Context, node string, batch []accounting.Record) error

// rejection is a row that cannot be read.
type rejection struct {
	row
	reason string
}

// Drain gives the records to apply, oldest first, until ctx is done (it then
// returns nil) or the journal is closed (ErrClosed). What apply took is
// deleted; when apply fails the same batch is tried again, after 100 ms at
// first and 5 s at most. An Append wakes it at once.
func (j *Journal) Drain(ctx context.Context, apply ApplyFunc) error {
	failures := 0
	for {
		n, err := j.DrainOnce(ctx, apply)
		var pause <-chan time.Time
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrClosed):
			return err
		case err != nil:
			failures++
			if failures == 1 { // once for each outage, not once for each try
				j.log.Warn("journal: records wait for the store", "records", j.Len(), "error", err)
			}
			pause = time.After(backoff(failures))
		case n > 0:
			if failures > 0 {
				j.log.Info("journal: the store takes records again", "records", j.Len())
			}
			failures = 0
			continue
		default:
			failures = 0
		}
		wake := j.wake
		if pause != nil {
			wake = nil // a store that is away is not asked more often because events come in
		}
		select {
		case <-ctx.Done():
			return nil
		case <-j.closing:
			return ErrClosed
		case <-pause:
		case <-wake:
		}
	}
}

// backoff returns the pause after that many failures in a row.
func backoff(failures int) time.Duration {
	const first, most = 100 * time.Millisecond, 5 * time.Second
	if failures > 6 {
		return most
	}
	return min(most, first<<(failures-1))
}

// DrainOnce gives one batch to apply, and returns how many records left the
// queue: 0 when it is empty. An orderly shutdown calls it until then.
func (j *Journal) DrainOnce(ctx context.Context, apply ApplyFunc) (n int, err error) {
	select {
	case <-j.draining:
		defer func() { j.draining <- struct{}{} }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case <-j.closing:
		return 0, ErrClosed
	default:
	}
	if !j.settled.Load() {
		return 0, errors.New("journal: what is in the file is not known to be on disk")
	}
	rows, err := j.file.batch(drainBatch)
	if err != nil {
		j.metrics.errors.WithLabelValues(opRead).Inc()
		return 0, err
	}
	if len(rows) == 0 {
		return 0, nil
	}
	batch, rejected := j.decode(rows)
	if len(batch) > 0 {
		start := time.Now()
		err := apply(ctx, j.node, batch)
		result := "ok"
		if err != nil {
			result = "error"
		}
		j.metrics.store.WithLabelValues(result).Observe(time.Since(start).Seconds())
		if err != nil {
			return 0, err
		}
	}
	t := trimming{through: rows[len(rows)-1].seq, rejected: rejected, done: make(chan error, 1)}
	select {
	case j.trims <- t:
	case <-j.stopped: // the store will be given these again, and know them
		return 0, ErrClosed
	}
	if err := <-t.done; err != nil {
		return 0, err
	}
	return len(rows), nil
}

// decode parts the rows into what can be read and what must be set aside.
func (j *Journal) decode(rows []row) (batch []accounting.Record, rejected []rejection) {
	batch = make([]accounting.Record, 0, len(rows))
	for _, r := range rows {
		e, err := decode(r.body)
		if err != nil {
			j.metrics.errors.WithLabelValues(opRead).Inc()
			j.log.Error("journal: a record cannot be read and is set aside in the table rejected", "seq", r.seq, "error", err)
			rejected = append(rejected, rejection{row: r, reason: err.Error()})
			continue
		}
		batch = append(batch, accounting.Record{Seq: r.seq, Event: e})
	}
	return batch, rejected
}
