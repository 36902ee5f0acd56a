package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/billing"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/journal"
	"parvis/internal/live"
	"parvis/internal/store"
	"parvis/metrics"
	"parvis/portal"
	"parvis/portal/console"
	"parvis/portal/ui"
	"parvis/radius"
	"parvis/radius/proxy"
)

// shared is what live.Memory and live.Redis both do.
type shared interface {
	radius.Tickets
	radius.Presence
	radius.Refusals
	presence
	leaser
	PutTicket(ctx context.Context, hash string, t directory.Ticket, ttl time.Duration) error
	Allow(ctx context.Context, key string, l live.Limit) (bool, time.Duration, error)
	Publish(ctx context.Context, topic string) error
	Subscribe(ctx context.Context, topic string) (<-chan struct{}, error)
	Refusals(ctx context.Context, limit int) ([]directory.Refusal, error)
	Close() error
}

// node is one running Parvis: every room, wired. Make it with openNode, then
// call run once, then close.
type node struct {
	cfg      config.Config
	now      func() time.Time
	log      *slog.Logger
	store    *store.Store
	live     shared
	journal  *journal.Journal
	register *directory.Register
	follower *follower
	drain    *drain
	jobs     *jobs
	postures *postures
	intents  *intents
	proxy    *proxy.Proxy
	radius   *radius.Server
	web      []*web
	portal   *web
	console  *web
	metrics  *web
}

// nodeOptions are what differs between serve and demo.
type nodeOptions struct {
	config config.Config
	now    func() time.Time
	log    *slog.Logger
	// setting spells the name of a configuration key as the user gave it: a
	// flag of demo, a key of the file.
	setting func(key string) string
}

// openNode opens everything in the order in which it depends on another, and
// binds every address. On an error all that was opened is closed again.
func openNode(ctx context.Context, o nodeOptions) (n *node, err error) {
	n = &node{cfg: o.config, now: o.now, log: o.log}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	registry := metrics.NewRegistry(buildVersion())
	if n.store, err = openStore(ctx, o.config, o.now, o.log); err != nil {
		return n, err
	}
	if err = n.store.Migrate(ctx); err != nil {
		return n, err
	}
	if n.live, err = openLive(ctx, o, registry); err != nil {
		return n, err
	}
	n.journal, err = journal.Open(journal.Options{
		Path: filepath.Join(o.config.DataDir, "journal.db"), Now: o.now, Log: o.log, Registerer: registry,
		Applied: func(node string) (int64, error) { return n.store.JournalOffset(ctx, node) },
	})
	if err != nil {
		return n, err
	}
	if err = n.openRegister(ctx); err != nil {
		return n, err
	}
	accessPoints := metrics.New(metrics.Options{Register: n.register, Now: o.now, DownAfter: o.config.Metrics.APDownAfter})
	usage, err := n.store.Usage(ctx)
	if err != nil {
		return n, err
	}
	accessPoints.Load(usage)
	registry.MustRegister(accessPoints)
	n.drain = &drain{store: n.store, register: n.register, presence: n.live, accessPoints: accessPoints, log: o.log}
	n.jobs = &jobs{
		store: n.store, register: n.register, drain: n.drain, leases: n.live,
		holder: directory.NewID(o.now()), now: o.now, log: o.log,
	}
	n.postures = newPostures(n.store, func(ctx context.Context) { _ = n.live.Publish(ctx, changesTopic) }, o.log)
	if err = n.openRadius(o, registry, accessPoints); err != nil {
		return n, err
	}
	n.intents, err = newIntents(n.store, n.register, n.radius.AuthAddrs(), n.radius, o.now, o.log, registry)
	if err != nil {
		return n, err
	}
	return n, n.openWeb(o, registry, accessPoints)
}

// openStore opens the database that the configuration names.
func openStore(ctx context.Context, cfg config.Config, now func() time.Time, log *slog.Logger) (*store.Store, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	return store.Open(ctx, store.Options{
		Engine: cfg.Store.Engine, Path: databasePath(cfg), URL: cfg.Store.URL.Reveal(),
		SealKey: cfg.Keys.Seal, Now: now, Log: log,
	})
}

func databasePath(cfg config.Config) string { return filepath.Join(cfg.DataDir, "parvis.db") }

func openLive(ctx context.Context, o nodeOptions, reg prometheus.Registerer) (shared, error) {
	c := o.config.Live
	if c.Engine != config.EngineRedis {
		return live.NewMemory(live.MemoryOptions{Now: o.now, Registerer: reg}), nil
	}
	var secure *tls.Config
	if c.TLS {
		host, _, err := net.SplitHostPort(c.Address)
		if err != nil {
			return nil, fmt.Errorf("the Redis address %q: %w", c.Address, err)
		}
		secure = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	return live.NewRedis(ctx, live.RedisOptions{
		Addr: c.Address, Username: c.Username, Password: c.Password, DB: c.DB, TLS: secure,
		Now: o.now, Log: o.log, Registerer: reg,
	})
}

func (n *node) openRegister(ctx context.Context) error {
	n.register = directory.NewRegister(n.cfg.Radius.MaxDevices)
	n.follower = &follower{store: n.store, register: n.register, now: n.now, log: n.log}
	return n.follower.load(ctx)
}

func (n *node) openRadius(o nodeOptions, reg prometheus.Registerer, observer radius.Observer) error {
	var err error
	if n.proxy, err = openProxy(o, reg); err != nil {
		return err
	}
	n.radius, err = radius.Listen(radius.Options{
		Register: n.register, Key: n.cfg.Keys.Ticket, ClassKey: n.cfg.Keys.Class,
		Tickets: n.live, Presence: n.live, Journal: n.journal, Refusals: n.live, Observer: observer,
		Clients: n.postures,
		TLS: radius.TLS{
			Addrs: n.cfg.Radius.TLS, CertFile: n.cfg.Radius.TLSCert, KeyFile: n.cfg.Radius.TLSKey,
			ClientCAFile: n.cfg.Radius.TLSClientCA,
		},
		Proxy: n.proxy,
		Now:   o.now, Log: o.log, Registerer: reg,
	}, n.cfg.Radius.Auth, n.cfg.Radius.Acct)
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Addr != nil {
		key := "radius.auth"
		if failed.Net == "tcp" {
			key = "radius.tls"
		}
		for _, a := range n.cfg.Radius.Acct {
			if failed.Net == "udp" && sameAddress(a, failed.Addr.String()) {
				key = "radius.acct"
			}
		}
		return &listenError{o.setting(key), failed.Addr.String(), failed.Err}
	}
	return err
}

// sameAddress compares host:port as configured with one as the system spells it.
func sameAddress(configured, system string) bool {
	a, err := net.ResolveUDPAddr("udp", configured)
	return err == nil && a.String() == system
}

func (n *node) openWeb(o nodeOptions, reg *prometheus.Registry, accessPoints *metrics.AccessPoints) error {
	pages, err := ui.New(ui.Options{Registerer: reg, Log: o.log})
	if err != nil {
		return err
	}
	c := n.cfg
	// The addresses come first: the portal's own address is part of its pages.
	n.portal, err = n.listen(o, "portal", c.Portal.Listen, c.Portal.TLSCert, c.Portal.TLSKey)
	if err != nil {
		return err
	}
	n.console, err = n.listen(o, "console", c.Console.Listen, c.Console.TLSCert, c.Console.TLSKey)
	if err != nil {
		return err
	}
	n.metrics, err = n.listen(o, "metrics", c.Metrics.Listen, "", "")
	if err != nil {
		return err
	}
	n.metrics.server.Handler = metricsHandler(reg)
	n.portal.server.Handler, err = portal.New(portal.Options{
		UI: pages, Register: n.register, Key: c.Keys.Ticket, CookieKey: c.Keys.Cookie,
		Store: portalStore{n.store, n.live}, Live: limits{n.live}, PublicURL: n.portalURL(), Secure: n.portalSecure(),
		Now: o.now, Log: o.log, Registerer: reg,
	})
	if err != nil {
		return err
	}
	n.console.server.Handler, err = console.New(console.Options{
		UI: pages, Store: n.store, Logins: n.store, Live: limits{n.live}, Register: n.register,
		Charges:  charges{engine: billing.Engine{Ledger: n.store, Now: o.now}},
		Sessions: n.sessions(),
		Clients:  clients{n.radius, n.store},
		Health:   health{accessPoints},
		Now:      o.now, Log: o.log, Registerer: reg, Secure: c.Console.Secure(),
	})
	return err
}

func (n *node) listen(o nodeOptions, name, address, cert, key string) (*web, error) {
	w, err := openWeb(name, o.setting(name+".listen"), address, cert, key, http.NotFoundHandler(), n.log)
	if err == nil {
		n.web = append(n.web, w)
	}
	return w, err
}

func metricsHandler(reg *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler(reg))
	return mux
}

// portalURL is the address that gateways send browsers to.
func (n *node) portalURL() string {
	if n.cfg.Portal.PublicURL != "" {
		return n.cfg.Portal.PublicURL
	}
	return n.portal.url()
}

func (n *node) portalSecure() bool { return len(n.portalURL()) > 8 && n.portalURL()[:8] == "https://" }

// stopTime is how long the parts may take to finish what they have begun; all
// in all the program stops within three seconds, before a NAS turns elsewhere.
// A database that hangs uses it up, and closing what is open takes a while more.
const stopTime = 2 * time.Second

// run serves until ctx is done, then stops in the order in which the data
// flows: no new packet, then no new page, then the journal into the store.
func (n *node) run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	listen, stopListening := context.WithCancelCause(ctx)
	defer stopListening(nil)

	var background, serving sync.WaitGroup
	notice, err := n.live.Subscribe(work, changesTopic)
	if err != nil {
		n.log.Warn("changes of other nodes are seen by polling only", "err", err)
	}
	background.Go(func() { n.follower.run(work, notice) })
	background.Go(func() { n.jobs.run(work) })
	background.Go(func() { n.postures.run(work) })
	wanted, err := n.live.Subscribe(work, intentsTopic)
	if err != nil {
		n.log.Warn("what is wanted of sessions is seen by polling only", "err", err)
	}
	background.Go(func() { n.intents.run(work, wanted) })
	background.Go(func() { n.journal.Drain(work, n.drain.apply) })

	serving.Go(func() { stopListening(n.radius.Serve(listen)) })
	for _, w := range n.web {
		serving.Go(func() { stopListening(w.serve()) })
	}

	<-listen.Done()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	for _, w := range n.web {
		background.Go(func() { w.stop(bounded) })
	}
	serving.Wait()
	stopWork()
	background.Wait()
	for {
		drained, err := n.journal.DrainOnce(bounded, n.drain.apply)
		if err != nil || drained == 0 {
			break // what is left is safe in the journal, and goes on at the next start
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(listen)
}

// close frees everything; safe on a node that was opened in part.
func (n *node) close() {
	for _, w := range n.web {
		w.server.Close()
		w.listener.Close()
	}
	if n.radius != nil {
		n.radius.Close()
	}
	if n.proxy != nil {
		n.closed("proxy", n.proxy.Close())
	}
	if n.journal != nil {
		n.closed("journal", n.journal.Close())
	}
	if n.live != nil {
		n.closed("live", n.live.Close())
	}
	if n.store != nil {
		n.closed("store", n.store.Close())
	}
}

func (n *node) closed(what string, err error) {
	if err != nil {
		n.log.Error("closing failed", "what", what, "err", err)
	}
}
