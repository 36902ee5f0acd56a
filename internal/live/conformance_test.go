package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"parvis/internal/directory"
	"parvis/internal/peers"
)

type tickets interface {
	PutTicket(ctx context.Context, hash string, t directory.Ticket, ttl time.Duration) error
	RedeemTicket(ctx context.Context, hash string) (directory.Ticket, bool, error)
}

type presence interface {
	Present(ctx context.Context, dwellingID string, mac directory.MAC, until time.Time) error
	Absent(ctx context.Context, dwellingID string, mac directory.MAC) error
	Others(ctx context.Context, dwellingID string, mac directory.MAC) (int, error)
}

type limits interface {
	Allow(ctx context.Context, key string, l Limit) (bool, time.Duration, error)
}

type leases interface {
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	Release(ctx context.Context, name, holder string) error
}

type notices interface {
	Publish(ctx context.Context, topic string) error
	Subscribe(ctx context.Context, topic string) (<-chan struct{}, error)
}

type refusals interface {
	Refused(directory.Refusal)
	Refusals(ctx context.Context, limit int) ([]directory.Refusal, error)
}

type shared interface {
	tickets
	presence
	limits
	leases
	notices
	refusals
	Close() error
}

var epoch = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// clock is moved by the test.
type clock struct{ sinceEpoch atomic.Int64 }

func (c *clock) now() time.Time { return epoch.Add(time.Duration(c.sinceEpoch.Load())) }

// bench is an implementation under test. pass lets time go by for all of it.
type bench struct {
	shared
	clock *clock
	pass  func(time.Duration)
}

func memoryBench(t testing.TB) bench {
	c := &clock{}
	m := NewMemory(MemoryOptions{Now: c.now, Registerer: prometheus.NewPedanticRegistry()})
	t.Cleanup(func() { m.Close() })
	return bench{m, c, func(d time.Duration) { c.sinceEpoch.Add(int64(d)) }}
}

func redisBench(t testing.TB) bench {
	c := &clock{}
	addr := peers.Redis(t)
	r, err := NewRedis(t.Context(), RedisOptions{
		Addr: addr, Now: c.now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Registerer: prometheus.NewPedanticRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	admin := redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true})
	t.Cleanup(func() { admin.Close() })
	return bench{r, c, func(d time.Duration) {
		c.sinceEpoch.Add(int64(d))
		age(t, admin, d)
	}}
}

// age makes every key of the server older by d, as if that time had gone by
// there, and holds that each has a TTL and our prefix.
func age(t testing.TB, admin *redis.Client, d time.Duration) {
	t.Helper()
	keys, err := admin.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		ttl := admin.PTTL(t.Context(), key).Val()
		if ttl == -1 {
			t.Errorf("%s has no TTL", key)
		}
		if len(key) < len(prefix) || key[:len(prefix)] != prefix {
			t.Errorf("%s has not our prefix", key)
		}
		if ttl -= d; ttl > 0 {
			admin.PExpire(t.Context(), key, ttl)
		} else {
			admin.Del(t.Context(), key)
		}
	}
}

func TestConformance(t *testing.T) {
	for _, engine := range []struct {
		name string
		make func(testing.TB) bench
	}{{"memory", memoryBench}, {"redis", redisBench}} {
		t.Run(engine.name, func(t *testing.T) {
			for _, c := range []struct {
				name string
				test func(*testing.T, bench)
			}{
				{"ticket is redeemed once", testTicketOnce},
				{"ticket is redeemed by one of many", testTicketRace},
				{"ticket expires", testTicketExpires},
				{"presence counts the others", testPresence},
				{"presence ends by itself", testPresenceExpires},
				{"presence of a dwelling is bounded", testPresenceBound},
				{"limit", testLimit},
				{"limit that makes no sense", testBadLimit},
				{"limit keys do not touch each other", testLimitKeys},
				{"lease", testLease},
				{"lease expires", testLeaseExpires},
				{"notice", testNotice},
				{"subscription ends", testSubscriptionEnds},
				{"refusals newest first", testRefusals},
				{"refusals are bounded", testRefusalsBound},
				{"refusals go after a day", testRefusalsExpire},
			} {
				t.Run(c.name, func(t *testing.T) { c.test(t, engine.make(t)) })
			}
		})
	}
}

var ticket = directory.Ticket{MAC: directory.MAC{2, 0, 0, 0, 0, 1}, NASID: "nas-1", ZoneID: "zone-1", Until: epoch.Add(time.Hour)}

func mac(i int) directory.MAC { return directory.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)} }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testTicketOnce(t *testing.T, b bench) {
	if _, ok, err := b.RedeemTicket(t.Context(), "h1"); ok || err != nil {
		t.Fatalf("an unknown ticket: %v, %v", ok, err)
	}
	check(t, b.PutTicket(t.Context(), "h1", ticket, directory.TicketLife))
	got, ok, err := b.RedeemTicket(t.Context(), "h1")
	if !ok || err != nil {
		t.Fatalf("redeem: %v, %v", ok, err)
	}
	if diff := cmp.Diff(ticket, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, ok, err := b.RedeemTicket(t.Context(), "h1"); ok || err != nil {
		t.Errorf("again: %v, %v", ok, err)
	}
}

func testTicketRace(t *testing.T, b bench) {
	check(t, b.PutTicket(t.Context(), "h1", ticket, directory.TicketLife))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, ok, err := b.RedeemTicket(t.Context(), "h1"); err != nil {
				t.Error(err)
			} else if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d callers got the ticket", n)
	}
}

func testTicketExpires(t *testing.T, b bench) {
	check(t, b.PutTicket(t.Context(), "h1", ticket, directory.TicketLife))
	check(t, b.PutTicket(t.Context(), "h2", ticket, directory.TicketLife))
	b.pass(directory.TicketLife - 5*time.Second)
	if _, ok, err := b.RedeemTicket(t.Context(), "h1"); !ok || err != nil {
		t.Errorf("before its end: %v, %v", ok, err)
	}
	b.pass(5 * time.Second)
	if _, ok, err := b.RedeemTicket(t.Context(), "h2"); ok || err != nil {
		t.Errorf("at its end: %v, %v", ok, err)
	}
}

func wantOthers(t *testing.T, b bench, dwelling string, m directory.MAC, want int) {
	t.Helper()
	got, err := b.Others(t.Context(), dwelling, m)
	if err != nil || got != want {
		t.Errorf("Others(%s, %v) = %d, %v, want %d", dwelling, m, got, err, want)
	}
}

func testPresence(t *testing.T, b bench) {
	wantOthers(t, b, "d1", mac(1), 0)
	for i := 1; i <= 3; i++ {
		check(t, b.Present(t.Context(), "d1", mac(i), epoch.Add(time.Hour)))
		check(t, b.Present(t.Context(), "d1", mac(i), epoch.Add(2*time.Hour))) // again
	}
	check(t, b.Present(t.Context(), "d2", mac(9), epoch.Add(time.Hour)))
	wantOthers(t, b, "d1", mac(1), 2)
	wantOthers(t, b, "d1", mac(9), 3)
	wantOthers(t, b, "d2", mac(9), 0)
	check(t, b.Absent(t.Context(), "d1", mac(2)))
	check(t, b.Absent(t.Context(), "d1", mac(7)))
	check(t, b.Absent(t.Context(), "d3", mac(7)))
	wantOthers(t, b, "d1", mac(1), 1)
	check(t, b.Absent(t.Context(), "d1", mac(1)))
	check(t, b.Absent(t.Context(), "d1", mac(3)))
	wantOthers(t, b, "d1", mac(9), 0)
}

func testPresenceExpires(t *testing.T, b bench) {
	check(t, b.Present(t.Context(), "d1", mac(1), epoch.Add(10*time.Minute)))
	check(t, b.Present(t.Context(), "d1", mac(2), epoch.Add(30*time.Minute)))
	check(t, b.Present(t.Context(), "d1", mac(2), epoch.Add(20*time.Minute))) // reordered: does not shorten
	check(t, b.Present(t.Context(), "d1", mac(3), epoch))                     // over already
	wantOthers(t, b, "d1", mac(9), 2)
	b.pass(10 * time.Minute)
	wantOthers(t, b, "d1", mac(9), 1)
	b.pass(15 * time.Minute)
	wantOthers(t, b, "d1", mac(9), 1)
	wantOthers(t, b, "d1", mac(2), 0)
	b.pass(5 * time.Minute)
	wantOthers(t, b, "d1", mac(9), 0)
	check(t, b.Present(t.Context(), "d1", mac(4), epoch.Add(time.Hour)))
	wantOthers(t, b, "d1", mac(9), 1)
}

func testPresenceBound(t *testing.T, b bench) {
	for i := range maxPresence {
		check(t, b.Present(t.Context(), "d1", mac(i), epoch.Add(time.Hour)))
	}
	if err := b.Present(t.Context(), "d1", mac(maxPresence), epoch.Add(time.Hour)); !errors.Is(err, ErrFull) {
		t.Errorf("beyond the bound: %v", err)
	}
	check(t, b.Present(t.Context(), "d1", mac(0), epoch.Add(2*time.Hour))) // known ones go on
	wantOthers(t, b, "d1", mac(0), maxPresence-1)
}

func testLimit(t *testing.T, b bench) {
	l := Limit{Burst: 3, Every: 10 * time.Second}
	ask := func(want bool, wantRetry time.Duration) {
		t.Helper()
		ok, retry, err := b.Allow(t.Context(), "k", l)
		if ok != want || retry != wantRetry || err != nil {
			t.Errorf("Allow = %v, %v, %v, want %v, %v", ok, retry, err, want, wantRetry)
		}
	}
	for range 3 {
		ask(true, 0)
	}
	ask(false, 10*time.Second)
	ask(false, 10*time.Second) // a refused request costs nothing
	b.pass(4 * time.Second)
	ask(false, 6*time.Second)
	b.pass(6 * time.Second)
	ask(true, 0)
	ask(false, 10*time.Second)
	b.pass(time.Hour) // the burst is back, and no more than the burst
	for range 3 {
		ask(true, 0)
	}
	ask(false, 10*time.Second)
	b.clock.sinceEpoch.Add(-int64(time.Hour)) // the clock is put back: nobody waits for an hour
	ask(true, 0)
	ask(false, 10*time.Second)
}

func testBadLimit(t *testing.T, b bench) {
	for _, l := range []Limit{{0, time.Second}, {-1, time.Second}, {1, 0}, {1, -time.Second}, {1, time.Nanosecond}, {1 << 62, time.Hour}, {2, 300 * 24 * time.Hour}} {
		if ok, _, err := b.Allow(t.Context(), "k", l); err == nil || ok {
			t.Errorf("%+v: %v, %v", l, ok, err)
		}
	}
}

func testLimitKeys(t *testing.T, b bench) {
	l := Limit{Burst: 1, Every: time.Minute}
	long := string(make([]byte, 10*maxKey))
	for _, key := range []string{"", "a", "b", "a b\r\n", long, long + "x"} {
		if ok, _, err := b.Allow(t.Context(), key, l); !ok || err != nil {
			t.Errorf("first of a key of %d octets: %v, %v", len(key), ok, err)
		}
		if ok, _, err := b.Allow(t.Context(), key, l); ok || err != nil {
			t.Errorf("second of a key of %d octets: %v, %v", len(key), ok, err)
		}
	}
}

func wantAcquire(t *testing.T, b bench, holder string, want bool) {
	t.Helper()
	got, err := b.Acquire(t.Context(), "reaper", holder, time.Minute)
	if got != want || err != nil {
		t.Errorf("Acquire for %s = %v, %v, want %v", holder, got, err, want)
	}
}

func testLease(t *testing.T, b bench) {
	wantAcquire(t, b, "a", true)
	wantAcquire(t, b, "a", true)
	wantAcquire(t, b, "b", false)
	check(t, b.Release(t.Context(), "reaper", "b")) // not b's to give back
	wantAcquire(t, b, "b", false)
	check(t, b.Release(t.Context(), "reaper", "a"))
	wantAcquire(t, b, "b", true)
	wantAcquire(t, b, "a", false)
	if ok, err := b.Acquire(t.Context(), "other", "a", time.Minute); !ok || err != nil {
		t.Errorf("another name: %v, %v", ok, err)
	}
}

func testLeaseExpires(t *testing.T, b bench) {
	wantAcquire(t, b, "a", true)
	b.pass(40 * time.Second)
	wantAcquire(t, b, "a", true) // renewed
	b.pass(40 * time.Second)
	wantAcquire(t, b, "b", false)
	b.pass(20 * time.Second)
	wantAcquire(t, b, "b", true)
	check(t, b.Release(t.Context(), "reaper", "a")) // overtaken
	wantAcquire(t, b, "a", false)
}

// wantToken waits for a token; the deadline is for a real Redis.
func wantToken(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case _, ok := <-c:
		if !ok {
			t.Fatal("the subscription was closed")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no notice within 10 s")
	}
}

func testNotice(t *testing.T, b bench) {
	one, err := b.Subscribe(t.Context(), "changes")
	check(t, err)
	two, err := b.Subscribe(t.Context(), "changes")
	check(t, err)
	other, err := b.Subscribe(t.Context(), "other")
	check(t, err)
	if cap(one) != 1 {
		t.Errorf("capacity %d, want 1", cap(one))
	}
	check(t, b.Publish(t.Context(), "nobody listens"))
	for range 100 { // nobody reads: they coalesce and nothing blocks
		check(t, b.Publish(t.Context(), "changes"))
	}
	wantToken(t, one)
	wantToken(t, two)
	select {
	case <-other:
		t.Error("a notice of another topic")
	default:
	}
}

func testSubscriptionEnds(t *testing.T, b bench) {
	ctx, cancel := context.WithCancel(t.Context())
	one, err := b.Subscribe(ctx, "changes")
	check(t, err)
	two, err := b.Subscribe(t.Context(), "changes")
	check(t, err)
	cancel()
	for range one { // until it is closed
	}
	check(t, b.Publish(t.Context(), "changes"))
	wantToken(t, two)
	check(t, b.Close())
	for range two {
	}
	three, err := b.Subscribe(t.Context(), "changes")
	check(t, err)
	if _, ok := <-three; ok {
		t.Error("a notice after Close")
	}
	check(t, b.Close())
}

// listed polls until want refusals are kept: Refused does not wait.
func listed(t *testing.T, b bench, limit, want int) []directory.Refusal {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for {
		list, err := b.Refusals(t.Context(), limit)
		check(t, err)
		if len(list) == want || time.Now().After(end) {
			if len(list) != want {
				t.Fatalf("%d refusals, want %d", len(list), want)
			}
			return list
		}
	}
}

func refusal(i int) directory.Refusal {
	return directory.Refusal{At: epoch, Reason: "wrong_password", Method: "pap", MAC: mac(i), Login: strconv.Itoa(i), NAS: "nas"}
}

func testRefusals(t *testing.T, b bench) {
	for i := range 5 {
		b.Refused(refusal(i % 4)) // the last equals the first: both count
	}
	list := listed(t, b, 10, 5)
	want := []directory.Refusal{refusal(0), refusal(3), refusal(2), refusal(1), refusal(0)}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	list, err := b.Refusals(t.Context(), 2)
	if diff := cmp.Diff(want[:2], list); diff != "" || err != nil {
		t.Errorf("limit 2: %v\n%s", err, diff)
	}
	if list, err := b.Refusals(t.Context(), 0); len(list) != 0 || err != nil {
		t.Errorf("limit 0: %v, %v", list, err)
	}
}

func testRefusalsBound(t *testing.T, b bench) {
	for i := range 1000 {
		b.Refused(refusal(i))
	}
	listed(t, b, 10_000, 1000)
	for i := 1000; i < 1250; i++ {
		b.Refused(refusal(i))
	}
	end := time.Now().Add(10 * time.Second)
	for listed(t, b, 1, 1)[0].Login != "1249" {
		if time.Now().After(end) {
			t.Fatal("the newest did not arrive")
		}
	}
	list := listed(t, b, 10_000, maxRefusals)
	for i, r := range list {
		if want := fmt.Sprint(1249 - i); r.Login != want {
			t.Fatalf("at %d is %s, want %s", i, r.Login, want)
		}
	}
}

func testRefusalsExpire(t *testing.T, b bench) {
	b.Refused(refusal(1))
	listed(t, b, 10, 1)
	b.pass(23 * time.Hour)
	b.Refused(refusal(2))
	listed(t, b, 10, 2)
	b.pass(time.Hour)
	if list := listed(t, b, 10, 1); list[0].Login != "2" {
		t.Errorf("kept %s", list[0].Login)
	}
	b.pass(23 * time.Hour)
	listed(t, b, 10, 0)
}
