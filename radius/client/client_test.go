package client

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

var testMAC = directory.MAC{2, 0xaa, 0xbb, 0xcc, 0xdd, 1}

func TestExchangeReadsGrant(t *testing.T) {
	seen := make(chan []byte, 1)
	server := respond(t, func(_ int, b []byte) [][]byte {
		seen <- b
		return [][]byte{answer(t, b, AccessAccept, "xyzzy5461",
			&wire.AVP{Type: 27, Attribute: []byte{0, 0, 0, 60}}, &wire.AVP{Type: 25, Attribute: []byte("a")}, &wire.AVP{Type: 25, Attribute: []byte("b")})}
	})
	c := open(t, Options{Server: server, LocalAddr: "127.0.0.1"})
	reply, err := c.Exchange(t.Context(), MACAuth(testMAC))
	if err != nil {
		t.Fatal(err)
	}
	if !reply.Accepted() || reply.Seconds(SessionTimeout) != time.Minute || len(reply.All(Class)) != 2 {
		t.Errorf("read %+v", reply)
	}
	p, err := wire.Parse(<-seen, []byte("xyzzy5461"))
	if err != nil {
		t.Fatal(err)
	}
	password, err := wire.UserPassword(p.Get(2), p.Secret, p.Authenticator[:])
	if err != nil || string(password) != testMAC.String() {
		t.Errorf("the server reads the password %q: %v", password, err)
	}
}

func TestLostDuplicatedForged(t *testing.T) {
	for name, tc := range map[string]struct {
		handle func(n int, b []byte) [][]byte
		err    error
		want   Stats
	}{
		"the first is lost": {
			handle: func(n int, b []byte) [][]byte {
				if n == 1 {
					return nil
				}
				return [][]byte{answer(t, b, AccountingResponse, "xyzzy5461")}
			},
			want: Stats{Sent: 1, Resent: 1, Replies: 1},
		},
		"a forged reply before the true one": {
			handle: func(_ int, b []byte) [][]byte {
				return [][]byte{bare(b, AccountingResponse, "guess"), {5, b[1]}, answer(t, b, AccountingResponse, "xyzzy5461")}
			},
			want: Stats{Sent: 1, Replies: 1, Dropped: 2},
		},
		"forged replies only": {
			handle: func(_ int, b []byte) [][]byte { return [][]byte{bare(b, AccountingResponse, "guess")} },
			err:    ErrNoReply,
			want:   Stats{Sent: 1, Resent: 2, Dropped: 3},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got [][]byte
			server := respond(t, func(n int, b []byte) [][]byte {
				mu.Lock()
				got = append(got, b)
				mu.Unlock()
				return tc.handle(n, b)
			})
			c := open(t, Options{Server: server, Timeout: 300 * time.Millisecond, Retries: 2})
			_, err := c.Exchange(t.Context(), Accounting(Start, Session{ID: "1", MAC: testMAC}))
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("got %v, want %v", err, tc.err)
			}
			c.Close() // the reader has counted
			if s := c.Stats(); s != tc.want {
				t.Errorf("got %+v, want %+v", s, tc.want)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, b := range got {
				if !bytes.Equal(b, got[0]) {
					t.Errorf("retransmitted as % x, first was % x", b, got[0])
				}
			}
		})
	}
}

// Replies that come late, twice and in the opposite order must each reach the
// request that they answer.
func TestManyUnderWayReordered(t *testing.T) {
	const n = 100 // few enough for the kernel's default receive buffer
	var held [][]byte
	server := respond(t, func(_ int, b []byte) [][]byte {
		p, err := wire.Parse(b, []byte("xyzzy5461"))
		if err != nil {
			t.Error(err)
			return nil
		}
		reply := answer(t, b, AccessAccept, "xyzzy5461", &wire.AVP{Type: 25, Attribute: p.Get(1)})
		held = append(held, nil)
		copy(held[1:], held)
		held[0] = reply
		if len(held)%10 != 0 {
			return nil
		}
		out := append([][]byte(nil), held[:10]...)
		return append(out, held[:10]...) // each twice
	})
	c := open(t, Options{Server: server, Timeout: 5 * time.Second, Retries: 1})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			mac := directory.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}
			reply, err := c.Exchange(t.Context(), MACAuth(mac))
			if err != nil {
				t.Errorf("%s: %v", mac, err)
				return
			}
			if got := reply.Text(Class); got != mac.String() {
				t.Errorf("%s was given the reply of %s", mac, got)
			}
		})
	}
	wg.Wait()
}

// More than 256 callers share the identifiers, and no two that are under way
// have the same.
func TestIdentifiersAreBounded(t *testing.T) {
	busy := map[byte]bool{}
	used := make(chan int, 1)
	server := respond(t, func(n int, b []byte) [][]byte {
		if n <= 256 {
			if busy[b[1]] {
				t.Errorf("identifier %d is under way twice", b[1])
			}
			busy[b[1]] = true
			if n < 256 {
				return nil
			}
			used <- len(busy)
		}
		return [][]byte{answer(t, b, AccountingResponse, "xyzzy5461")} // frees one, for the next caller
	})
	c := open(t, Options{Server: server, Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 300)
	for range 300 {
		go func() {
			_, err := c.Exchange(ctx, Accounting(On, Session{}))
			answered <- err
		}()
	}
	// The 256th is answered, and each answered one lets one of the 44 others go.
	for range 45 {
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for range 255 {
		if err := <-answered; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the cancellation", err)
		}
	}
	if n := <-used; n != 256 {
		t.Errorf("%d identifiers were used", n)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := respond(t, func(int, []byte) [][]byte { asked <- struct{}{}; return nil })
	c := open(t, Options{Server: server, Timeout: time.Minute})
	result := make(chan error)
	go func() {
		_, err := c.Exchange(context.Background(), Status())
		result <- err
	}()
	<-asked
	c.Close()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestRefusedRequests(t *testing.T) {
	c := open(t, Options{Server: "127.0.0.1:9"})
	long := string(make([]byte, 254))
	for name, r := range map[string]*Request{
		"long attribute":       NewRequest(AccessRequest).Text(UserName, long),
		"long password":        PAP("a", directory.NewSecret(long)),
		"no user":              PAP("", directory.NewSecret("a")),
		"own signature":        Status().Bytes(MessageAuthenticator, make([]byte, 16)),
		"long vendor":          Status().Vendor(1, 1, make([]byte, 248)),
		"more than 4096 octet": many(Status(), 20),
	} {
		if _, err := c.Exchange(t.Context(), r); err == nil || errors.Is(err, ErrNoReply) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := c.Stats(); s.Sent != 0 {
		t.Errorf("%d were sent", s.Sent)
	}
	if _, err := New(Options{Server: "127.0.0.1:9"}); err == nil {
		t.Error("a client without a secret was made")
	}
}

func many(r *Request, n int) *Request {
	for range n {
		r.Bytes(Class, make([]byte, 253))
	}
	return r
}

func TestAccountingAuthenticatorAndGigawords(t *testing.T) {
	r := Accounting(Stop, Session{
		ID: "s-1", User: "logement-0001", MAC: testMAC, Called: "02-00-00-00-00-01:Ville", Class: [][]byte{[]byte("x")},
		At: time.Unix(1_790_000_000, 0), Usage: Usage{In: 1<<32 + 7, Out: 5<<32 - 1, Seconds: 60}, Cause: 1,
	})
	b, err := encode(r, 3, [16]byte{1}, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if !wire.IsAuthenticRequest(b, []byte("xyzzy5461")) {
		t.Error("the Request Authenticator does not fit")
	}
	p, err := wire.Parse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for typ, want := range map[wire.Type]uint32{40: 2, 42: 7, 52: 1, 43: 1<<32 - 1, 53: 4, 46: 60, 49: 1, 55: 1_790_000_000} {
		if got, err := wire.Integer(p.Get(typ)); err != nil || got != want {
			t.Errorf("attribute %d is %d (%v), want %d", typ, got, err, want)
		}
	}
	if p.Get(80) != nil {
		t.Error("an Accounting-Request carries a Message-Authenticator")
	}
}

// RFC 5176 §2.3: the HMAC is over a zero authenticator, and the authenticator
// over the packet with the HMAC in it.
func TestDisconnectIsSigned(t *testing.T) {
	b, err := encode(NewRequest(DisconnectRequest).Text(UserName, "u"), 1, [16]byte{1}, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if !wire.IsAuthenticRequest(b, []byte("xyzzy5461")) {
		t.Error("the Request Authenticator does not fit")
	}
	c := append([]byte(nil), b...)
	clear(c[4:20])
	clear(c[22:38])
	if !bytes.Equal(messageAuthenticator(c, testSecret), b[22:38]) {
		t.Error("the Message-Authenticator does not fit")
	}
}

// RFC 5080 §2.2.1: the waits grow, so that a server in trouble is left in peace.
func TestBackoff(t *testing.T) {
	server := respond(t, func(int, []byte) [][]byte { return nil })
	const first = 30 * time.Millisecond
	c := open(t, Options{Server: server, Timeout: first, Retries: 2, Backoff: true})
	began := time.Now()
	if _, err := c.Exchange(t.Context(), Status()); !errors.Is(err, ErrNoReply) {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 5*first { // 1 + 2 + 4, less a tenth each; without, 3
		t.Errorf("gave up after %v", took)
	}
	if s := c.Stats(); s.Resent != 2 {
		t.Errorf("%+v", s)
	}
	for range 1000 {
		if d := vary(time.Second); d < 900*time.Millisecond || d > 1100*time.Millisecond {
			t.Fatalf("varied to %v", d)
		}
	}
}

func TestEncoded(t *testing.T) {
	r := NewRequest(CoARequest).Encoded([]byte{1, 3, 'u', 26, 12, 0, 0, 0x3a, 0x8c, 8, 6, '1', 'k', '/', '2'})
	b, err := encode(r, 1, [16]byte{}, testSecret)
	if err != nil || !bytes.Equal(b[38:], []byte{1, 3, 'u', 26, 12, 0, 0, 0x3a, 0x8c, 8, 6, '1', 'k', '/', '2'}) {
		t.Errorf("% x %v", b, err)
	}
	for _, list := range [][]byte{{1}, {1, 1, 2}, {1, 4, 'u'}, {1, 2}} {
		if _, err := encode(NewRequest(CoARequest).Encoded(list), 1, [16]byte{}, testSecret); err == nil {
			t.Errorf("% x was sent", list)
		}
	}
}
