package radius

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func one(o *Options) { o.AuthWorkers, o.AcctWorkers = 1, 1 }

// Each cause of a discard, through real sockets. The good request behind it is
// answered, so the bad one has been handled by then.
func TestDiscards(t *testing.T) {
	pap := func(a ask) ask {
		a.code, a.attrs, a.password = codeAccessRequest, append(at(homeAP, user(homeLogin)), a.attrs...), ptr(homePassword)
		return a
	}
	start := ask{code: codeAccountingRequest, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}}
	eap := attr{typeEAPMessage, "\x02\x01\x00\x05\x01"}
	for _, c := range []struct {
		name string
		from string
		acct bool
		ask  ask
		edit func(b []byte) []byte
		want discard
	}{
		{"unknown client", "127.0.0.9", false, pap(ask{}), nil, discardUnknownClient},
		{"client without a secret", "127.0.0.4", false, pap(ask{secret: " "}), nil, discardUnknownClient},
		{"short", "", false, pap(ask{}), func(b []byte) []byte { return b[:19] }, discardShort},
		{"empty", "", false, pap(ask{}), func([]byte) []byte { return []byte{} }, discardShort},
		{"Length beyond the datagram", "", false, pap(ask{}), func(b []byte) []byte { return b[:len(b)-1] }, discardBadLength},
		{"Length below 20", "", false, pap(ask{}), func(b []byte) []byte { b[2], b[3] = 0, 19; return b }, discardBadLength},
		{"Length above 4096", "", false, pap(ask{}), func(b []byte) []byte { b[2], b[3] = 0x10, 1; return b }, discardTooLong},
		{"attribute of length 0", "", false, pap(ask{}), func(b []byte) []byte { b[39] = 0; return b }, discardBadAttribute},
		{"attribute beyond the packet", "", false, pap(ask{}), func(b []byte) []byte { b[len(b)-17]++; return b }, discardBadAttribute},
		{"half an attribute", "", false, pap(ask{}), func(b []byte) []byte { b[3]++; return append(b, 1) }, discardBadAttribute},
		{"Access-Accept", "", false, ask{code: codeAccessAccept}, nil, discardBadCode},
		{"accounting on the auth port", "", false, start, nil, discardBadCode},
		{"access on the acct port", "", true, pap(ask{}), nil, discardBadCode},
		{"CoA-Request", "", true, ask{code: 43}, nil, discardBadCode},
		{"unsigned", "", false, pap(ask{unsigned: true}), nil, discardMissingMessageAuthenticator},
		{"unsigned Status-Server", "127.0.0.2", false, ask{code: codeStatusServer, unsigned: true}, nil, discardMissingMessageAuthenticator},
		{"unsigned EAP, legacy", "127.0.0.2", false, pap(ask{unsigned: true, attrs: []attr{eap}}), nil, discardMissingMessageAuthenticator},
		{"unsigned Proxy-State, legacy", "127.0.0.2", false, pap(ask{unsigned: true, attrs: []attr{{typeProxyState, "x"}}}), nil, discardProxyStateUnsigned},
		{"wrong secret", "", false, pap(ask{secret: "wrong"}), nil, discardBadMessageAuthenticator},
		{"wrong secret, legacy", "127.0.0.2", false, pap(ask{secret: "wrong"}), nil, discardBadMessageAuthenticator},
		{"two Message-Authenticators", "", false, pap(ask{attrs: []attr{{80, strings.Repeat("x", 16)}}}), nil, discardBadMessageAuthenticator},
		{"Message-Authenticator of 15 octets", "", false, pap(ask{unsigned: true, attrs: []attr{{80, strings.Repeat("x", 15)}}}), nil, discardBadMessageAuthenticator},
		{"a flipped bit", "", false, pap(ask{}), func(b []byte) []byte { b[50] ^= 1; return b }, discardBadMessageAuthenticator},
		{"accounting, wrong secret", "", true, ask{code: start.code, attrs: start.attrs, secret: "wrong"}, nil, discardBadAuthenticator},
		{"accounting, a flipped bit", "", true, start, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, discardBadAuthenticator},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := serving(t, one)
			kind, addr := authListener, w.AuthAddrs()[0]
			if c.acct {
				kind, addr = acctListener, w.AcctAddrs()[0]
			}
			if c.from == "" {
				c.from = "127.0.0.1"
			}
			bad, good := dial(t, c.from, addr), dial(t, "127.0.0.1", addr)
			b := c.ask.encode(t)
			if c.edit != nil {
				b = c.edit(b)
			}
			bad.send(b)
			good.flush()
			bad.silent()
			for why := discardNone + 1; why < discardCount; why++ {
				want := 0.0
				if why == c.want {
					want = 1
				}
				if got := testutil.ToFloat64(w.metrics.listeners[kind].discarded[why]); got != want {
					t.Errorf("%s: %v, want %v", why, got, want)
				}
			}
			w.seen(func() {
				if len(w.heard) != 1 { // the good one
					t.Errorf("heard: %v", w.heard)
				}
			})
		})
	}
}

// RFC 2865 §3: octets behind Length are padding, in every kind of request.
func TestPaddingIsIgnored(t *testing.T) {
	w := serving(t, one)
	for _, a := range []ask{
		{code: codeAccessRequest, attrs: []attr{user(homeLogin)}, password: ptr(homePassword)},
		{code: codeAccountingRequest, unsigned: true, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}},
	} {
		addr := w.AuthAddrs()[0]
		if kindOf(a.code) == acctListener {
			addr = w.AcctAddrs()[0]
		}
		c, b := dial(t, "127.0.0.1", addr), a.encode(t)
		c.send(append(append([]byte(nil), b...), "padding"...))
		checkReply(t, c.receive(), b)
	}
}

func TestLegacyMayBeUnsigned(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	a := ask{code: codeAccessRequest, from: "127.0.0.2", unsigned: true, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}
	if w.ask(t, a) == nil {
		t.Fatal("no answer")
	}
	if len(w.heard) != 0 {
		t.Errorf("what anybody could have sent was heard: %v", w.heard)
	}
	a.id, a.unsigned = 1, false
	w.ask(t, a)
	if len(w.heard) != 1 || w.heard[0] != "ap-2" {
		t.Errorf("heard: %v", w.heard)
	}
}

// With the one worker busy and the queue full, requests are dropped; those
// that waited too long are dropped when their turn comes.
func TestOverload(t *testing.T) {
	hold := make(chan struct{})
	w := newWorld(t, func(o *Options) { one(o); o.QueueLength = 2 }, nil, []string{"127.0.0.1:0"})
	w.hold = hold
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx) }()
	c := dial(t, "127.0.0.1", w.AcctAddrs()[0])
	send := func(id byte) {
		c.send(ask{code: codeAccountingRequest, id: id, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}}.encode(t))
	}
	count := func(why discard) float64 {
		return testutil.ToFloat64(w.metrics.listeners[acctListener].discarded[why])
	}
	send(1)
	<-w.entered // the worker has it
	for id := byte(2); id <= 6; id++ {
		send(id)
	}
	for count(discardQueueFull) < 3 { // the reader is a goroutine; the test's own deadline ends this
		runtime.Gosched()
	}
	w.advance(3 * time.Second)
	close(hold)
	if got := c.receive(); got[1] != 1 {
		t.Errorf("answer to %d", got[1])
	}
	for count(discardTooOld) < 2 {
		runtime.Gosched()
	}
	c.silent()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(w.events); n != 1 {
		t.Errorf("%d events", n)
	}
}

// What was read before the stop is finished and answered.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	w := newWorld(t, one, nil, []string{"127.0.0.1:0"})
	w.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx) }()
	c := dial(t, "127.0.0.1", w.AcctAddrs()[0])
	b := ask{code: codeAccountingRequest, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}}.encode(t)
	c.send(b)
	<-w.entered
	cancel()
	select {
	case err := <-done:
		t.Fatalf("stopped with a request in flight: %v", err)
	default:
	}
	close(w.hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	checkReply(t, c.receive(), b)
}

func TestAddressInUse(t *testing.T) {
	first := newWorld(t, nil, []string{"127.0.0.1:0"}, nil)
	t.Cleanup(first.Close)
	addr := first.AuthAddrs()[0].String()
	_, err := Listen(Options{Register: first.register, Tickets: first, Presence: first, Journal: first}, nil, []string{addr})
	if err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
}

func TestListenNeedsItsNeighbours(t *testing.T) {
	if _, err := Listen(Options{}, nil, nil); err == nil {
		t.Error("no error")
	}
}

// A panic costs one request: it is counted, logged once, and the same request
// may be asked again.
func TestPanicIsRecovered(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		o.Refusals = panicking{}
	}, nil, nil)
	for range 3 {
		if w.ask(t, ask{code: codeAccessRequest, attrs: []attr{user("nobody")}, password: ptr("x")}) != nil {
			t.Error("answered")
		}
	}
	if n := testutil.ToFloat64(w.metrics.panics); n != 3 {
		t.Errorf("panics: %v", n)
	}
	if n := strings.Count(log.String(), "stack="); n != 1 {
		t.Errorf("%d stacks in the log:\n%s", n, &log)
	}
	if w.duplicates.len() != 0 {
		t.Error("the request is still in progress")
	}
}

// An outsider cannot fill the log, and nothing secret gets into it.
func TestDiscardsAreLoggedOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, nil, nil)
	r := &request{at: morning}
	for range 1000 {
		w.discard(authListener, discardUnknownClient, r)
	}
	r.at = morning.Add(time.Minute)
	w.discard(authListener, discardUnknownClient, r)
	w.ask(t, ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr("what was typed")})
	if n := strings.Count(log.String(), "unknown_client"); n != 2 || !strings.Contains(log.String(), "count=1000") {
		t.Errorf("log:\n%s", &log)
	}
	for _, hidden := range []string{"what was typed", secret, homePassword} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("%q is in the log", hidden)
		}
	}
}
