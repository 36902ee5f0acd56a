package radius

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	wire "layeh.com/radius"

	"parvis/internal/directory"
	asks "parvis/radius/client"
)

// asked is what became of Ask.
type asked struct {
	reply     *asks.Reply
	connected bool
	err       error
}

func (s *secured) askIn(d time.Duration, from string) chan asked {
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	out := make(chan asked, 1)
	go func() {
		defer cancel()
		var a asked
		r := asks.NewRequest(asks.DisconnectRequest).Text(asks.AcctSessionID, "s-1")
		a.reply, a.connected, a.err = s.Ask(ctx, s.register.Snapshot().NASes()[0].ID, netip.MustParseAddr(from), r)
		out <- a
	}()
	return out
}

func (s *secured) ask() chan asked { return s.askIn(10*time.Second, "127.0.0.1") }

// answers makes the NAS's answer with the codec's own arithmetic.
func answers(t *testing.T, request []byte, code byte, secret string, cause uint32) []byte {
	t.Helper()
	p := &wire.Packet{Code: wire.Code(code), Identifier: request[1], Secret: []byte(secret)}
	copy(p.Authenticator[:], request[4:20])
	if cause != 0 {
		p.Add(101, binary.BigEndian.AppendUint32(nil, cause))
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signedByUs holds a request to RFC 5176 §2.3 and RFC 6614 §2.3, by hand.
func signedByUs(t *testing.T, b []byte) {
	t.Helper()
	if b[0] != 40 || b[20] != 80 || b[21] != 18 {
		t.Fatalf("not a Disconnect-Request with Message-Authenticator first: %x", b)
	}
	if !wire.IsAuthenticRequest(b, []byte("radsec")) {
		t.Error("the Request Authenticator does not fit")
	}
	zeroed := bytes.Clone(b)
	clear(zeroed[4:20])
	clear(zeroed[22:38])
	if !bytes.Equal(hmacMD5("radsec", zeroed), b[22:38]) {
		t.Error("the Message-Authenticator does not fit")
	}
}

func TestReverse(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			s := securing(t, nil)
			config := s.client(s.issue("quay.example"))
			config.MaxVersion = version
			c := s.connect(config)
			c.exchange(signIn, codeAccessAccept)
			for _, cause := range []uint32{0, 503} {
				code := byte(41)
				if cause != 0 {
					code = 42
				}
				result := s.ask()
				request := c.receive()
				signedByUs(t, request)
				// The NAS's own Identifiers have nothing to do with ours.
				own := status
				own.id = request[1]
				c.exchange(own, codeAccessAccept)
				c.send(answers(t, request, code, "radsec", cause))
				a := <-result
				if a.err != nil || !a.connected || byte(a.reply.Code) != code {
					t.Fatalf("%+v", a)
				}
				if got, _ := a.reply.Uint32(asks.ErrorCause); got != cause {
					t.Errorf("Error-Cause %d, want %d", got, cause)
				}
			}
		})
	}
}

func TestReverse11(t *testing.T) {
	s := securing(t, nil)
	c := s.connect11()
	c.exchange11(status, 1, codeAccessAccept) // its Token 1 is not ours
	result := s.ask()
	request := c.receive()
	if form, ok := scan(request); !ok || form.authenticators != 0 || request[0] != 40 || request[1] != 0 {
		t.Fatalf("not a Disconnect-Request of RADIUS/1.1: %x", request)
	}
	token := binary.BigEndian.Uint32(request[4:])
	c.send(encode11(ask{code: 41}, token+1, 0)) // nobody asked that
	c.send(encode11(ask{code: 44}, token, 0))   // no answer to a Disconnect-Request
	c.send(encode11(ask{code: 41}, token, 0))
	if a := <-result; a.err != nil || a.reply.Code != asks.DisconnectACK {
		t.Fatalf("%+v", a)
	}
	if n := testutil.ToFloat64(s.metrics.listeners[tlsListener].discarded[discardBadCode]); n != 2 {
		t.Errorf("%v were dropped, want 2", n)
	}
}

// Silence is one request and no more, RFC 6613 §2.6.1; an answer that comes too
// late, twice or with another secret is dropped and harms nobody.
func TestReverseSilence(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	c.exchange(signIn, codeAccessAccept)
	result := s.askIn(100*time.Millisecond, "127.0.0.1")
	first := c.receive()
	if a := <-result; !a.connected || !errors.Is(a.err, context.DeadlineExceeded) {
		t.Fatalf("%+v", a)
	}
	result = s.ask()
	second := c.receive()
	if first[1] == second[1] {
		t.Error("the Identifier is used again at once")
	}
	c.send(answers(t, first, 41, "radsec", 0))
	c.send(answers(t, second, 41, "guess", 0))
	c.send(answers(t, second, 42, "radsec", 503))
	c.send(answers(t, second, 41, "radsec", 0))
	if a := <-result; a.err != nil || a.reply.Code != asks.DisconnectNAK {
		t.Fatalf("%+v", a)
	}
	c.exchange(status, codeAccessAccept) // nothing else of ours is before this answer
	if n := testutil.ToFloat64(s.metrics.listeners[tlsListener].discarded[discardBadCode]); n != 3 {
		t.Errorf("%v were dropped, want 3", n)
	}
}

func TestReverseTwoConnections(t *testing.T) {
	s := securing(t, nil)
	old, young := s.connect(nil), s.connect(nil)
	old.exchange(signIn, codeAccessAccept)
	s.advance(time.Second)
	young.exchange(signIn, codeAccessAccept)

	result := s.ask()
	request := young.receive() // which was heard last
	young.conn.Close()         // and is lost before the answer
	again := old.receive()
	signedByUs(t, again)
	if !bytes.Equal(again[38:], request[38:]) {
		t.Errorf("asked for %x, and then for %x", request, again)
	}
	old.send(answers(t, again, 41, "radsec", 0))
	if a := <-result; a.err != nil || a.reply.Code != asks.DisconnectACK {
		t.Fatalf("%+v", a)
	}

	result = s.ask()
	old.receive()
	old.conn.Close()
	if a := <-result; !a.connected || !errors.Is(a.err, asks.ErrNoReply) {
		t.Fatalf("the last connection is lost: %+v", a)
	}
	if a := <-s.ask(); a.connected || a.err != nil {
		t.Fatalf("no connection is left: %+v", a)
	}
}

// Behind a range there may be many machines: only that of the session is asked.
func TestReverseOfRange(t *testing.T) {
	s := securing(t, nil)
	s.known(func(c *directory.Catalog) { c.NASes[0].Prefix = netip.MustParsePrefix("127.0.0.0/8") })
	c := s.connect(nil)
	c.exchange(signIn, codeAccessAccept)
	if a := <-s.askIn(time.Second, "127.0.0.9"); a.connected {
		t.Errorf("another machine was asked: %+v", a)
	}
	result := s.ask()
	c.send(answers(t, c.receive(), 41, "radsec", 0))
	if a := <-result; a.err != nil {
		t.Errorf("%+v", a)
	}
}

// What is under way on a connection is bounded; more waits, and is sent when
// there is room.
func TestReverseIsBounded(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	c.exchange(signIn, codeAccessAccept)
	const more = 8
	var results []chan asked
	for range reverseUnderWay + more {
		results = append(results, s.ask())
	}
	seen := map[byte]bool{}
	var requests [][]byte
	for range reverseUnderWay {
		b := c.receive()
		if seen[b[1]] {
			t.Errorf("Identifier %d is under way twice", b[1])
		}
		seen[b[1]] = true
		requests = append(requests, b)
	}
	// If one more had been sent, it would be before this answer.
	c.exchange(status, codeAccessAccept)
	for i := range requests {
		c.send(answers(t, requests[i], 41, "radsec", 0))
		if len(requests) < reverseUnderWay+more && i < more {
			requests = append(requests, c.receive())
		}
	}
	for _, b := range requests[reverseUnderWay:] {
		c.send(answers(t, b, 41, "radsec", 0))
	}
	for _, result := range results {
		if a := <-result; a.err != nil {
			t.Fatalf("%+v", a)
		}
	}
}

// A connection that this server ends lets nobody wait.
func TestReverseEndsWithConnection(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	c.exchange(signIn, codeAccessAccept)
	result := s.ask()
	c.receive()
	for _, live := range s.tls.live() {
		live.close(closedStopped)
	}
	if a := <-result; !errors.Is(a.err, asks.ErrNoReply) {
		t.Errorf("%+v", a)
	}
}
