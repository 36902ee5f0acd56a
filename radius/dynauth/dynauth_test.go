package dynauth

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	wire "layeh.com/radius"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/radius/dialect"
)

// The codes of RFC 5176 §3, written by hand.
const (
	disconnectRequest, disconnectACK, disconnectNAK = 40, 41, 42
	coaRequest, coaACK, coaNAK                      = 43, 44, 45
)

func TestOutcomes(t *testing.T) {
	type answers = func(t *testing.T, n int, b []byte) [][]byte
	one := func(code byte, cause uint32) answers {
		return func(t *testing.T, _ int, b []byte) [][]byte { return [][]byte{reply(t, b, code, dasSecret, cause)} }
	}
	grant := &access.Grant{DownKbps: 5000, UpKbps: 1000}
	for _, c := range []struct {
		name    string
		dialect string
		change  *access.Grant
		answer  answers
		code    byte // asked
		want    Outcome
		tries   int
		words   string
	}{
		{"ACK", "generic", nil, one(disconnectACK, 0), disconnectRequest, Outcome{}, 1, "the NAS ends the session"},
		{"ACK of what was left", "generic", nil, one(disconnectACK, 201), disconnectRequest, Outcome{Cause: 201}, 1, "what was left of the session was removed (201)"},
		{"NAK with a cause", "hostapd", nil, one(disconnectNAK, 503), disconnectRequest, Outcome{Result: NAK, Cause: 503}, 1, "the NAS refused: the NAS has no such session (503)"},
		{"NAK without", "generic", nil, one(disconnectNAK, 0), disconnectRequest, Outcome{Result: NAK}, 1, "no reason given"},
		{"a change in place", "mikrotik", grant, one(coaACK, 0), coaRequest, Outcome{Asked: CoA}, 1, "the NAS took the change"},
		{"a change that is refused", "mikrotik", grant, one(coaNAK, 401), coaRequest, Outcome{Asked: CoA, Result: NAK, Cause: 401}, 1, "does not support an attribute"},
		{"a change that cannot be said", "hostapd", grant, one(disconnectACK, 0), disconnectRequest, Outcome{Instead: true}, 1, "asked to end instead: the NAS ends the session"},
		{"no limit cannot be said", "mikrotik", &access.Grant{UpKbps: 1000}, one(disconnectACK, 0), disconnectRequest, Outcome{Instead: true}, 1, "instead"},
		{"silence", "generic", nil, func(*testing.T, int, []byte) [][]byte { return nil }, disconnectRequest, Outcome{Result: Timeout}, 3, "no answer within"},
		{"the second try is heard", "generic", nil, func(t *testing.T, n int, b []byte) [][]byte {
			if n < 2 {
				return nil
			}
			return [][]byte{reply(t, b, disconnectACK, dasSecret, 0)}
		}, disconnectRequest, Outcome{}, 2, "ends"},
		{"a wrong secret", "generic", nil, func(t *testing.T, _ int, b []byte) [][]byte {
			return [][]byte{reply(t, b, disconnectACK, "guess", 0)}
		}, disconnectRequest, Outcome{Result: Timeout, Unfit: 3}, 3, "none that fits the shared secret"},
		{"a forged ACK before the true NAK", "generic", nil, func(t *testing.T, _ int, b []byte) [][]byte {
			forged := reply(t, b, disconnectNAK, dasSecret, 503)
			forged[0] = disconnectACK // CVE-2024-3596 turns one code into another; a plain flip does not fit
			return [][]byte{forged, reply(t, b, coaACK, dasSecret, 0), {41, b[1]}, reply(t, b, disconnectNAK, dasSecret, 503)}
		}, disconnectRequest, Outcome{Result: NAK, Cause: 503, Unfit: 3}, 1, "503"},
		{"an answer to another identifier", "generic", nil, func(t *testing.T, _ int, b []byte) [][]byte {
			other := bytes.Clone(b)
			other[1]++
			return [][]byte{reply(t, other, disconnectNAK, dasSecret, 503), reply(t, b, disconnectACK, dasSecret, 0)}
		}, disconnectRequest, Outcome{Unfit: 1}, 1, "ends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := listen(t, "127.0.0.1", func(n int, b []byte) [][]byte { return c.answer(t, n, b) })
			reg := prometheus.NewRegistry()
			client := newClient(t, d, c.dialect, Options{Registerer: reg})
			var got Outcome
			var err error
			if c.change != nil {
				got, err = client.Change(t.Context(), openSession(), *c.change)
			} else {
				got, err = client.Disconnect(t.Context(), openSession())
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Waited <= 0 || got.Port != d.addr.Port() {
				t.Errorf("waited %v at port %d", got.Waited, got.Port)
			}
			c.want.Waited, c.want.Port = got.Waited, got.Port
			// What comes behind the reply that was believed may or may not be counted.
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if !strings.Contains(got.String(), c.words) {
				t.Errorf("said %q, which does not say %q", got, c.words)
			}
			sent := d.requests()
			if len(sent) != c.tries {
				t.Fatalf("%d datagrams, want %d", len(sent), c.tries)
			}
			for _, b := range sent {
				if !bytes.Equal(b, sent[0]) { // RFC 5080 §2.2.1: a retransmission is the same octets
					t.Error("a retransmission differs")
				}
			}
			checkSigned(t, sent[0])
			if sent[0][0] != c.code {
				t.Errorf("asked with code %d, want %d", sent[0][0], c.code)
			}
			if n := counter(t, reg, got.Asked.String(), got.Result.String()); n != 1 {
				t.Errorf("counted %v times", n)
			}
		})
	}
}

// Each dialect names the session with its own attributes and no other, and a
// change is what the dialect writes behind them.
func TestAttributes(t *testing.T) {
	at := time.Unix(1_790_000_123, 0)
	s := openSession()
	values := map[byte]string{
		1: s.Login, 4: "\x7f\x00\x00\x01", 32: "ap-1", 31: s.MAC.String(), 44: s.AcctSessionID, 55: "\x6a\xb1\x3b\xfb",
	}
	for _, name := range dialect.Names() {
		spelled := dialect.DynAuth(name)
		for _, change := range []bool{false, true} {
			d := listen(t, "127.0.0.1", func(_ int, b []byte) [][]byte { return [][]byte{reply(t, b, b[0]+1, dasSecret, 0)} })
			client := newClient(t, d, name, Options{Now: func() time.Time { return at }})
			var got Outcome
			var err error
			g := access.Grant{DownKbps: 5000, UpKbps: 1000}
			if change {
				got, err = client.Change(t.Context(), s, g)
			} else {
				got, err = client.Disconnect(t.Context(), s)
			}
			if err != nil || got.Result != ACK {
				t.Fatalf("%s: %v %v", name, got, err)
			}
			b := d.requests()[0]
			want := map[byte]string{}
			for _, a := range spelled.Attributes {
				if v, known := values[a.Type()]; known {
					want[a.Type()] = v
				}
			}
			rest := bytes.Clone(b[38:])
			if change && spelled.CanChange {
				spell, _ := dialect.For(name)
				words := spell.AppendChange(nil, g)
				if len(words) == 0 || !bytes.HasSuffix(rest, words) || got.Instead || got.Asked != CoA {
					t.Errorf("%s: the change % x is not at the end of % x", name, words, rest)
				}
				rest = bytes.TrimSuffix(rest, words)
			}
			read := attributes(t, append(make([]byte, 20), rest...))
			for kind, v := range read {
				if want[kind] != v {
					t.Errorf("%s: attribute %d is %q, want %q", name, kind, v, want[kind])
				}
				delete(want, kind)
			}
			if len(want) != 0 {
				t.Errorf("%s: not sent: %v", name, want)
			}
		}
	}
}

func TestNotSent(t *testing.T) {
	d := listen(t, "127.0.0.1", func(int, []byte) [][]byte { return nil })
	for _, c := range []struct {
		name, dialect string
		edit          func(*accounting.Session)
		want          error
	}{
		{"it has ended", "generic", func(s *accounting.Session) { s.StoppedAt = s.StartedAt }, ErrEnded},
		{"nothing was ever heard of it", "generic", func(s *accounting.Session) { *s = accounting.Session{} }, ErrEnded},
		{"its NAS is gone", "generic", func(s *accounting.Session) { s.NASID = "gone" }, ErrNASGone},
		{"its NAS is a range", "generic", func(s *accounting.Session) { s.NASID = "range" }, ErrNoAddress},
		{"it was outside of the range", "generic", func(s *accounting.Session) {
			s.NASID, s.NASAddress = "range", "192.0.3.1"
		}, ErrNoAddress},
		{"its NAS has a certificate only", "generic", func(s *accounting.Session) { s.NASID = "tls" }, ErrTLSOnly},
		{"a login alone", "generic", func(s *accounting.Session) { s.MAC, s.AcctSessionID = directory.MAC{}, "" }, ErrUnnamed},
		{"this NAS takes no Acct-Session-Id", "ruckus", func(s *accounting.Session) { s.MAC = directory.MAC{} }, ErrUnnamed},
	} {
		reg := prometheus.NewRegistry()
		s := openSession()
		c.edit(&s)
		got, err := newClient(t, d, c.dialect, Options{Registerer: reg}).Disconnect(t.Context(), s)
		if !errors.Is(err, c.want) || got.Result != Failed {
			t.Errorf("%s: %v %v", c.name, got, err)
		}
		if n := counter(t, reg, "disconnect", "error"); n != 1 {
			t.Errorf("%s: counted %v times", c.name, n)
		}
	}
	if n := len(d.requests()); n != 0 {
		t.Errorf("%d datagrams were sent", n)
	}
}

// The NAS answers in another order than it was asked: each outcome is its own.
func TestReordered(t *testing.T) {
	var mu sync.Mutex
	var held [][]byte
	all := make(chan struct{})
	release := make(chan struct{})
	d := listen(t, "127.0.0.1", func(_ int, b []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		held = append(held, b)
		if len(held) == 2 {
			close(all)
		}
		if len(held) < 2 {
			return nil
		}
		<-release
		return [][]byte{reply(t, b, disconnectACK, dasSecret, 0)}
	})
	c := newClient(t, d, "generic", Options{})
	outcomes := make(chan Outcome, 2)
	for i, id := range []string{"s-1", "s-2"} {
		go func() {
			s := openSession()
			s.AcctSessionID = id
			o, err := c.Disconnect(t.Context(), s)
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
			outcomes <- o
		}()
	}
	<-all
	close(release)
	for range 2 {
		if o := <-outcomes; o.Result != ACK || o.Unfit != 0 {
			t.Errorf("%+v", o)
		}
	}
}

// No more exchanges than allowed are under way; who waits can go away.
func TestBounded(t *testing.T) {
	heard := make(chan struct{}, 10)
	d := listen(t, "127.0.0.1", func(int, []byte) [][]byte { heard <- struct{}{}; return nil })
	c := newClient(t, d, "generic", Options{AtOnce: 1})
	c.wait = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, err := c.Disconnect(ctx, openSession()); first <- err }()
	<-heard
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Disconnect(gone, openSession()); !errors.Is(err, context.Canceled) {
		t.Errorf("the second one: %v", err)
	}
	if n := len(d.requests()); n != 1 {
		t.Errorf("%d were asked at once", n)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first one: %v", err)
	}
}

// One of a range is asked where its accounting came from; and a NAS that is
// being given a new secret may still have the old one, until that ends.
func TestRangeAndOldSecret(t *testing.T) {
	for _, c := range []struct {
		now  time.Time
		want Result
	}{{secretUntil.Add(-time.Second), ACK}, {secretUntil, Timeout}} {
		d := listen(t, "127.0.0.1", func(_ int, b []byte) [][]byte {
			if !wire.IsAuthenticRequest(b, []byte(dasSecret)) {
				return nil
			}
			return [][]byte{reply(t, b, disconnectACK, dasSecret, 0)}
		})
		client := newClient(t, d, "generic", Options{Now: func() time.Time { return c.now }})
		s := openSession()
		s.NASID, s.NASAddress = "moved", d.addr.Addr().String()
		if o, err := client.Disconnect(t.Context(), s); err != nil || o.Result != c.want {
			t.Errorf("at %v: %v %v, want %v", c.now, o, err, c.want)
		}
	}
}

func TestIPv6(t *testing.T) {
	d := listen(t, "::1", func(_ int, b []byte) [][]byte { return [][]byte{reply(t, b, disconnectACK, dasSecret, 0)} })
	c := newClient(t, d, "generic", Options{From: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}})
	if o, err := c.Disconnect(t.Context(), openSession()); err != nil || o.Result != ACK {
		t.Errorf("%v %v", o, err)
	}
}

func TestFrom(t *testing.T) {
	addr := netip.MustParseAddr
	c := newClient(t, &das{addr: netip.MustParseAddrPort("127.0.0.1:1")}, "generic", Options{From: []netip.Addr{
		addr("0.0.0.0"), addr("127.0.0.9"), addr("::ffff:192.0.2.1"), addr("2001:db8::1"),
	}})
	for to, want := range map[string]string{"192.0.2.7": "192.0.2.1", "127.0.0.1": "127.0.0.9", "2001:db8::7": "2001:db8::1", "::1": ""} {
		got, ok := c.from(addr(to))
		if ok != (want != "") || ok && got != addr(want) {
			t.Errorf("to %s from %v %v, want %s", to, got, ok, want)
		}
	}
}

// Every cause that RFC 5176 §3.5 defines has words of its own.
func TestCauses(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Causes() {
		words := c.words()
		if words == "" || seen[words] || !strings.HasSuffix(c.String(), ")") {
			t.Errorf("%d: %q", c, words)
		}
		seen[words] = true
	}
	if len(Causes()) != 17 {
		t.Errorf("%d causes", len(Causes()))
	}
	if got := Cause(999).String(); !strings.Contains(got, "999") || !strings.Contains(got, "does not define") {
		t.Error(got)
	}
}
