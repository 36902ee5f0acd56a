package live

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/directory"
)

// MemoryOptions of NewMemory; the zero value is usable. The bounds are of
// entries, and are shared out evenly over the shards.
type MemoryOptions struct {
	MaxTickets  int // 100,000 when 0: a minute of 1,600 taps a second
	MaxPresence int // dwellings with a device on; 200,000 when 0
	MaxLimits   int // 200,000 when 0

	Now        func() time.Time
	Registerer prometheus.Registerer // nil: no metrics
}

// Memory keeps it in this process.
type Memory struct {
	now      func() time.Time
	dropped  *prometheus.CounterVec
	tickets  *shards[directory.Ticket]
	presence *shards[map[directory.MAC]int64]
	limits   *shards[int64]

	leases  leaseTable
	topics  topicTable
	refused refusalRing

	closing   chan struct{}
	closeOnce sync.Once
	swept     sync.WaitGroup
}

// sweepEvery is how often expired entries are cleared away; until then they
// only take room, and are never handed out.
const sweepEvery = time.Minute

// NewMemory returns an empty Memory; Close ends its sweeper. It panics when
// opts.Registerer holds its metric already.
func NewMemory(opts MemoryOptions) *Memory {
	orDefault := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	orDefault(&opts.MaxTickets, 100_000)
	orDefault(&opts.MaxPresence, 200_000)
	orDefault(&opts.MaxLimits, 200_000)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	dropped, err := newDropped(opts.Registerer)
	if err != nil {
		panic("live: " + err.Error()) // a mistake in the wiring, as with MustRegister
	}
	m := &Memory{
		now: opts.Now, dropped: dropped, closing: make(chan struct{}),
		tickets:  newShards[directory.Ticket](opts.MaxTickets),
		presence: newShards[map[directory.MAC]int64](opts.MaxPresence),
		limits:   newShards[int64](opts.MaxLimits),
		leases:   leaseTable{held: map[string]lease{}},
		topics:   topicTable{listeners: map[string]map[chan struct{}]struct{}{}},
	}
	m.swept.Go(m.sweepLoop)
	return m
}

func (m *Memory) sweepLoop() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.sweep()
		case <-m.closing:
			return
		}
	}
}

func (m *Memory) sweep() {
	now := m.now()
	m.tickets.sweep(now.UnixMilli())
	m.presence.sweep(now.UnixMilli())
	m.limits.sweep(now.UnixMilli())
	m.refused.expire(now)
}

// Close ends the sweeper and every subscription.
func (m *Memory) Close() error {
	m.closeOnce.Do(func() {
		close(m.closing)
		m.topics.closeAll()
	})
	m.swept.Wait()
	return nil
}
