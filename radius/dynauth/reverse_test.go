package dynauth

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/radius/client"
)

// down is what a connection of a NAS does in a test.
type down struct {
	answer    func(ctx context.Context, request []byte) []byte // nil: silence
	lost      bool
	connected bool
	asked     int
	nasID     string
	from      netip.Addr
}

func (d *down) Ask(ctx context.Context, nasID string, from netip.Addr, r *client.Request) (*client.Reply, bool, error) {
	d.nasID, d.from = nasID, from
	if !d.connected {
		return nil, false, nil
	}
	d.asked++
	request, err := client.EncodeStream(r, 7, true)
	switch {
	case err != nil:
		return nil, true, err
	case d.lost:
		return nil, true, client.ErrNoReply
	case d.answer == nil:
		<-ctx.Done()
		return nil, true, ctx.Err()
	}
	reply, err := client.ReadStream(d.answer(ctx, request), request, true)
	return reply, true, err
}

// says answers in RADIUS/1.1, by hand.
func says(code byte, attributes ...byte) func(context.Context, []byte) []byte {
	return func(_ context.Context, request []byte) []byte {
		b := bytes.Clone(request[:20])
		b[0], b[2], b[3] = code, 0, byte(20+len(attributes))
		return append(b, attributes...)
	}
}

func TestReverse(t *testing.T) {
	onTLS, onRange := openSession(), openSession()
	onTLS.NASID, onTLS.NASAddress = "tls", "198.51.100.7"
	onRange.NASID = "range"
	for _, c := range []struct {
		name    string
		session accounting.Session
		way     down
		want    Outcome
		err     error
		tries   int // over UDP
		words   string
	}{
		{"ACK", onTLS, down{connected: true, answer: says(disconnectACK)}, Outcome{TLS: true}, nil, 0, "the NAS ends the session"},
		{"NAK with a cause", onTLS, down{connected: true, answer: says(disconnectNAK, 101, 6, 0, 0, 1, 0xf7)}, Outcome{TLS: true, Result: NAK, Cause: 503}, nil, 0, "no such session"},
		{"silence", onTLS, down{connected: true}, Outcome{TLS: true, Result: Timeout}, nil, 0, "on the NAS's own connection"},
		{"the connection is lost", onTLS, down{connected: true, lost: true}, Outcome{TLS: true, Lost: true, Result: Timeout}, nil, 0, "connection ended before it answered"},
		{"not connected", onTLS, down{}, Outcome{Result: Failed}, ErrTLSOnly, 0, "nothing was asked"},
		{"a range, not connected", onRange, down{}, Outcome{Result: Failed}, ErrNoAddress, 0, "nothing was asked"},
		{"preferred to UDP", openSession(), down{connected: true, answer: says(disconnectACK)}, Outcome{TLS: true}, nil, 0, "ends"},
		{"not connected, so UDP", openSession(), down{}, Outcome{}, nil, 1, "ends"},
		{"silence, so UDP", openSession(), down{connected: true}, Outcome{}, nil, 1, "ends"},
		{"lost, so UDP", openSession(), down{connected: true, lost: true}, Outcome{}, nil, 1, "ends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := listen(t, "127.0.0.1", func(_ int, b []byte) [][]byte { return [][]byte{reply(t, b, disconnectACK, dasSecret, 0)} })
			way := c.way
			client := newClient(t, d, "generic", Options{Reverse: &way})
			client.longest, client.reversePart = 50*time.Millisecond, 50*time.Millisecond
			o, err := client.Disconnect(t.Context(), c.session)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if words := o.String(); !strings.Contains(words, c.words) {
				t.Errorf("it says %q", words)
			}
			if o.Result == Timeout && !o.Lost && o.Waited < 50*time.Millisecond {
				t.Errorf("it waited %v", o.Waited)
			}
			o.Waited, o.Port = 0, 0
			if o != c.want {
				t.Errorf("got %+v, want %+v", o, c.want)
			}
			if n := len(d.requests()); n != c.tries {
				t.Errorf("%d datagrams, want %d", n, c.tries)
			}
			if want := map[bool]int{true: 1}[c.way.connected]; way.asked != want || way.nasID != c.session.NASID {
				t.Errorf("%s was asked %d times on its connection, want %d", way.nasID, way.asked, want)
			}
			if want, _ := netip.ParseAddr(c.session.NASAddress); way.from != want {
				t.Errorf("the connection is to come from %v, want %v", way.from, want)
			}
		})
	}
}

// Who gives up while the NAS is silent gets an error, and nothing more is sent.
func TestReverseGivenUp(t *testing.T) {
	d := listen(t, "127.0.0.1", func(int, []byte) [][]byte { return nil })
	c := newClient(t, d, "generic", Options{Reverse: &down{connected: true}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if o, err := c.Disconnect(ctx, openSession()); !errors.Is(err, context.DeadlineExceeded) || o.Result != Failed {
		t.Errorf("%+v %v", o, err)
	}
	if n := len(d.requests()); n != 0 {
		t.Errorf("%d datagrams", n)
	}
}
