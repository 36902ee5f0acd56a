package dynauth

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/radius/client"
)

// A NAS is asked three times, RFC 5080 §2.2.1 with IRT 2 s, MRC 3, MRD 10 s: at
// once, after 2 s and 4 s later. Somebody waits for the answer, so it is given
// up sooner than an Access-Request.
const (
	firstWait = 2 * time.Second
	resends   = 2
	longest   = 10 * time.Second

	// reversePart is how long a NAS that can be asked over UDP as well has for an
	// answer on its own connection: one that does not take requests there says
	// nothing, and another did not ask for it.
	reversePart = 4 * time.Second

	defaultAtOnce = 16
)

// Reverse asks a NAS on the connection that it has opened itself, for RADIUS over
// TLS: the only way to one behind a firewall.
type Reverse interface {
	// Ask sends r once and waits for its answer until ctx ends. from is the
	// address that the session's machine has, if it is known. connected is false
	// when the NAS has no connection and nothing was sent. A connection that
	// ended meanwhile is a client.ErrNoReply.
	Ask(ctx context.Context, nasID string, from netip.Addr, r *client.Request) (reply *client.Reply, connected bool, err error)
}

// Options is what a Client needs. Register must be set; for all others a zero
// value means the default.
type Options struct {
	Register *directory.Register
	// From lists the addresses on which this server answers RADIUS. A NAS takes
	// such requests from its RADIUS servers only; without one that fits, the
	// system chooses.
	From []netip.Addr
	// Reverse is preferred to UDP where the NAS has a connection. Default: there
	// is none.
	Reverse Reverse
	// AtOnce bounds the exchanges under way; others wait. Default 16.
	AtOnce     int
	Now        func() time.Time      // default time.Now
	Log        *slog.Logger          // default discards
	Registerer prometheus.Registerer // default: a registry of its own
}

// Client asks NASes to end or change sessions. It is safe for concurrent use.
type Client struct {
	o       Options
	slots   chan struct{}
	metrics *metrics

	wait, longest, reversePart time.Duration // the constants, but for tests
}

// New returns a client. Nothing is opened: each exchange has a socket of its
// own, whose port is a part of what a forger would have to guess.
func New(o Options) (*Client, error) {
	if o.Register == nil {
		return nil, errors.New("dynauth: no register")
	}
	if o.AtOnce <= 0 {
		o.AtOnce = defaultAtOnce
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	return &Client{o: o, slots: make(chan struct{}, o.AtOnce), metrics: m, wait: firstWait, longest: longest, reversePart: reversePart}, nil
}

// Disconnect asks the NAS to end the session. An error means that nothing was
// asked, in one sentence, or that ctx ended first; everything else, silence
// too, is an Outcome.
func (c *Client) Disconnect(ctx context.Context, s accounting.Session) (Outcome, error) {
	return c.do(ctx, s, nil)
}

// Change asks the NAS for the rates of g in the running session. Where the
// dialect cannot, it asks for the session's end, and the outcome says so: the
// device comes back and gets what then is decided.
func (c *Client) Change(ctx context.Context, s accounting.Session, g access.Grant) (Outcome, error) {
	return c.do(ctx, s, &g)
}

func (c *Client) do(ctx context.Context, s accounting.Session, g *access.Grant) (Outcome, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Outcome{Result: Failed}, ctx.Err()
	}
	a, err := c.prepare(s, g, c.o.Now())
	o := Outcome{Asked: a.kind, Result: Failed, Instead: a.instead, Port: a.to.Port()}
	if err == nil {
		err = c.exchange(ctx, a, &o)
	}
	c.metrics.count(o)
	if err != nil {
		return o, err
	}
	// No MAC, login or session: what was done for whom is in the audit trail.
	c.o.Log.InfoContext(ctx, "dynamic authorisation", "nas", s.NASID, "type", o.Asked.String(),
		"result", o.Result.String(), "tls", o.TLS, "cause", uint32(o.Cause), "waited", o.Waited, "unfit", o.Unfit)
	return o, nil
}

// exchange sends a and fills o with what came back.
func (c *Client) exchange(ctx context.Context, a asked, o *Outcome) error {
	began := c.o.Now()
	defer func() { o.Waited = c.o.Now().Sub(began) }()
	answered, err := c.reverse(ctx, a, o)
	if answered || err != nil {
		return err
	}
	if a.unreachable != nil {
		if o.TLS { // it was asked, and that is all that can be done
			return nil
		}
		return a.unreachable
	}
	o.TLS, o.Lost = false, false
	return c.overUDP(ctx, a, o)
}

// reverse asks on the NAS's own connection; answered is false when it has none,
// or says nothing there.
func (c *Client) reverse(ctx context.Context, a asked, o *Outcome) (answered bool, err error) {
	if c.o.Reverse == nil {
		return false, nil
	}
	limit := c.longest
	if a.unreachable == nil {
		limit = c.reversePart
	}
	part, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	reply, connected, err := c.o.Reverse.Ask(part, a.nasID, a.from, a.request)
	if !connected {
		return false, err
	}
	o.TLS = true
	switch {
	case err == nil:
		o.read(reply)
		return true, nil
	case errors.Is(err, client.ErrNoReply):
		o.Result, o.Lost = Timeout, true
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		o.Result = Timeout
	default:
		return false, err
	}
	return false, nil
}

// read takes over what the NAS answered.
func (o *Outcome) read(reply *client.Reply) {
	cause, _ := reply.Uint32(client.ErrorCause)
	o.Cause = Cause(cause)
	o.Result = NAK
	if reply.Code == client.DisconnectACK || reply.Code == client.CoAACK {
		o.Result = ACK
	}
}

// overUDP asks at the NAS's address. While two secrets are valid each gets its
// part of the time: a NAS drops what is signed with another.
func (c *Client) overUDP(ctx context.Context, a asked, o *Outcome) error {
	for _, secret := range a.secrets {
		part, cancel := context.WithTimeout(ctx, longest/time.Duration(len(a.secrets)))
		reply, err := c.once(part, a, secret, o)
		cancel()
		switch {
		case err == nil:
			o.read(reply)
			return nil
		case errors.Is(err, client.ErrNoReply), errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			o.Result = Timeout
		default:
			o.Result = Failed
			return err
		}
	}
	return nil
}

// once exchanges a under one secret, from a socket of its own.
func (c *Client) once(ctx context.Context, a asked, secret directory.Secret, o *Outcome) (*client.Reply, error) {
	options := client.Options{
		Server: a.to.String(), Secret: secret, Timeout: c.wait, Retries: resends, Backoff: true,
	}
	if from, ok := c.from(a.to.Addr()); ok {
		options.LocalAddr = netip.AddrPortFrom(from, 0).String()
	}
	conn, err := client.New(options)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reply, err := conn.Exchange(ctx, a.request)
	o.Unfit += conn.Stats().Dropped
	return reply, err
}

// from chooses the address to send from.
func (c *Client) from(to netip.Addr) (netip.Addr, bool) {
	for _, a := range c.o.From {
		a = a.Unmap()
		if !a.IsUnspecified() && a.Is4() == to.Is4() && a.IsLoopback() == to.IsLoopback() {
			return a, true
		}
	}
	return netip.Addr{}, false
}
