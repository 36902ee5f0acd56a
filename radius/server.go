package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// drainTime is how long requests that were read may take to finish once the
// server stops. hostapd asks again after 3 s, so we are back before that.
const drainTime = 2 * time.Second

// receiveBuffer is what we ask of the kernel for each socket, in octets; it
// gives at most net.core.rmem_max.
const receiveBuffer = 4 << 20

// Server answers RADIUS on its sockets. Make one with Listen, then call Serve once.
type Server struct {
	o          Options
	auth, acct *listener
	tls        *tlsServer // nil: no TLS
	duplicates *duplicates
	inquiries  sync.Pool
	clients    *clients
	statistics statistics
	metrics    *metrics
	logs       [discardCount]minuteLog
	panicLog   minuteLog
	presentLog minuteLog
}

// Listen opens a UDP socket for each address in auth (Access-Request) and acct
// (Accounting-Request). When one cannot be opened, all are closed and the error
// names the address.
//
// On Linux an answer leaves from the address that was asked. Elsewhere the
// system chooses it for an unspecified one such as ":1812"; there, on a host with
// several, list each by itself.
func Listen(o Options, auth, acct []string) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Server{o: o, duplicates: newDuplicates(o.DuplicateEntries, o.DuplicateLife), clients: newClients()}
	s.auth = newListener(authListener, o.AuthWorkers, o.QueueLength, len(auth))
	s.acct = newListener(acctListener, o.AcctWorkers, o.QueueLength, len(acct))
	index := 0
	for _, l := range s.listeners() {
		addrs := auth
		if l.kind == acctListener {
			addrs = acct
		}
		for _, addr := range addrs {
			conn, err := listenUDP(addr)
			if err != nil {
				s.Close()
				return nil, fmt.Errorf("radius: listen for %s on %s: %w", l.kind, addr, err)
			}
			l.sockets = append(l.sockets, &socket{conn, index, reportAsked(conn)})
			index++
		}
	}
	var err error
	if len(o.TLS.Addrs) > 0 {
		if s.tls, err = listenTLS(s); err != nil {
			s.Close()
			return nil, err
		}
	}
	s.statistics.started = o.Now()
	if s.metrics, err = newMetrics(s); err != nil {
		s.Close()
		return nil, fmt.Errorf("radius: register metrics: %w", err)
	}
	return s, nil
}

func listenUDP(addr string) (*net.UDPConn, error) {
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		return nil, err
	}
	udp := conn.(*net.UDPConn)
	_ = udp.SetReadBuffer(receiveBuffer) // best effort: the drop counter tells when it is too small
	return udp, nil
}

// AuthAddrs returns the addresses on which Access-Requests are taken.
func (s *Server) AuthAddrs() []netip.AddrPort { return s.auth.addrs() }

// AcctAddrs returns the addresses on which Accounting-Requests are taken.
func (s *Server) AcctAddrs() []netip.AddrPort { return s.acct.addrs() }

func (s *Server) listeners() []*listener {
	all := []*listener{s.auth, s.acct}
	if s.tls != nil {
		all = append(all, s.tls.auth, s.tls.acct)
	}
	return all
}

// Serve answers until ctx is done. It then stops reading, finishes what was
// read, within two seconds at most, and closes the sockets. The error says that
// a socket failed, or that requests were still unfinished.
func (s *Server) Serve(ctx context.Context) error {
	// What is being handled when ctx ends is finished, not cancelled.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer s.Close()
	reading, stopReading := context.WithCancelCause(ctx)
	defer stopReading(nil)
	context.AfterFunc(reading, s.stopReading)

	var readers, workers sync.WaitGroup
	for _, l := range s.listeners() {
		for _, k := range l.sockets {
			readers.Go(func() {
				if err := s.read(reading, l, k); err != nil {
					stopReading(err)
				}
			})
		}
		for range l.workers {
			workers.Go(func() { s.work(work, l) })
		}
	}
	if s.tls != nil {
		s.tls.start(reading, &readers, &workers, stopReading)
	}
	<-reading.Done()
	readers.Wait()
	for _, l := range s.listeners() {
		l.queue.close()
	}
	var failed error
	if ctx.Err() == nil {
		failed = context.Cause(reading)
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	late := time.NewTimer(drainTime)
	defer late.Stop()
	select {
	case <-finished:
	case <-late.C:
		failed = errors.Join(failed, fmt.Errorf("radius: requests still unfinished %v after the stop", drainTime))
	}
	return failed
}

// stopReading wakes the readers; answers can still be written.
func (s *Server) stopReading() {
	for _, l := range s.listeners() {
		for _, k := range l.sockets {
			_ = k.conn.SetReadDeadline(time.Unix(1, 0))
		}
	}
}

// Close closes the sockets. Serve does it too; Close is for a server that will
// not be served, and may be called more than once.
func (s *Server) Close() {
	for _, l := range s.listeners() {
		for _, k := range l.sockets {
			_ = k.conn.Close()
		}
	}
	if s.tls != nil {
		s.tls.close()
	}
}
