package live

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// allowScript is gcra in Lua: KEYS[1] the key; ARGV now, every, burst in
// microseconds. It returns 0 when the request is allowed, else after how many
// microseconds one will be. '%.0f' because tostring would round to 14 digits.
func allowScript() *redis.Script {
	return redis.NewScript(`
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = tonumber(redis.call('GET', KEYS[1]) or '0')
if tat > now + burst then tat = now + burst - every end
local next = math.max(tat, now) + every
local retry = next - now - burst
if retry > 0 then return retry end
local ttl = math.floor((next - now) / 1000) + 1
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', string.format('%.0f', ttl))
return 0`)
}

// Allow is as in Memory; Redis bounds by its own maxmemory. When Redis is away
// the error says so, and the caller decides.
func (r *Redis) Allow(ctx context.Context, key string, l Limit) (ok bool, retry time.Duration, err error) {
	every, burst, err := l.micros()
	if err != nil {
		return false, 0, err
	}
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	wait, err := r.scripts.allow.Run(ctx, r.client, []string{prefix + "limit:" + boundKey(key)},
		r.now().UnixMicro(), every, burst).Int64()
	if err != nil {
		return false, 0, fmt.Errorf("live: count against a limit: %w", err)
	}
	return wait == 0, time.Duration(wait) * time.Microsecond, nil
}
