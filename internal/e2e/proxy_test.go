package e2e

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between the program and its database, so that a test can take
// the database away: refuse it, or let it hang.
type proxy struct {
	listener net.Listener
	target   string
	gate     sync.RWMutex // locked while the database hangs

	mu     sync.Mutex
	refuse bool
	conns  map[net.Conn]bool
}

// newProxy returns it and the database's URL through it.
func newProxy(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: u.Host, conns: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		running.Wait()
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) serve(c net.Conn) {
	server, err := p.dial()
	if err != nil {
		c.Close()
		return
	}
	p.mu.Lock()
	refuse := p.refuse
	p.conns[c], p.conns[server] = true, true
	p.mu.Unlock()
	if refuse {
		c.Close()
		server.Close()
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, c) })
	both.Go(func() { p.copy(c, server) })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, c)
	delete(p.conns, server)
	p.mu.Unlock()
}

// copy carries one direction; each piece waits at the gate.
func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && p.pass(to, b[:n]) != nil || err != nil {
			return
		}
	}
}

func (p *proxy) dial() (net.Conn, error) {
	p.gate.RLock()
	defer p.gate.RUnlock()
	return net.Dial("tcp", p.target)
}

func (p *proxy) pass(to net.Conn, b []byte) error {
	p.gate.RLock()
	defer p.gate.RUnlock()
	_, err := to.Write(b)
	return err
}

// cut ends all connections and takes no new one.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = true
	for c := range p.conns {
		c.Close()
	}
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = false
}

// hang keeps connections open and silent, which is worse than a refusal.
func (p *proxy) hang() { p.gate.Lock() }

func (p *proxy) resume() { p.gate.Unlock() }
