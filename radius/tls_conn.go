package radius

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"parvis/internal/directory"
)

// tlsConn is one connection. One goroutine reads it, and another writes, so that
// no worker ever waits for a peer.
type tlsConn struct {
	server *tlsServer
	conn   *tls.Conn
	from   netip.AddrPort
	source int // negative: never that of a socket
	over   carrier
	names  []string
	chain  []*x509.Certificate
	owner  string // id of the NAS that it is counted for

	// slots holds one element for each request that was read and whose answer
	// is not written. answers is as long, so that send never waits.
	slots   chan struct{}
	answers chan []byte
	done    chan struct{}
	once    sync.Once
	why     closing // written before done is closed
	reverse reverse
	heard   atomic.Int64 // when a packet last came, in Unix milliseconds

	// Of the last look by the reader.
	snap *directory.Snapshot
	nas  *directory.NAS
}

func newTLSConn(t *tlsServer, conn *tls.Conn, from netip.AddrPort, nas *directory.NAS) *tlsConn {
	state := conn.ConnectionState()
	c := &tlsConn{
		server: t, conn: conn, from: from, source: int(-t.lastSource.Add(1)), over: overTLS, owner: nas.ID,
		names: certificateNames(state.PeerCertificates[0]), chain: state.PeerCertificates,
		slots: make(chan struct{}, tlsInFlight), answers: make(chan []byte, tlsInFlight), done: make(chan struct{}),
		reverse: newReverse(),
	}
	c.heard.Store(t.Server.o.Now().UnixMilli())
	if state.NegotiatedProtocol == alpn11 {
		c.over = overTLS11
	}
	return c
}

// belongs reports whether the connection still is that of the NAS that opened it.
func (c *tlsConn) belongs(snap *directory.Snapshot) bool {
	nas := nasOf(snap, c.names, c.from.Addr())
	return nas != nil && nas.ID == c.owner
}

// read takes packets until the connection or ctx ends, and says why it did.
func (c *tlsConn) read(ctx context.Context) closing {
	go c.write()
	stop := context.AfterFunc(ctx, func() { c.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	wait := func(begun bool) {
		limit := c.server.o.Idle
		if begun {
			limit = c.server.o.frame
		}
		c.conn.SetReadDeadline(time.Now().Add(limit))
		if ctx.Err() != nil || c.closed() { // it may have been so before the line above
			c.conn.SetReadDeadline(time.Unix(1, 0))
		}
	}
	in := bufio.NewReaderSize(c.conn, maxPacket)
	for {
		begun := false
		p, err := nextFrame(in, func(b bool) { begun = b; wait(b) })
		if err != nil {
			return c.ended(ctx, err, begun)
		}
		if !c.take(ctx, p) {
			return closedStopped // or the reason that it was closed for
		}
		in.Discard(len(p))
	}
}

// ended says why nothing more can be read. After an orderly end, what was read
// is still answered.
func (c *tlsConn) ended(ctx context.Context, err error, begun bool) closing {
	switch {
	case ctx.Err() != nil:
		return closedStopped
	case errors.Is(err, io.EOF):
		return closedPeer
	case errors.Is(err, errFrame):
		c.server.discard(tlsListener, discardBadLength, &request{from: c.from, nas: c.nas, at: c.server.Server.o.Now()})
		c.close(closedMalformed)
	case errors.Is(err, os.ErrDeadlineExceeded) && begun:
		c.close(closedIncomplete)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.close(closedIdle)
	default:
		c.close(closedPeer)
	}
	return c.why
}

// take hands a packet to the workers. It waits while this connection has too
// much under way, or all of them together; the peer's TCP then waits too.
func (c *tlsConn) take(ctx context.Context, p []byte) bool {
	c.heard.Store(c.server.Server.o.Now().UnixMilli())
	if c.answered(p) {
		return true
	}
	l := c.server.auth
	if p[0] == codeAccountingRequest {
		l = c.server.acct
	}
	select {
	case c.slots <- struct{}{}:
	case <-c.done:
		return false
	case <-ctx.Done():
		return false
	}
	var r *request
	select {
	case r = <-l.free:
	case <-c.done:
		return false
	case <-ctx.Done():
		<-c.slots
		return false
	}
	c.fill(r, p)
	if why := c.admit(r); why != discardNone {
		c.server.discard(tlsListener, why, r)
		l.free <- r
		<-c.slots
		return !c.closed()
	}
	// There is room for every buffer but those of the workers, which make room.
	select {
	case l.queue[laneOf(r)] <- r:
		return true
	case <-ctx.Done():
		l.free <- r
		<-c.slots
		return false
	}
}

func (c *tlsConn) fill(r *request, p []byte) {
	r.n = copy(r.buf[:], p)
	r.link, r.source, r.over, r.client = c, c.source, c.over, nil
	r.from, r.at, r.secret = c.from, c.server.Server.o.Now(), c.server.secret
	if c.over == overTLS11 {
		// RFC 9765 §4.1: reserved octets are ignored. As zeroes they may be
		// echoed, and a reply's header is that of its request.
		r.buf[1] = 0
		clear(r.buf[8:headerLength])
	}
}

// admit is what Server.admit is for a datagram.
func (c *tlsConn) admit(r *request) discard {
	r.snap = c.server.Server.o.Register.Snapshot()
	if r.snap != c.snap {
		c.snap, c.nas = r.snap, nasOf(r.snap, c.names, c.from.Addr())
	}
	r.nas = c.nas
	switch {
	case c.nas == nil || c.nas.ID != c.owner:
		c.close(closedUnknownClient)
		return discardUnknownClient
	case !tlsListener.takes(r.code()):
		// An answer that nobody asked for may be late; any other code is no RADIUS.
		if !isAnswer(r.code()) {
			c.close(closedMalformed)
		}
		return discardBadCode
	}
	return discardNone
}

// isAnswer reports whether the code is that of an answer, RFC 2865 §4, RFC 5176 §2.3.
func isAnswer(code byte) bool {
	switch code {
	case codeAccessAccept, codeAccessReject, codeAccountingResponse, codeAccessChallenge,
		codeDisconnectACK, codeDisconnectNAK, codeCoAACK, codeCoANAK:
		return true
	}
	return false
}

func (c *tlsConn) send(answer []byte, _ netip.AddrPort) error {
	if c.closed() {
		return net.ErrClosed
	}
	c.answers <- bytes.Clone(answer)
	return nil
}

func (c *tlsConn) unanswered() { <-c.slots }

func (c *tlsConn) broken() { c.close(closedMalformed) }

// write sends answers, those that are there together, and what we ask.
func (c *tlsConn) write() {
	var batch []byte // grows with what is asked: most connections ask seldom
	for {
		n := 0 // answers
		select {
		case answer := <-c.answers:
			batch = append(batch[:0], answer...)
			n++
		case question := <-c.reverse.out:
			batch = append(batch[:0], question...)
		case <-c.done:
			return
		}
	more:
		for len(batch) < 3*maxPacket {
			select {
			case answer := <-c.answers:
				batch = append(batch, answer...)
				n++
			default:
				break more
			}
		}
		c.conn.SetWriteDeadline(time.Now().Add(c.server.o.write))
		if _, err := c.conn.Write(batch); err != nil {
			why := closedPeer
			if errors.Is(err, os.ErrDeadlineExceeded) {
				why = closedUnread
			}
			c.close(why)
			return
		}
		for range n {
			<-c.slots
		}
	}
}

// end waits until what was read is answered, for as long as a stop may take, and
// frees the connection.
func (c *tlsConn) end(why closing) {
	late := time.NewTimer(drainTime)
	defer late.Stop()
settle:
	for range cap(c.slots) {
		select {
		case c.slots <- struct{}{}:
		case <-c.done:
			break settle
		case <-late.C:
			break settle
		}
	}
	c.close(why)
	c.conn.Close()
	c.server.leave(c, c.why)
	c.server.Server.o.Log.Debug("TLS connection ended", "from", c.from.String(), "reason", c.why.String())
}

// close makes both goroutines end; the first reason counts. It does not wait.
func (c *tlsConn) close(why closing) {
	c.once.Do(func() {
		c.why = why
		close(c.done)
		c.conn.SetReadDeadline(time.Unix(1, 0))
	})
}

func (c *tlsConn) closed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// isReset reports whether the peer or the network broke the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
