package live

import (
	"context"
	"time"

	"parvis/internal/directory"
)

// PutTicket keeps t for ttl under the keyed hash of its code; the code itself
// is never seen here. ErrFull when there is no room.
func (m *Memory) PutTicket(_ context.Context, hash string, t directory.Ticket, ttl time.Duration) error {
	now := m.now()
	ok := m.tickets.update(boundKey(hash), now.UnixMilli(), func(directory.Ticket, bool) (directory.Ticket, int64, bool) {
		return t, now.Add(ttl).UnixMilli(), ttl > 0
	})
	if !ok {
		m.dropped.WithLabelValues(kindTicket).Inc()
		return ErrFull
	}
	return nil
}

// RedeemTicket returns the ticket and takes it away: of any number of callers,
// one gets it. ok is false when it is not there, or no longer.
func (m *Memory) RedeemTicket(_ context.Context, hash string) (t directory.Ticket, ok bool, err error) {
	m.tickets.update(boundKey(hash), m.now().UnixMilli(), func(old directory.Ticket, there bool) (directory.Ticket, int64, bool) {
		t, ok = old, there
		return old, 0, false
	})
	return t, ok, nil
}
