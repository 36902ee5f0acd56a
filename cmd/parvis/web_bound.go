package main

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

// maxConnections bounds the connections of one listener. Each is a file of the
// process, and so is what the database opens: without a bound, whoever reaches
// the portal could use them all up. Three times this is well below the unit's
// LimitNOFILE.
const maxConnections = 8192

// bounded is a listener with at most so many connections at once. The next one
// waits in the system's queue until one ends; the server ends silent ones soon.
type bounded struct {
	net.Listener
	name  string
	log   *slog.Logger
	slots chan struct{}

	closing chan struct{}
	once    sync.Once
	// Only Accept, which the server calls from one goroutine, touches these.
	waited int
	said   time.Time
}

func newBounded(l net.Listener, most int, name string, log *slog.Logger) *bounded {
	return &bounded{Listener: l, name: name, log: log, slots: make(chan struct{}, most), closing: make(chan struct{})}
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	default:
		b.full()
		select {
		case b.slots <- struct{}{}:
		case <-b.closing:
			return nil, net.ErrClosed
		}
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &boundedConn{Conn: c, release: sync.OnceFunc(func() { <-b.slots })}, nil
}

// full says so once a minute.
func (b *bounded) full() {
	b.waited++
	if now := time.Now(); now.Sub(b.said) >= time.Minute {
		b.log.Warn("as many connections as may be are open: new ones wait", "listener", b.name, "open", cap(b.slots), "times", b.waited)
		b.said = now
	}
}

// Close implements net.Listener.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closing) })
	return b.Listener.Close()
}

type boundedConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
