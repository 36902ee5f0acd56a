package live

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"parvis/internal/directory"
	"parvis/internal/peers"
)

func newRedis(t *testing.T, addr string) *Redis {
	t.Helper()
	r, err := NewRedis(t.Context(), RedisOptions{Addr: addr, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// A lost connection is made anew, with a token for what may have been missed.
func TestRedisResubscribes(t *testing.T) {
	addr := peers.Redis(t)
	r := newRedis(t, addr)
	c, err := r.Subscribe(t.Context(), "changes")
	check(t, err)
	admin := redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true})
	defer admin.Close()
	n, err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Result()
	if err != nil || n != 1 {
		t.Fatalf("killed %d connections: %v", n, err)
	}
	wantToken(t, c)
	check(t, r.Publish(t.Context(), "changes"))
	wantToken(t, c)
}

// A Redis that is away does not keep a node from starting, and no call waits
// longer than its deadline; a Redis that refuses does.
func TestRedisAway(t *testing.T) {
	r := newRedis(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(peers.FreePort(t))))
	start := time.Now()
	if _, ok, err := r.RedeemTicket(t.Context(), "h"); ok || err == nil {
		t.Errorf("RedeemTicket = %v, %v", ok, err)
	}
	if _, err := r.Others(t.Context(), "d", mac(1)); err == nil {
		t.Error("Others gave no error")
	}
	if took := time.Since(start); took > 4*opTimeout {
		t.Errorf("two calls took %v", took)
	}
	for i := range 4 * refusalQueue { // never blocks
		r.Refused(refusal(i))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if n := testutil.ToFloat64(r.dropped.WithLabelValues(kindRefusal)); n == 0 {
		t.Error("nothing was counted as dropped")
	}
}

// A server that takes connections and never answers costs a call its deadline.
func TestRedisSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	r := newRedis(t, l.Addr().String())
	start := time.Now()
	if _, _, err := r.RedeemTicket(t.Context(), "h"); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > 2*opTimeout {
		t.Errorf("the call took %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start = time.Now()
	if _, err := r.Others(ctx, "d", mac(1)); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > readTimeout {
		t.Errorf("with a deadline of 20 ms the call took %v", took)
	}
}

func TestRedisWrongPassword(t *testing.T) {
	addr := peers.Redis(t)
	admin := redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true})
	defer admin.Close()
	check(t, admin.ConfigSet(t.Context(), "requirepass", "right").Err())
	for _, password := range []string{"", "hunter2"} {
		r, err := NewRedis(t.Context(), RedisOptions{Addr: addr, Password: directory.NewSecret(password)})
		if err == nil {
			r.Close()
			t.Fatalf("with the password %q it connected", password)
		}
		if password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	r, err := NewRedis(t.Context(), RedisOptions{Addr: addr, Password: directory.NewSecret("right")})
	check(t, err)
	check(t, r.PutTicket(t.Context(), "h", ticket, time.Minute))
	check(t, r.Close())
}

// Two nodes share one state.
func TestRedisTwoNodes(t *testing.T) {
	addr := peers.Redis(t)
	one, two := newRedis(t, addr), newRedis(t, addr)
	check(t, one.PutTicket(t.Context(), "h", ticket, time.Minute))
	if _, ok, err := two.RedeemTicket(t.Context(), "h"); !ok || err != nil {
		t.Errorf("redeem at the other node: %v, %v", ok, err)
	}
	c, err := two.Subscribe(t.Context(), "changes")
	check(t, err)
	check(t, one.Publish(t.Context(), "changes"))
	wantToken(t, c)
	check(t, one.Present(t.Context(), "d", mac(1), time.Now().Add(time.Minute)))
	if n, err := two.Others(t.Context(), "d", mac(2)); n != 1 || err != nil {
		t.Errorf("Others at the other node: %d, %v", n, err)
	}
}
