package radius

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/directory"
)

// TLS is RADIUS over TLS, RFC 6614, and RADIUS/1.1, RFC 9765. A client must show
// a certificate that ClientCAFile signed. It is the NAS whose TLSName is a name
// or the fingerprint of that certificate; without one, it is the NAS of the
// address that it comes from, unless that NAS has a TLSName.
type TLS struct {
	// Addrs are TCP addresses, by custom with port 2083. None: no TLS.
	Addrs []string
	// CertFile (with its chain), KeyFile and ClientCAFile are PEM. They are read
	// again when they change.
	CertFile, KeyFile, ClientCAFile string
	// Connections bounds all of them, default 4096; NASConnections those of one
	// NAS, default 64.
	Connections, NASConnections int
	// Idle ends a connection on which nothing comes, not even the Status-Server
	// of a watchdog; default 10 min.
	Idle time.Duration

	greet time.Duration // for a handshake, default 5 s
	frame time.Duration // for the rest of a packet once it has begun, default 10 s
	write time.Duration // for answers to be taken, default 10 s
}

// radsecSecret is the shared secret inside TLS, RFC 6614 §2.3 (4).
const radsecSecret = "radsec"

const (
	tlsQueue        = 512              // requests that wait for a worker, for each of the two kinds
	tlsInFlight     = 256              // requests of one connection, from read to written; RFC 6613 §2.6.5
	tlsHandshakes   = 512              // under way
	tlsHandshakesOf = 64               // under way from one address
	tlsLook         = 10 * time.Second // between looks at the files and the live certificates
)

// tlsServer is the TLS side of a Server. Its requests have queues and workers of
// their own, so that a stream, which waits instead of losing packets, does not
// take the place of datagrams.
type tlsServer struct {
	*Server
	o          TLS
	listening  []net.Listener
	auth, acct *listener
	secret     directory.Secret
	tickets    *tls.Config // holds the keys of session tickets
	files      tlsFiles
	count      tlsMetrics
	refusedLog [handshakeResults]minuteLog
	lastSource atomic.Int64

	mu         sync.Mutex
	conns      map[*tlsConn]struct{}
	byNAS      map[string]int // id to connections
	handshakes int
	byAddr     map[netip.Addr]int // handshakes under way
}

func listenTLS(s *Server) (*tlsServer, error) {
	t := &tlsServer{
		Server: s, o: s.o.TLS, secret: directory.NewSecret(radsecSecret), tickets: &tls.Config{Time: s.o.Now},
		auth:  newListener(tlsListener, s.o.AuthWorkers, min(s.o.QueueLength, tlsQueue), 1),
		acct:  newListener(tlsListener, s.o.AcctWorkers, min(s.o.QueueLength, tlsQueue), 1),
		conns: map[*tlsConn]struct{}{}, byNAS: map[string]int{}, byAddr: map[netip.Addr]int{},
	}
	fill(&t.o.Connections, 4096)
	fill(&t.o.NASConnections, 64)
	fill(&t.o.Idle, 10*time.Minute)
	fill(&t.o.greet, 5*time.Second)
	fill(&t.o.frame, 10*time.Second)
	fill(&t.o.write, 10*time.Second)
	if _, err := t.files.read(t.o); err != nil {
		return nil, fmt.Errorf("radius: TLS: %w", err)
	}
	// A NAS that lost its power says no good-bye.
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}}
	for _, addr := range t.o.Addrs {
		l, err := config.Listen(context.Background(), "tcp", addr)
		if err != nil {
			t.close()
			return nil, fmt.Errorf("radius: listen for TLS on %s: %w", addr, err)
		}
		t.listening = append(t.listening, l)
	}
	return t, nil
}

// TLSAddrs returns the addresses on which TLS connections are taken.
func (s *Server) TLSAddrs() []netip.AddrPort {
	var all []netip.AddrPort
	if s.tls != nil {
		for _, l := range s.tls.listening {
			all = append(all, l.Addr().(*net.TCPAddr).AddrPort())
		}
	}
	return all
}

// ReloadTLS reads the certificate, its key and the client CAs again if a file
// has changed, which is done every ten seconds anyway. Connections go on, except
// those whose client certificate no longer fits. On an error the last good
// files stay in use.
func (s *Server) ReloadTLS() error {
	if s.tls == nil {
		return nil
	}
	return s.tls.look()
}

// start takes connections until ctx is done. What reads counts in reading, what
// is still to be answered in answering.
func (t *tlsServer) start(ctx context.Context, reading, answering *sync.WaitGroup, failed func(error)) {
	for _, l := range t.listening {
		reading.Go(func() {
			if err := t.accept(ctx, l, reading, answering); err != nil {
				failed(err)
			}
		})
	}
	reading.Go(func() { t.watch(ctx) })
}

// accept takes connections of one listener, and never more handshakes at once
// than there may be.
func (t *tlsServer) accept(ctx context.Context, l net.Listener, reading, answering *sync.WaitGroup) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for failed := 0; ; {
		raw, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				raw.Close()
			}
			return nil
		}
		if err != nil {
			// Out of file descriptors, most likely: one will come free.
			if failed++; failed > maxReadErrors || errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("radius: accept on %s: %w", l.Addr(), err)
			}
			pause(ctx, 100*time.Millisecond)
			continue
		}
		failed = 0
		from := raw.RemoteAddr().(*net.TCPAddr).AddrPort()
		if !t.beginHandshake(from.Addr()) {
			raw.Close()
			t.refused(handshakeTooMany, from, nil)
			continue
		}
		reading.Add(1)
		answering.Go(func() {
			var c *tlsConn
			why := closedMalformed // after a panic
			func() {
				defer reading.Done()
				defer t.recovered()
				if c = t.greet(ctx, raw, from); c != nil {
					why = c.read(ctx)
				}
			}()
			if c != nil {
				c.end(why)
			}
		})
	}
}

// greet does the handshake; nil when the connection is refused.
func (t *tlsServer) greet(ctx context.Context, raw net.Conn, from netip.AddrPort) *tlsConn {
	limit, cancel := context.WithTimeout(ctx, t.o.greet)
	defer cancel()
	defer t.endHandshake(from.Addr())
	g := &greeting{tlsServer: t, from: from}
	conn := tls.Server(raw, &tls.Config{GetConfigForClient: g.config})
	err := conn.HandshakeContext(limit)
	if err != nil {
		raw.Close()
		if ctx.Err() == nil {
			t.refused(g.cause(err), from, err)
		}
		return nil
	}
	c := newTLSConn(t, conn, from, g.nas)
	if !t.enter(c) {
		conn.Close()
		t.refused(handshakeTooMany, from, nil)
		return nil
	}
	t.count.handshakes[handshakeOK].Inc()
	return c
}

// recovered keeps a panic on one connection from ending the others.
func (t *tlsServer) recovered() {
	if p := recover(); p != nil {
		t.metrics.panics.Inc()
		t.Server.o.Log.Error("panic on a TLS connection", "panic", p, "stack", string(debug.Stack()))
	}
}

func (t *tlsServer) beginHandshake(from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.handshakes >= tlsHandshakes || t.byAddr[from] >= tlsHandshakesOf || len(t.conns) >= t.o.Connections {
		return false
	}
	t.handshakes++
	t.byAddr[from]++
	return true
}

func (t *tlsServer) endHandshake(from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handshakes--
	if t.byAddr[from]--; t.byAddr[from] == 0 {
		delete(t.byAddr, from)
	}
}

// enter counts a connection; false when there are too many.
func (t *tlsServer) enter(c *tlsConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.conns) >= t.o.Connections || t.byNAS[c.owner] >= t.o.NASConnections {
		return false
	}
	t.conns[c] = struct{}{}
	t.byNAS[c.owner]++
	t.count.connections[c.over].Inc()
	return true
}

func (t *tlsServer) leave(c *tlsConn, why closing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	if t.byNAS[c.owner]--; t.byNAS[c.owner] == 0 {
		delete(t.byNAS, c.owner)
	}
	t.count.connections[c.over].Dec()
	t.count.closed[why].Inc()
}

// live returns the connections of this moment.
func (t *tlsServer) live() []*tlsConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*tlsConn, 0, len(t.conns))
	for c := range t.conns {
		all = append(all, c)
	}
	return all
}

// close ends all at once. It may be called more than once.
func (t *tlsServer) close() {
	for _, l := range t.listening {
		l.Close()
	}
	for _, c := range t.live() {
		c.close(closedStopped)
	}
}

func (t *tlsServer) waiting() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parvis_radius_queue_length", Help: "Requests waiting for a worker, by class.",
		ConstLabels: prometheus.Labels{"class": tlsListener.String()},
	}, func() float64 { return float64(t.auth.waiting() + t.acct.waiting()) })
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
