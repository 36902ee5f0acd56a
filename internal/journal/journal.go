package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/accounting"
)

// What Append may return besides an error of the disk or of the context. None
// of them may be answered with an Accounting-Response.
var (
	ErrFull   = errors.New("the journal is full")
	ErrClosed = errors.New("the journal is closed")
)

// Options of a journal. Only Path is required.
type Options struct {
	Path string // of the SQLite file; made when it is not there

	// MaxRecords bounds what waits for the store; 5,000,000 when 0, about 1 GB.
	MaxRecords int
	// MaxBytes bounds the main file; no bound when 0. The write-ahead log
	// beside it adds some megabytes.
	MaxBytes int64
	// QueueLimit bounds the events that wait for a commit; 4,096 when 0.
	QueueLimit int
	// ProbeInterval is how often a journal that cannot write tries again by
	// itself; 1 s when 0.
	ProbeInterval time.Duration

	// Applied returns the number of the last record that the store took of a node,
	// 0 for one that it does not know. Where that is beyond any number that the
	// file has given, the file was brought back from a backup, or is a copy of
	// another node's: the store would take its next records for old ones and drop
	// them. The journal then goes on under a new name. nil: not asked.
	Applied func(node string) (int64, error)

	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

// Journal is an open queue. All its methods are safe for concurrent use.
type Journal struct {
	now     func() time.Time
	log     *slog.Logger
	metrics *metrics
	file    *file
	dir     string
	node    string
	max     int64
	probing time.Duration

	records atomic.Int64 // durable, not yet in the store
	broken  atomic.Bool  // the last write failed; set and cleared by the writer
	settled atomic.Bool  // what was in the file at the start is known to be on disk

	queue    chan waiting
	trims    chan trimming
	wake     chan struct{} // one token: something was appended
	draining chan struct{} // one token: the right to drain

	closing   chan struct{}
	closeOnce sync.Once
	stopped   chan struct{} // the writer has ended
	closeErr  error
}

// waiting is an event that was handed in and not yet committed.
type waiting struct {
	row  row
	done chan error // holds one, so that the writer never waits for a caller
}

// Open opens or makes the journal at opts.Path. When the disk is full it still
// opens an existing journal, which is then not writable until there is room.
func Open(opts Options) (*Journal, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.MaxRecords <= 0 {
		opts.MaxRecords = 5_000_000
	}
	if opts.QueueLimit <= 0 {
		opts.QueueLimit = 4096
	}
	if opts.ProbeInterval <= 0 {
		opts.ProbeInterval = time.Second
	}
	m, err := newMetrics(opts.Registerer)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	f, node, err := openFile(opts.Path, opts.MaxBytes, opts.Now())
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", opts.Path, err)
	}
	node, err = renew(f, node, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", opts.Path, err), f.close())
	}
	records, oldest, err := f.extent()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", opts.Path, err), f.close())
	}
	j := &Journal{
		now: opts.Now, log: opts.Log, metrics: m, file: f, dir: filepath.Dir(f.path), node: node,
		max: int64(opts.MaxRecords), probing: opts.ProbeInterval,
		queue: make(chan waiting, opts.QueueLimit), trims: make(chan trimming),
		wake: make(chan struct{}, 1), draining: make(chan struct{}, 1),
		closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	j.draining <- struct{}{}
	j.setRecords(records)
	j.setOldest(oldest)
	// A process that died after a failed fsync left frames that may be in the
	// page cache only: nothing is drained or accepted before they are on disk.
	j.broken.Store(true)
	if err := j.recover(); err != nil {
		j.failed("open", err)
	}
	j.measure()
	go j.run()
	return j, nil
}

// renew gives the file a new name where the store is ahead of it. What waits in
// it is offered under the new name: events are idempotent, and some may be its own.
func renew(f *file, node string, opts Options) (string, error) {
	if opts.Applied == nil {
		return node, nil
	}
	applied, err := opts.Applied(node)
	if err != nil {
		return "", fmt.Errorf("ask how far the store is: %w", err)
	}
	given, err := f.given()
	if err != nil || applied <= given {
		return node, err
	}
	name, err := f.rename(opts.Now())
	if err == nil {
		opts.Log.Warn("journal: this file is an old copy, and goes on under a new name", "given", given, "applied", applied, "node", name)
	}
	return name, err
}

// Node names this journal: together with Record.Seq it names a record for ever.
func (j *Journal) Node() string { return j.node }

// Len returns how many durable records wait for the store.
func (j *Journal) Len() int { return int(j.records.Load()) }

// Append returns nil once e is on disk and synced, and only then; it is safe to
// answer the NAS. Otherwise e must not be answered for: ErrFull at once when too
// many wait, ErrClosed, an error of the disk, or that of ctx. After any but the
// first, e may still have been stored, which is harmless: events are idempotent.
// Instants are kept to the millisecond. Octets of a text that are not UTF-8 are
// replaced by U+FFFD.
func (j *Journal) Append(ctx context.Context, e accounting.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	body, err := encode(clean(e))
	if err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	if j.full() {
		j.metrics.refused.WithLabelValues(refusedFull).Inc()
		return ErrFull
	}
	select {
	case <-j.closing:
		return ErrClosed
	default:
	}
	w := waiting{row: row{arrived: j.now().UnixMilli(), body: body}, done: make(chan error, 1)}
	select {
	case j.queue <- w:
	default:
		j.metrics.refused.WithLabelValues(refusedQueue).Inc()
		return ErrFull
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-j.stopped:
		select {
		case err := <-w.done: // committed by the last batch
			return err
		default:
			return ErrClosed
		}
	}
}

// Writable reports whether an event would be accepted now. When not,
// Status-Server must stay silent, so that the NAS fails over (RFC 3539 §3.4).
func (j *Journal) Writable() bool {
	select {
	case <-j.closing:
		return false
	default:
		return !j.broken.Load() && !j.full()
	}
}

// full counts those that wait for a commit, so that the bound holds exactly
// but for the callers that stand between the two lines.
func (j *Journal) full() bool { return j.records.Load()+int64(len(j.queue)) >= j.max }

// Close commits what waits, ends the writer and closes the file. Drain returns
// ErrClosed.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() { close(j.closing) })
	<-j.stopped
	return j.closeErr
}
