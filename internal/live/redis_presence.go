package live

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"parvis/internal/directory"
)

// A dwelling's devices are a sorted set by the millisecond up to which they
// count.
func presenceKey(dwellingID string) string { return prefix + "presence:" + boundKey(dwellingID) }

// presentScript: KEYS[1] the dwelling; ARGV now, until, device, bound.
func presentScript() *redis.Script {
	return redis.NewScript(`
local key, now, till, device = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
redis.call('ZREMRANGEBYSCORE', key, '-inf', ARGV[1])
if till <= now then return 1 end
if not redis.call('ZSCORE', key, device) and redis.call('ZCARD', key) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', key, 'GT', ARGV[2], device)
local last = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIRE', key, string.format('%.0f', tonumber(last) - now))
return 1`)
}

// othersScript: KEYS[1] the dwelling; ARGV now, device.
func othersScript() *redis.Script {
	return redis.NewScript(`
local n = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf')
local own = redis.call('ZSCORE', KEYS[1], ARGV[2])
if own and tonumber(own) > tonumber(ARGV[1]) then n = n - 1 end
return n`)
}

// Present is as in Memory.
func (r *Redis) Present(ctx context.Context, dwellingID string, mac directory.MAC, until time.Time) error {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	kept, err := r.scripts.present.Run(ctx, r.client, []string{presenceKey(dwellingID)},
		r.now().UnixMilli(), until.UnixMilli(), mac.String(), maxPresence).Int()
	switch {
	case err != nil:
		return fmt.Errorf("live: note presence: %w", err)
	case kept == 0:
		r.dropped.WithLabelValues(kindPresence).Inc()
		return ErrFull
	}
	return nil
}

// Absent is as in Memory.
func (r *Redis) Absent(ctx context.Context, dwellingID string, mac directory.MAC) error {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	if err := r.client.ZRem(ctx, presenceKey(dwellingID), mac.String()).Err(); err != nil {
		return fmt.Errorf("live: note absence: %w", err)
	}
	return nil
}

// Others is as in Memory.
func (r *Redis) Others(ctx context.Context, dwellingID string, mac directory.MAC) (int, error) {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	n, err := r.scripts.others.Run(ctx, r.client, []string{presenceKey(dwellingID)}, r.now().UnixMilli(), mac.String()).Int()
	if err != nil {
		return 0, fmt.Errorf("live: count presence: %w", err)
	}
	return n, nil
}
