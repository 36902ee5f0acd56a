package live

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// acquireScript: KEYS[1] the lease; ARGV holder, TTL in milliseconds.
func acquireScript() *redis.Script {
	return redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)
}

// releaseScript: KEYS[1] the lease; ARGV holder.
func releaseScript() *redis.Script {
	return redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)
}

func leaseKey(name string) string { return prefix + "lease:" + boundKey(name) }

// Acquire is as in Memory; the time runs on Redis' own clock, one for all
// nodes. A holder must still expect to be paused and overtaken: a lease spares
// double work, it does not guard what must happen once.
func (r *Redis) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	got, err := r.scripts.acquire.Run(ctx, r.client, []string{leaseKey(name)}, holder, max(1, ceilMillis(ttl).Milliseconds())).Int()
	if err != nil {
		return false, fmt.Errorf("live: acquire lease %s: %w", name, err)
	}
	return got == 1, nil
}

// Release is as in Memory.
func (r *Redis) Release(ctx context.Context, name, holder string) error {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	if err := r.scripts.release.Run(ctx, r.client, []string{leaseKey(name)}, holder).Err(); err != nil {
		return fmt.Errorf("live: release lease %s: %w", name, err)
	}
	return nil
}
