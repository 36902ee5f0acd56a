package client

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// tlsSecret is the shared secret of everybody inside TLS, RFC 6614 §2.3 (4).
const tlsSecret = "radsec"

// alpn11 is RADIUS/1.1 in ALPN, RFC 9765 §3.1.
const alpn11 = "radius/1.1"

// streams opens TLS connections, one at a time.
type streams struct {
	turn    chan struct{} // held by who opens one
	mu      sync.Mutex
	current *stream
}

// stream is one TLS connection with the requests under way on it.
type stream struct {
	conn *tls.Conn
	v11  bool
	gone chan struct{} // closed when it has ended

	mu      sync.Mutex
	waiting map[uint32]*pending // by Identifier, or in RADIUS/1.1 by Token
	token   uint32
}

// newTLS returns a client that connects with its first request.
func newTLS(o Options) *Client {
	o.Secret = directory.NewSecret(tlsSecret)
	o.Unsigned = true // TLS has signed it
	return &Client{o: o, tls: &streams{turn: make(chan struct{}, 1)}}
}

// exchangeTLS asks once, RFC 6613 §2.6.1: nothing is sent twice on a stream.
// What a stream that broke took with it is asked again on a new one.
func (c *Client) exchangeTLS(ctx context.Context, r *Request, id byte) (*Reply, error) {
	c.sent.Add(1)
	for try := 0; ; try++ {
		reply, broke, err := c.tryTLS(ctx, r, id)
		if err == nil || !broke || try >= c.o.Retries {
			return reply, err
		}
		c.resent.Add(1)
	}
}

// tryTLS asks; broke says that the connection could not be opened, or ended.
func (c *Client) tryTLS(ctx context.Context, r *Request, id byte) (reply *Reply, broke bool, err error) {
	limit, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	s, err := c.connect(limit)
	if err != nil {
		return nil, ctx.Err() == nil, fmt.Errorf("%w from %s: %w", ErrNoReply, c.o.Server, err)
	}
	key, p, err := s.expect(r, id, c.o.Secret)
	if err != nil {
		return nil, false, err
	}
	defer s.forget(key)
	s.conn.SetWriteDeadline(time.Now().Add(c.o.Timeout))
	if _, err := s.conn.Write(p.octets); err != nil {
		s.conn.Close()
		return nil, true, fmt.Errorf("%w from %s: %w", ErrNoReply, c.o.Server, err)
	}
	select {
	case reply := <-p.reply:
		return reply, false, nil
	case <-s.gone:
		return nil, true, fmt.Errorf("%w from %s: the connection has ended", ErrNoReply, c.o.Server)
	case <-c.done:
		return nil, false, ErrClosed
	case <-limit.Done():
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		return nil, false, fmt.Errorf("%w from %s", ErrNoReply, c.o.Server)
	}
}

// connect returns the connection that is there, or opens one.
func (c *Client) connect(ctx context.Context) (*stream, error) {
	select {
	case c.tls.turn <- struct{}{}:
		defer func() { <-c.tls.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.done:
		return nil, ErrClosed
	}
	if s := c.tls.get(); s != nil {
		select {
		case <-s.gone:
		default:
			return s, nil
		}
	}
	dialer := tls.Dialer{Config: c.o.TLS}
	if c.o.LocalAddr != "" {
		local, err := localAddr(c.o.LocalAddr)
		if err != nil {
			return nil, err
		}
		dialer.NetDialer = &net.Dialer{LocalAddr: &net.TCPAddr{IP: local.IP, Port: local.Port, Zone: local.Zone}}
	}
	conn, err := dialer.DialContext(ctx, "tcp", c.o.Server)
	if err != nil {
		return nil, err
	}
	s := &stream{conn: conn.(*tls.Conn), gone: make(chan struct{}), waiting: map[uint32]*pending{}}
	s.v11 = s.conn.ConnectionState().NegotiatedProtocol == alpn11
	c.tls.mu.Lock()
	defer c.tls.mu.Unlock()
	select {
	case <-c.done: // Close has not seen it
		conn.Close()
		return nil, ErrClosed
	default:
	}
	c.tls.current = s
	c.wg.Go(func() { c.receiveTLS(s) })
	return s, nil
}

func (t *streams) get() *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// expect encodes r for this connection and notes that its reply is awaited.
func (s *stream) expect(r *Request, id byte, secret directory.Secret) (uint32, *pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := uint32(id)
	var octets []byte
	var err error
	if s.v11 {
		s.token++ // RFC 9765 §4.2.1: another for each packet of a connection
		key = s.token
		octets, err = encode11(r, key)
	} else {
		octets, err = encode(r, id, random16(), secret)
	}
	if err != nil {
		return 0, nil, err
	}
	p := &pending{octets: octets, reply: make(chan *Reply, 1)}
	s.waiting[key] = p
	return key, p, nil
}

func (s *stream) forget(key uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, key)
}

// receiveTLS hands each reply to the request that waits for it. A stream that
// cannot be read as RADIUS is closed, RFC 6613 §2.6.4.
func (c *Client) receiveTLS(s *stream) {
	defer close(s.gone)
	defer s.conn.Close()
	buf := make([]byte, wire.MaxPacketLength)
	for {
		if _, err := io.ReadFull(s.conn, buf[:4]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(buf[2:]))
		if n < headerLen || n > len(buf) {
			return
		}
		if _, err := io.ReadFull(s.conn, buf[4:n]); err != nil {
			return
		}
		if !c.takeTLS(s, buf[:n]) {
			c.dropped.Add(1)
		}
	}
}

func (c *Client) takeTLS(s *stream, b []byte) bool {
	key := uint32(b[1])
	if s.v11 {
		key = binary.BigEndian.Uint32(b[4:])
	}
	s.mu.Lock()
	p := s.waiting[key]
	s.mu.Unlock()
	if p == nil {
		return false
	}
	var reply *Reply
	var err error
	if s.v11 {
		reply, err = readReply11(b, p.octets)
	} else {
		reply, err = readReply(b, p.octets, c.o.Secret, c.o.Unsigned)
	}
	if err != nil {
		return false
	}
	select {
	case p.reply <- reply:
		c.replies.Add(1)
		return true
	default:
		return false
	}
}

// encode11 makes the octets of r for RADIUS/1.1, RFC 9765 §4.1: nothing in it is
// signed or hidden.
func encode11(r *Request, token uint32) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	attrs := slices.Clone(r.attrs)
	if r.password != nil && len(attrs) > 0 {
		password := &wire.AVP{Type: wire.Type(UserPassword), Attribute: wire.Attribute(r.password.Reveal())}
		attrs = slices.Insert(attrs, 1, password) // behind User-Name, as in encode
	}
	p := &wire.Packet{Code: wire.Code(r.code), Attributes: attrs}
	binary.BigEndian.PutUint32(p.Authenticator[:], token)
	b, err := p.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return b, nil
}

// readReply11 reads an answer of RADIUS/1.1 to the request with the same Token.
func readReply11(b, request []byte) (*Reply, error) {
	code := Code(b[0])
	if !code.answers(Code(request[0])) {
		return nil, errCode
	}
	attrs, err := wire.ParseAttributes(b[headerLen:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errShape, err)
	}
	return &Reply{Code: code, attrs: attrs}, nil
}
