package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"parvis/internal/directory"
)

func ticketKey(hash string) string { return prefix + "ticket:" + boundKey(hash) }

// PutTicket is as in Memory; Redis bounds by its own maxmemory.
func (r *Redis) PutTicket(ctx context.Context, hash string, t directory.Ticket, ttl time.Duration) error {
	if ttl <= 0 {
		return nil
	}
	value, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("live: put ticket: %w", err)
	}
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	if err := r.client.Set(ctx, ticketKey(hash), value, ceilMillis(ttl)).Err(); err != nil {
		return fmt.Errorf("live: put ticket: %w", err)
	}
	return nil
}

// RedeemTicket is as in Memory. GETDEL makes it once among all nodes. When the
// answer gets lost on its way the ticket is gone: better than twice.
func (r *Redis) RedeemTicket(ctx context.Context, hash string) (directory.Ticket, bool, error) {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	value, err := r.client.GetDel(ctx, ticketKey(hash)).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return directory.Ticket{}, false, nil
	case err != nil:
		return directory.Ticket{}, false, fmt.Errorf("live: redeem ticket: %w", err)
	}
	var t directory.Ticket
	if err := json.Unmarshal(value, &t); err != nil {
		return directory.Ticket{}, false, fmt.Errorf("live: redeem ticket: %w", err)
	}
	return t, true, nil
}
