package live

import (
	"context"
	"sync"
	"time"
)

// maxLeases is far above the handful of jobs that take one.
const maxLeases = 1024

type lease struct {
	holder string
	until  time.Time
}

type leaseTable struct {
	mu   sync.Mutex
	held map[string]lease
}

// Acquire takes the lease for ttl, or renews it, and reports whether holder has
// it now. It is free when nobody has it or its time is over.
func (m *Memory) Acquire(_ context.Context, name, holder string, ttl time.Duration) (bool, error) {
	now := m.now()
	m.leases.mu.Lock()
	defer m.leases.mu.Unlock()
	l, known := m.leases.held[name]
	if known && l.holder != holder && l.until.After(now) {
		return false, nil
	}
	if !known && len(m.leases.held) >= maxLeases {
		m.dropped.WithLabelValues(kindLease).Inc()
		return false, ErrFull
	}
	m.leases.held[name] = lease{holder, now.Add(ttl)}
	return true, nil
}

// Release gives the lease back if holder still has it, and does nothing else.
func (m *Memory) Release(_ context.Context, name, holder string) error {
	m.leases.mu.Lock()
	defer m.leases.mu.Unlock()
	if m.leases.held[name].holder == holder {
		delete(m.leases.held, name)
	}
	return nil
}
