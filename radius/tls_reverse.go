package radius

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	asking "parvis/radius/client"
)

// Codes of the answers to what we ask, RFC 5176 §2.3.
const (
	codeDisconnectACK = 41
	codeDisconnectNAK = 42
	codeCoAACK        = 44
	codeCoANAK        = 45
)

// reverseUnderWay bounds the requests of ours on one connection. It is far from
// 256, so that an Identifier rests long before it is used again, and a late
// answer fits nobody else's request.
const reverseUnderWay = 32

// Ask sends r, a Disconnect-Request or CoA-Request, down a connection of RADIUS
// over TLS that the NAS has opened (draft-ietf-radext-reverse-coa), and waits for
// the answer until ctx ends. Of several connections it takes one that comes from
// the address from, if any, and of those the one that was heard last. Behind a
// range of addresses without certificate name there may be many machines: there
// it must come from that address.
//
// Nothing is sent twice on one connection, RFC 6613 §2.6.1. When it ends before
// the answer, another one of the NAS is asked, if there is one.
//
// connected is false when the NAS has no such connection: nothing was sent then.
// The error is client.ErrNoReply when all connections ended before the answer,
// and ctx's after silence.
func (s *Server) Ask(ctx context.Context, nasID string, from netip.Addr, r *asking.Request) (reply *asking.Reply, connected bool, err error) {
	if s.tls == nil {
		return nil, false, nil
	}
	var asked []*tlsConn
	for {
		c := s.tls.way(nasID, from.Unmap().WithZone(""), asked)
		if c == nil {
			return nil, len(asked) > 0, err
		}
		asked = append(asked, c)
		var ended bool
		reply, ended, err = c.ask(ctx, r)
		if !ended {
			return reply, true, err
		}
	}
}

// way chooses the connection to ask a NAS on; nil when none is left but those of
// not.
func (t *tlsServer) way(nasID string, from netip.Addr, not []*tlsConn) *tlsConn {
	snap := t.Server.o.Register.Snapshot()
	nas := snap.NAS(nasID)
	if nas == nil {
		return nil
	}
	many := nas.TLSName == "" && !nas.Prefix.IsSingleIP()
	near := func(c *tlsConn) int {
		if c.from.Addr().Unmap().WithZone("") == from {
			return 1
		}
		return 0
	}
	var list []*tlsConn
	for _, c := range t.live() {
		if c.owner == nasID && !c.closed() && !slices.Contains(not, c) && (!many || near(c) == 1) && c.belongs(snap) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, func(a, b *tlsConn) int {
		return cmp.Or(cmp.Compare(near(a), near(b)), cmp.Compare(a.heard.Load(), b.heard.Load()))
	})
}

// reverse is what we ask on a connection that a NAS opened. Its Identifiers and
// Tokens are our own: the NAS's requests have nothing to do with them.
type reverse struct {
	room chan struct{} // an element for each request under way
	out  chan []byte   // to the writer; not buffered, so what is given up is not sent

	mu      sync.Mutex
	last    uint32
	waiting map[uint32]*pendingReverse // by Identifier, or in RADIUS/1.1 by Token
}

type pendingReverse struct {
	octets []byte
	reply  chan *asking.Reply // has room for the one
}

func newReverse() reverse {
	return reverse{room: make(chan struct{}, reverseUnderWay), out: make(chan []byte)}
}

// ask asks once; ended says that the connection ended before the answer.
func (c *tlsConn) ask(ctx context.Context, r *asking.Request) (reply *asking.Reply, ended bool, err error) {
	gone := fmt.Errorf("%w: the NAS's connection has ended", asking.ErrNoReply)
	select {
	case c.reverse.room <- struct{}{}:
		defer func() { <-c.reverse.room }()
	case <-c.done:
		return nil, true, gone
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	key, p, err := c.reverse.expect(r, c.over == overTLS11)
	if err != nil {
		return nil, false, err
	}
	defer c.reverse.forget(key)
	select {
	case c.reverse.out <- p.octets:
	case <-c.done:
		return nil, true, gone
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	select {
	case reply := <-p.reply:
		return reply, false, nil
	case <-c.done:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	select {
	case reply := <-p.reply: // it came before the end
		return reply, false, nil
	default:
		return nil, true, gone
	}
}

// expect encodes r and notes that its answer is awaited.
func (v *reverse) expect(r *asking.Request, v11 bool) (uint32, *pendingReverse, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for used := true; used; _, used = v.waiting[v.last] {
		v.last++
		if !v11 {
			v.last &= 0xff
		}
	}
	octets, err := asking.EncodeStream(r, v.last, v11)
	if err != nil {
		return 0, nil, err
	}
	if v.waiting == nil { // most connections are never asked
		v.waiting = map[uint32]*pendingReverse{}
	}
	p := &pendingReverse{octets: octets, reply: make(chan *asking.Reply, 1)}
	v.waiting[v.last] = p
	return v.last, p, nil
}

func (v *reverse) forget(key uint32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.waiting, key)
}

// answered hands a packet to who waits for it; false when nobody does, or it is
// not signed as it should be: the true answer may be behind it.
func (c *tlsConn) answered(b []byte) bool {
	switch b[0] {
	case codeDisconnectACK, codeDisconnectNAK, codeCoAACK, codeCoANAK:
	default:
		return false
	}
	v11 := c.over == overTLS11
	key := uint32(b[1])
	if v11 {
		key = binary.BigEndian.Uint32(b[4:])
	}
	c.reverse.mu.Lock()
	defer c.reverse.mu.Unlock()
	p := c.reverse.waiting[key]
	if p == nil {
		return false
	}
	reply, err := asking.ReadStream(b, p.octets, v11)
	if err != nil {
		return false
	}
	delete(c.reverse.waiting, key) // the same answer twice is one that nobody waits for
	p.reply <- reply
	return true
}
