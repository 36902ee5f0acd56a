package radius

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"parvis/internal/directory"
)

// maxPacket is the longest RADIUS packet, RFC 2865 §3.
const maxPacket = 4096

const headerLength = 20

// controlOctets is room for what the kernel says of a datagram.
const controlOctets = 128

// maxReadErrors in a row end a reader.
const maxReadErrors = 100

// Packet codes, RFC 2865 §4, RFC 2866 §4, RFC 5997 §3.
const (
	codeAccessRequest      = 1
	codeAccessAccept       = 2
	codeAccessReject       = 3
	codeAccountingRequest  = 4
	codeAccountingResponse = 5
	codeAccessChallenge    = 11
	codeStatusServer       = 12
)

type listenerKind uint8

const (
	authListener listenerKind = iota
	acctListener
	tlsListener // takes both
	listenerKinds
)

// String returns the metric label.
func (k listenerKind) String() string { return [listenerKinds]string{"auth", "acct", "tls"}[k] }

// takes reports whether the code may come in on this kind of listener.
func (k listenerKind) takes(code byte) bool {
	switch code {
	case codeStatusServer:
		return true
	case codeAccessRequest:
		return k != acctListener
	case codeAccountingRequest:
		return k != authListener
	}
	return false
}

// listener is the sockets of one kind, with their queue and workers.
type listener struct {
	kind    listenerKind
	sockets []*socket
	workers int
	queue   queue
	// free holds all buffers that nobody uses. There are as many as may wait or
	// be handled, and one for each reader: that is the bound on memory.
	free chan *request
}

func newListener(kind listenerKind, workers, queue, sockets int) *listener {
	l := &listener{kind: kind, workers: workers, queue: newQueue(queue)}
	waiting := l.queue.size()
	if sockets == 0 {
		workers, waiting = 0, 0
		l.workers = 0
	}
	n := waiting + workers + sockets
	l.free = make(chan *request, n)
	requests := make([]request, n)
	for i := range requests {
		l.free <- &requests[i]
	}
	return l
}

func (l *listener) addrs() []netip.AddrPort {
	var all []netip.AddrPort
	for _, k := range l.sockets {
		all = append(all, k.conn.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return all
}

// request is one packet on its way from the socket or connection to the answer.
type request struct {
	buf     [maxPacket]byte
	n       int // octets of the packet, without padding
	link    link
	udp     datagram // what link is for a datagram
	source  int      // tells sockets and connections apart in the duplicate cache
	over    carrier
	from    netip.AddrPort
	at      time.Time // when it was read
	snap    *directory.Snapshot
	nas     *directory.NAS
	secret  directory.Secret // for signatures and hidden attributes
	client  *clientFacts
	away    bool // somebody else answers it, see answerVisitor
	counted bool // among those of its client that wait
}

func (r *request) packet() []byte        { return r.buf[:r.n] }
func (r *request) attributes() []byte    { return r.buf[headerLength:r.n] }
func (r *request) code() byte            { return r.buf[0] }
func (r *request) identifier() byte      { return r.buf[1] }
func (r *request) authenticator() []byte { return r.buf[4:headerLength] }

// read takes datagrams from one socket until ctx is done. It allocates nothing
// for a packet that it drops.
func (s *Server) read(ctx context.Context, l *listener, k *socket) error {
	r := <-l.free
	var control [controlOctets]byte
	for failed := 0; ; {
		n, from, err := k.receive(r.buf[:], control[:], &r.udp)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			// One may be an ICMP error that an earlier answer caused; many in a
			// row are a socket that will not come back.
			if failed++; failed > maxReadErrors || errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("radius: read on %s: %w", k.conn.LocalAddr(), err)
			}
			continue
		}
		failed = 0
		r.n, r.from, r.link, r.source, r.over, r.at = n, from, &r.udp, k.index, overUDP, s.o.Now()
		if why := s.admit(l.kind, r); why != discardNone {
			s.discard(l.kind, why, r)
			continue
		}
		// A reader always keeps one buffer, to read what it must drop.
		select {
		case next := <-l.free:
			if why := l.queue.put(r); why != discardNone {
				l.free <- next
				s.discard(l.kind, why, r)
			} else {
				r = next
			}
		default:
			s.discard(l.kind, discardQueueFull, r)
		}
	}
}

// admit does the checks that need no cryptography, and finds the NAS.
func (s *Server) admit(kind listenerKind, r *request) discard {
	r.nas, r.client, r.snap = nil, nil, s.o.Register.Snapshot()
	if r.n < headerLength {
		return discardShort
	}
	switch length := int(binary.BigEndian.Uint16(r.buf[2:4])); {
	case length > maxPacket:
		return discardTooLong
	case length < headerLength, length > r.n:
		return discardBadLength
	default:
		r.n = length // RFC 2865 §3: octets beyond Length are padding
	}
	if !kind.takes(r.code()) {
		return discardBadCode
	}
	nas := r.snap.NASByAddr(r.from.Addr())
	// An empty secret would let anybody sign.
	if nas == nil || nas.Secret.IsZero() {
		return discardUnknownClient
	}
	r.nas, r.secret, r.client = nas, nas.Secret, s.clients.of(r.snap, nas)
	return discardNone
}
