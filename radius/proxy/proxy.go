package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// Server is one RADIUS server of a partner network.
type Server struct {
	// Address is its host:port for authentication.
	Address string
	// AcctAddress is its host:port for accounting; "": the port after Address's.
	// Over TLS it is not used: one connection takes both (RFC 6614 §2.3).
	AcctAddress string
	// Secret is shared with it; over TLS there is none (RFC 6614 §2.3).
	Secret directory.Secret
	// Unsigned believes replies without Message-Authenticator, which
	// CVE-2024-3596 can forge. Over TLS they need none.
	Unsigned bool
	// TLS says how to connect; nil is UDP.
	TLS *tls.Config
}

// RealmOptions is one partner network.
type RealmOptions struct {
	// Name is what stands behind the @, in any case.
	Name string
	// Servers are asked in this order.
	Servers []Server
	// Accounting also sends the accounting of its people there.
	Accounting bool
}

// Options of a proxy. A zero value of the others than Realms means the default.
type Options struct {
	Realms []RealmOptions
	// OperatorName is the realm of the commune itself, which the partner is told
	// (RFC 5580 §4.1); "" tells nothing.
	OperatorName string

	Now        func() time.Time      // default time.Now
	Log        *slog.Logger          // default discards
	Registerer prometheus.Registerer // default: a registry of its own

	// Try is how long a server may take to answer before it is asked again, and
	// after a second such time the next server is; default 1 s.
	Try time.Duration
	// Budget bounds the time of one request with all its servers; default 6 s.
	// A NAS asks again meanwhile, and gets the answer to its first try.
	Budget time.Duration
	// InFlight bounds the requests that wait for partners; default 1024. Each
	// holds a buffer of 4 KiB.
	InFlight int
	// Queue bounds the accounting that waits for each partner; default 1024.
	Queue int
	// CheckEvery is the time between two Status-Servers to a server that is not
	// alive; default 5 s.
	CheckEvery time.Duration
	// ZombieFor is how long a server may owe an answer until it is dead; default 20 s.
	ZombieFor time.Duration
	// RetryAfter is after which time a dead server that is silent to
	// Status-Server gets a request all the same; default 60 s.
	RetryAfter time.Duration
}

func (o *Options) complete() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	fill(&o.Try, time.Second)
	fill(&o.Budget, 6*time.Second)
	fill(&o.InFlight, 1024)
	fill(&o.Queue, 1024)
	fill(&o.CheckEvery, 5*time.Second)
	fill(&o.ZombieFor, 20*time.Second)
	fill(&o.RetryAfter, time.Minute)
}

func fill[T int | time.Duration](v *T, byDefault T) {
	if *v <= 0 {
		*v = byDefault
	}
}

// Proxy asks partner networks. Make it with New, and Close it.
type Proxy struct {
	o      Options
	realms map[string]*Realm
	slots  chan struct{} // one for each request under way
	ctx    context.Context
	stop   context.CancelFunc

	mu     sync.Mutex // guards closed against wg.Add
	closed bool
	wg     sync.WaitGroup
}

// exchanger is one way to one server.
type exchanger interface {
	Exchange(ctx context.Context, r *client.Request) (*client.Reply, error)
	Close() error
}

// New opens the ways to all servers; nothing is sent yet.
func New(o Options) (*Proxy, error) { return open(o, dial) }

func open(o Options, dial func(Server, string, *Options) (exchanger, error)) (p *Proxy, err error) {
	o.complete()
	p = &Proxy{o: o, realms: map[string]*Realm{}, slots: make(chan struct{}, o.InFlight)}
	p.ctx, p.stop = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			p.Close()
			p = nil
		}
	}()
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return p, fmt.Errorf("proxy: register metrics: %w", err)
	}
	for _, ro := range o.Realms {
		name := strings.ToLower(ro.Name)
		if name == "" || len(ro.Servers) == 0 || p.realms[name] != nil {
			return p, fmt.Errorf("proxy: the realm %q has no name or no server, or is there twice", ro.Name)
		}
		r := &Realm{proxy: p, name: name, count: m.realm(name)}
		p.realms[name] = r
		for _, so := range ro.Servers {
			if err = r.add(so, ro.Accounting, m, dial); err != nil {
				return p, err
			}
		}
		if ro.Accounting {
			r.startAccounting()
		}
	}
	return p, nil
}

// Realm is a partner network.
type Realm struct {
	proxy      *Proxy
	name       string
	auth, acct []*home
	queue      chan *client.Request // nil: its accounting is not sent
	count      *realmMetrics
}

// Name returns the realm in lower case.
func (r *Realm) Name() string { return r.name }

// Accounting reports whether the realm wants the accounting of its people.
func (r *Realm) Accounting() bool { return r.queue != nil }

func (r *Realm) add(s Server, accounting bool, m *metrics, dial func(Server, string, *Options) (exchanger, error)) error {
	one := func(kind, addr string) (*home, error) {
		ex, err := dial(s, addr, &r.proxy.o)
		if err != nil {
			return nil, fmt.Errorf("proxy: realm %s: %w", r.name, err)
		}
		h := newHome(addr, ex, &r.proxy.o, m.server(r.name, addr, kind))
		r.proxy.wg.Go(func() { h.watch(r.proxy.ctx) })
		return h, nil
	}
	auth, err := one("auth", s.Address)
	if err != nil {
		return err
	}
	r.auth = append(r.auth, auth)
	switch {
	case !accounting:
	case s.TLS != nil: // RFC 6614 §2.3: one port for both
		r.acct = append(r.acct, auth)
	default:
		addr := s.AcctAddress
		if addr == "" {
			if addr, err = nextPort(s.Address); err != nil {
				return err
			}
		}
		acct, err := one("acct", addr)
		if err != nil {
			return err
		}
		r.acct = append(r.acct, acct)
	}
	return nil
}

// nextPort is where accounting usually is: RFC 2866 §3, 1813 behind 1812.
func nextPort(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		n, bad := strconv.ParseUint(port, 10, 16)
		if bad == nil && n > 0 && n < 1<<16-1 {
			return net.JoinHostPort(host, strconv.FormatUint(n+1, 10)), nil
		}
	}
	return "", fmt.Errorf("proxy: %q has no port behind it for accounting", addr)
}

func dial(s Server, addr string, o *Options) (exchanger, error) {
	if s.TLS != nil { // a connection that the server ended is opened again, once
		return client.New(client.Options{Server: addr, TLS: s.TLS, Timeout: 2 * o.Try, Retries: 1})
	}
	return client.New(client.Options{Server: addr, Secret: s.Secret, Timeout: o.Try, Retries: 1, Unsigned: s.Unsigned})
}

// Find returns the realm of a User-Name, nil when it is not that of a partner.
// RFC 7542 §2.4: it stands behind the last @; before it there may be nothing.
func (p *Proxy) Find(user string) *Realm {
	at := strings.LastIndexByte(user, '@')
	if p == nil || at < 0 {
		return nil
	}
	return p.realms[strings.ToLower(user[at+1:])]
}

// Begin runs f beside its caller, and returns at once; false when as many as
// may are under way already, or the proxy is closed. ctx ends with the budget.
func (p *Proxy) Begin(f func(ctx context.Context)) bool {
	select {
	case p.slots <- struct{}{}:
	default:
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return false
	}
	p.wg.Go(func() {
		defer func() { <-p.slots }()
		ctx, cancel := context.WithTimeout(p.ctx, p.o.Budget)
		defer cancel()
		f(ctx)
	})
	return true
}

// OperatorName is the value of the attribute, "" when there is none: the
// namespace REALM and the realm, RFC 5580 §4.1.
func (p *Proxy) OperatorName() string {
	if p.o.OperatorName == "" {
		return ""
	}
	return "1" + p.o.OperatorName
}

// Close ends what is under way and closes every way.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	var errs []error
	for _, r := range p.realms {
		for _, h := range r.auth {
			errs = append(errs, h.ex.Close())
		}
		for _, h := range r.acct {
			errs = append(errs, h.ex.Close())
		}
	}
	p.wg.Wait()
	return errors.Join(errs...)
}
