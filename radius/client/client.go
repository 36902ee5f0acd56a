package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// Options of a client.
type Options struct {
	Server    string           // host:port
	LocalAddr string           // address to send from, with or without port; empty: the system chooses
	Secret    directory.Secret // shared with the server
	// Timeout is how long one try waits for its reply; 0 means 1 s.
	Timeout time.Duration
	// Retries is how often the same octets are sent again after the first try.
	Retries int
	// Backoff makes each wait about twice as long as the one before, by chance a
	// tenth more or less, as RFC 5080 §2.2.1 asks of a client.
	Backoff bool
	// Unsigned believes an Accept, Reject or Challenge without
	// Message-Authenticator. An old server needs it; CVE-2024-3596 can forge them.
	Unsigned bool
	// TLS makes it RADIUS over TLS, RFC 6614, and Server a TCP address. Secret,
	// Backoff and Unsigned mean nothing then, and Retries is for connections that
	// break. With "radius/1.1" in NextProtos it offers RADIUS/1.1, RFC 9765.
	TLS *tls.Config
}

var (
	// ErrNoReply says that no reply came that could be believed.
	ErrNoReply = errors.New("no reply")
	// ErrClosed says that the client was closed.
	ErrClosed = errors.New("the RADIUS client is closed")
)

// Stats counts what a client did since it was made.
type Stats struct {
	Sent    uint64 // requests, first tries
	Resent  uint64 // further tries
	Replies uint64 // that were believed
	Dropped uint64 // datagrams that were not: forged, late, twice, or broken
}

// Client sends to one server from one socket, with up to 256 requests under
// way: one for each identifier (RFC 2865 §3). Further callers wait. It is safe
// for concurrent use.
type Client struct {
	o    Options
	conn net.Conn  // nil with TLS
	tls  *streams  // nil without
	free chan byte // identifiers that are not in use, least recent first
	done chan struct{}
	once sync.Once
	wg   sync.WaitGroup

	mu      sync.Mutex
	waiting [256]*pending

	sent, resent, replies, dropped atomic.Uint64
}

// pending is a request under way; reply has room for the one that is believed.
type pending struct {
	octets []byte
	reply  chan *Reply
}

// New opens the socket, or with TLS gets ready to connect. Nothing is sent yet.
func New(o Options) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.TLS != nil {
		return newTLS(o).ready(), nil
	}
	if o.Secret.IsZero() {
		return nil, errors.New("the RADIUS client has no shared secret")
	}
	dialer := net.Dialer{}
	if o.LocalAddr != "" {
		local, err := localAddr(o.LocalAddr)
		if err != nil {
			return nil, err
		}
		dialer.LocalAddr = local
	}
	// A connected socket: the kernel drops what comes from elsewhere.
	conn, err := dialer.Dial("udp", o.Server)
	if err != nil {
		return nil, fmt.Errorf("open a socket to the RADIUS server %s: %w", o.Server, err)
	}
	if udp, ok := conn.(*net.UDPConn); ok {
		// Room for 256 replies of 4 KiB at once; the kernel grants what it allows.
		_ = udp.SetReadBuffer(256 * wire.MaxPacketLength)
	}
	c := (&Client{o: o, conn: conn}).ready()
	c.wg.Add(1)
	go c.receive()
	return c, nil
}

func (c *Client) ready() *Client {
	c.free, c.done = make(chan byte, 256), make(chan struct{})
	for id := range 256 {
		c.free <- byte(id)
	}
	return c
}

func random16() (b [16]byte) {
	rand.Read(b[:])
	return b
}

func localAddr(s string) (*net.UDPAddr, error) {
	if _, _, err := net.SplitHostPort(s); err != nil {
		s = net.JoinHostPort(s, "0")
	}
	addr, err := net.ResolveUDPAddr("udp", s)
	if err != nil {
		return nil, fmt.Errorf("the address to send from: %w", err)
	}
	return addr, nil
}

// Exchange sends r, again and again with the same octets, until a reply comes
// that can be believed, the tries are used up (ErrNoReply) or ctx is done.
func (c *Client) Exchange(ctx context.Context, r *Request) (*Reply, error) {
	var id byte
	select {
	case id = <-c.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.done:
		return nil, ErrClosed
	}
	defer func() { c.free <- id }()
	if c.tls != nil {
		return c.exchangeTLS(ctx, r, id)
	}
	octets, err := encode(r, id, random16(), c.o.Secret)
	if err != nil {
		return nil, err
	}
	p := &pending{octets: octets, reply: make(chan *Reply, 1)}
	c.expect(id, p)
	defer c.expect(id, nil)

	wait := c.o.Timeout
	if c.o.Backoff {
		wait = vary(wait)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	c.sent.Add(1)
	for try := 0; ; try++ {
		// An error here (a full buffer, an ICMP message about an earlier try) is
		// like a lost packet: the next try may get through.
		_, writeErr := c.conn.Write(octets)
		select {
		case reply := <-p.reply:
			return reply, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.done:
			return nil, ErrClosed
		case <-timer.C:
		}
		if try >= c.o.Retries {
			if writeErr != nil {
				return nil, fmt.Errorf("%w from %s: %w", ErrNoReply, c.o.Server, writeErr)
			}
			return nil, fmt.Errorf("%w from %s", ErrNoReply, c.o.Server)
		}
		c.resent.Add(1)
		if c.o.Backoff {
			wait = vary(2 * wait)
		}
		timer.Reset(wait)
	}
}

// vary returns d, a tenth more or less, so that many clients that lost their
// server at one moment do not come back at one moment.
func vary(d time.Duration) time.Duration { return d - d/10 + mathrand.N(d/5+1) }

func (c *Client) expect(id byte, p *pending) {
	c.mu.Lock()
	c.waiting[id] = p
	c.mu.Unlock()
}

// receive hands each believable reply to the request that waits for it. What
// does not fit is dropped: the true reply may be behind a forged one.
func (c *Client) receive() {
	defer c.wg.Done()
	buf := make([]byte, wire.MaxPacketLength)
	for {
		n, err := c.conn.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // ICMP port unreachable, while the server restarts
			select {
			case <-c.done:
				return
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		if !c.take(buf[:n]) {
			c.dropped.Add(1)
		}
	}
}

func (c *Client) take(b []byte) bool {
	if len(b) < headerLen {
		return false
	}
	c.mu.Lock()
	p := c.waiting[b[1]]
	c.mu.Unlock()
	if p == nil {
		return false
	}
	reply, err := readReply(b, p.octets, c.o.Secret, c.o.Unsigned)
	if err != nil {
		return false
	}
	select {
	case p.reply <- reply:
		c.replies.Add(1)
		return true
	default: // the same reply twice
		return false
	}
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	return Stats{Sent: c.sent.Load(), Resent: c.resent.Load(), Replies: c.replies.Load(), Dropped: c.dropped.Load()}
}

// LocalAddr returns the address that the client sends from; nil with TLS while
// there is no connection.
func (c *Client) LocalAddr() net.Addr {
	if c.tls == nil {
		return c.conn.LocalAddr()
	}
	if s := c.tls.get(); s != nil {
		return s.conn.LocalAddr()
	}
	return nil
}

// Close ends what is under way with ErrClosed and closes the socket.
func (c *Client) Close() error {
	var err error
	c.once.Do(func() {
		close(c.done)
		if c.tls == nil {
			err = c.conn.Close()
		} else if s := c.tls.get(); s != nil {
			err = s.conn.Close()
		}
		c.wg.Wait()
	})
	return err
}
