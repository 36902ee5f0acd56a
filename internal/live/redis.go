package live

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"parvis/internal/directory"
)

// Times that a request may spend on Redis: an Access-Request stands behind it,
// and its NAS asks again after 2 to 3 seconds (RFC 5080 §2.2.1).
const (
	dialTimeout = time.Second
	readTimeout = 200 * time.Millisecond // and write
	opTimeout   = 500 * time.Millisecond // the whole of one operation
)

// prefix stands before every key and channel.
const prefix = "parvis:"

// RedisOptions of NewRedis. Only Addr is required.
type RedisOptions struct {
	Addr     string // host:port
	Username string
	Password directory.Secret
	DB       int
	TLS      *tls.Config // nil: plain TCP

	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

// Redis shares it with the other nodes through a Redis server, 6.2 or later.
// Every key has a TTL. Each method gives up after half a second.
type Redis struct {
	client  *redis.Client
	now     func() time.Time
	log     *slog.Logger
	dropped *prometheus.CounterVec
	scripts scripts

	refusals chan heard

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
	mu        sync.Mutex // nothing joins running once closing is closed
	running   sync.WaitGroup
}

// NewRedis connects. A server that answers with a refusal (wrong password, no
// such database) is an error; one that does not answer is only logged, because
// a node must be able to start while Redis is away.
func NewRedis(ctx context.Context, opts RedisOptions) (*Redis, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	dropped, err := newDropped(opts.Registerer)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	r := &Redis{
		now: opts.Now, log: opts.Log, dropped: dropped,
		refusals: make(chan heard, refusalQueue),
		closing:  make(chan struct{}),
		scripts: scripts{
			present: presentScript(), others: othersScript(), allow: allowScript(),
			acquire: acquireScript(), release: releaseScript(),
		},
		client: redis.NewClient(&redis.Options{
			Addr: opts.Addr, Username: opts.Username, Password: opts.Password.Reveal(), DB: opts.DB, TLSConfig: opts.TLS,
			DialTimeout: dialTimeout, ReadTimeout: readTimeout, WriteTimeout: readTimeout, PoolTimeout: readTimeout,
			// One more try, for a connection that the server closed while it
			// was idle; beyond that the NAS is the one who tries again.
			MaxRetries: 1, DialerRetries: 1,
			// Without it go-redis does not heed the deadline of a context.
			ContextTimeoutEnabled: true,
			// Neither is known to Redis 7; each costs an error per connection
			// (redis/go-redis #3536).
			DisableIdentity:          true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}),
	}
	if err := r.client.Ping(ctx).Err(); err != nil {
		var refused redis.Error
		loading := strings.HasPrefix(err.Error(), "LOADING")
		if ctx.Err() != nil || errors.As(err, &refused) && !loading {
			return nil, errors.Join(fmt.Errorf("live: connect to Redis at %s: %w", opts.Addr, err), r.client.Close())
		}
		opts.Log.Warn("live: Redis does not answer; going on without it", "addr", opts.Addr, "error", err)
	}
	r.running.Go(r.pushRefusals)
	return r, nil
}

// Close hands over the refusals that wait, and ends every subscription.
func (r *Redis) Close() error {
	r.closeOnce.Do(func() {
		r.mu.Lock()
		close(r.closing)
		r.mu.Unlock()
		r.running.Wait()
		r.closeErr = r.client.Close()
	})
	return r.closeErr
}

func (r *Redis) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, opTimeout)
}

// The scripts take one key each, so that they run on a cluster too, and the
// clock as an argument. Lua's numbers are doubles: exact up to 2^53, which is
// the year 2255 in microseconds.
type scripts struct{ present, others, allow, acquire, release *redis.Script }
