package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"parvis/cmd/parvis/demo"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/radius/client"
)

// demoCommand is a small city on loopback.
type demoCommand struct {
	app       *app
	dir       string
	keep      bool // the directory was named, so it stays
	forTime   time.Duration
	addresses map[string]*string // by configuration key
	gateway   *string
	sample    demo.Sample
}

// demoFlags names each address once: its configuration key, flag and default.
var demoFlags = [...]struct{ key, flag, address, help string }{
	{"radius.auth", "radius-auth", "127.0.0.1:1812", "`address` for Access-Requests"},
	{"radius.acct", "radius-acct", "127.0.0.1:1813", "`address` for Accounting-Requests"},
	{"portal.listen", "portal", "127.0.0.1:8080", "`address` of the residents' pages"},
	{"console.listen", "console", "127.0.0.1:8081", "`address` of the staff's pages"},
	{"metrics.listen", "metrics", "127.0.0.1:9812", "`address` that Prometheus reads"},
}

func (a *app) demo(ctx context.Context, args []string) error {
	d := &demoCommand{app: a, addresses: map[string]*string{}}
	f := a.flags("demo", "[--dir D] [--for 60s] [addresses]")
	f.StringVar(&d.dir, "dir", "", "`directory` that keeps the city; without it a temporary one")
	f.DurationVar(&d.forTime, "for", 0, "stop after that `time`; 0 goes on until Ctrl-C")
	for _, l := range demoFlags {
		d.addresses[l.key] = f.String(l.flag, l.address, l.help)
	}
	d.gateway = f.String("gateway", "127.0.0.1:3990", "`address` of the simulated gateway, which a browser can open")
	if err := parse(f, args); err != nil {
		return err
	}
	if d.forTime < 0 {
		return usagef("demo: --for is a time such as 60s")
	}
	if err := d.loopbackOnly(); err != nil {
		return err
	}
	if d.forTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.forTime)
		defer cancel()
	}
	return d.run(ctx)
}

// loopbackOnly: everybody knows the passwords of a demo.
func (d *demoCommand) loopbackOnly() error {
	check := func(flag, address string) error {
		addr, err := netip.ParseAddrPort(address)
		if err != nil {
			return usagef("demo: --%s: %q is not an address with a port, for example 127.0.0.1:8080", flag, address)
		}
		if !addr.Addr().IsLoopback() {
			return usagef("demo: --%s: %s is not on loopback: a demo, whose passwords everybody knows, listens on 127.0.0.1 only", flag, address)
		}
		return nil
	}
	for _, l := range demoFlags {
		if err := check(l.flag, *d.addresses[l.key]); err != nil {
			return err
		}
	}
	return check("gateway", *d.gateway)
}

func (d *demoCommand) setting(key string) string {
	for _, l := range demoFlags {
		if l.key == key {
			return "--" + l.flag
		}
	}
	return "--" + key
}

func (d *demoCommand) run(ctx context.Context) (err error) {
	if err := d.prepareDir(); err != nil {
		return err
	}
	if !d.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	}
	cfg, err := d.writeConfig()
	if err != nil {
		return err
	}
	log := d.app.logger(cfg.Log)
	d.sample = demo.Commune(d.app.now())
	d.sample.FitSystem()
	if err := d.fill(ctx, cfg, log); err != nil {
		return err
	}
	n, err := openNode(ctx, nodeOptions{config: cfg, now: d.app.now, log: log, setting: d.setting})
	if err != nil {
		return err
	}
	defer n.close()
	gateway, err := d.openGateway(n)
	if err != nil {
		return err
	}
	traffic, err := demo.NewTraffic(demo.TrafficOptions{
		Auth: n.radius.AuthAddrs()[0].String(), Acct: n.radius.AcctAddrs()[0].String(),
		Sample: d.sample, Accept: d.accept(n), Now: d.app.now, Log: log,
	})
	if err != nil {
		gateway.server.Close()
		return err
	}
	d.describe(n, gateway)
	return d.serve(ctx, n, gateway, traffic)
}

// serve runs the server and the simulated city beside it. When one ends, all end.
func (d *demoCommand) serve(ctx context.Context, n *node, gateway *web, traffic *demo.Traffic) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var city sync.WaitGroup
	city.Go(func() {
		if err := traffic.Run(ctx); err != nil {
			n.log.Error("the simulated access points stopped", "err", err)
		}
	})
	city.Go(func() { d.report(ctx, traffic) })
	city.Go(func() {
		if err := gateway.serve(); err != nil {
			n.log.Error("the simulated gateway stopped", "err", err)
		}
	})
	stop := context.AfterFunc(ctx, func() { gateway.server.Close() })
	defer stop()
	err := n.serveNotified(ctx)
	cancel()
	gateway.server.Close()
	city.Wait()
	s := traffic.Stats()
	fmt.Fprintf(d.app.stdout, "Stopped: %d accepted, %d refused, %d accounting records acknowledged, %d unanswered.\n",
		s.Accepted, s.Refused, s.Accounted, s.Unanswered)
	return err
}

const reportEvery = 10 * time.Second

// report says now and then what moves.
func (d *demoCommand) report(ctx context.Context, traffic *demo.Traffic) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s := traffic.Stats()
			line := fmt.Sprintf("%3d devices on, %d accepted, %d refused, %d tapped the button, %d accounting records",
				s.On, s.Accepted, s.Refused, s.Tapped, s.Accounted)
			if s.Silent != "" {
				line += "; " + s.Silent + " has died"
			}
			fmt.Fprintln(d.app.stdout, line)
		}
	}
}

// accept is what the page's button does, for the simulated people.
func (d *demoCommand) accept(n *node) func(context.Context, directory.MAC, string) error {
	return func(ctx context.Context, mac directory.MAC, zoneID string) error {
		zone := n.register.Snapshot().Zone(zoneID)
		if zone == nil {
			return fmt.Errorf("there is no zone %s", zoneID)
		}
		now := d.app.now()
		device := directory.Device{MAC: mac, Terms: zone.Terms, ZoneID: zone.ID, AcceptedAt: now, Until: now.Add(zone.Remember)}
		if err := n.store.Accept(ctx, directory.Consent{Device: device, Language: "fr"}); err != nil {
			return err
		}
		n.register.Devices.Remember(mac, zone.Terms, device.Until)
		return nil
	}
}

func (d *demoCommand) openGateway(n *node) (*web, error) {
	address, err := netip.ParseAddrPort(*d.gateway)
	if err != nil {
		return nil, err
	}
	secret := directory.NewSecret(demo.Secret)
	auth, err := client.New(client.Options{Server: n.radius.AuthAddrs()[0].String(), LocalAddr: "127.0.0.1", Secret: secret})
	if err != nil {
		return nil, err
	}
	acct, err := client.New(client.Options{Server: n.radius.AcctAddrs()[0].String(), LocalAddr: "127.0.0.1", Secret: secret})
	if err != nil {
		return nil, errors.Join(err, auth.Close())
	}
	closeBoth := func() { auth.Close(); acct.Close() }
	nas := n.register.Snapshot().NASByIdentifier(demo.NASIdentifier)
	if nas == nil {
		closeBoth()
		return nil, errors.New("the demo's own NAS is missing: start with an empty --dir")
	}
	zone := n.register.Snapshot().Zone(nas.ZoneID)
	w, err := openWeb("gateway", "--gateway", *d.gateway, "", "", http.NotFoundHandler(), n.log)
	if err != nil {
		closeBoth()
		return nil, err
	}
	bound, err := netip.ParseAddrPort(w.listener.Addr().String())
	if err == nil {
		address = bound // a port 0 was asked for
	}
	w.server.RegisterOnShutdown(closeBoth)
	w.server.Handler, err = demo.NewGateway(demo.GatewayOptions{
		PortalURL: n.portalURL(), Listen: address, Auth: auth, Acct: acct, NASID: demo.NASIdentifier,
		UAMSecret: secret, Called: demo.GatewayMAC(), SSID: zone.SSID, Zone: zone.Name, Now: d.app.now, Log: n.log,
	})
	return w, err
}

// prepareDir makes the directory. One that holds something else is left alone.
func (d *demoCommand) prepareDir() error {
	if d.dir == "" {
		dir, err := os.MkdirTemp("", "parvis-demo-")
		if err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
		d.dir = dir
		return nil
	}
	d.keep = true
	dir, err := filepath.Abs(d.dir)
	if err != nil {
		return fmt.Errorf("find the directory: %w", err)
	}
	d.dir = dir
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	_, err = os.Stat(filepath.Join(d.dir, demoConfig))
	if len(entries) > 0 && errors.Is(err, fs.ErrNotExist) {
		return usagef("demo: --dir: %s holds something else than a demo: name an empty directory", d.dir)
	}
	return nil
}

// writeConfig writes a configuration that serve could use as well, with the key
// file that it names.
func (d *demoCommand) writeConfig() (config.Config, error) {
	if err := config.CreateKeyFile(filepath.Join(d.dir, "parvis.key")); err != nil && !errors.Is(err, fs.ErrExist) {
		return config.Config{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Made by parvis demo, which writes it anew at each start.\ncommune = %q\ndata_dir = \".\"\nkey_file = \"parvis.key\"\n", demo.CommuneName)
	fmt.Fprintf(&b, "[radius]\nauth = [%q]\nacct = [%q]\n", *d.addresses["radius.auth"], *d.addresses["radius.acct"])
	fmt.Fprintf(&b, "[portal]\nlisten = %q\n[console]\nlisten = %q\n", *d.addresses["portal.listen"], *d.addresses["console.listen"])
	fmt.Fprintf(&b, "[metrics]\nlisten = %q\nap_down_after = \"20s\"\n[log]\nlevel = \"warn\"\n", *d.addresses["metrics.listen"])
	path := filepath.Join(d.dir, demoConfig)
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return config.Config{}, fmt.Errorf("write the demo's configuration: %w", err)
	}
	return (&source{config: path}).load()
}

// describe tells what there is to look at.
func (d *demoCommand) describe(n *node, gateway *web) {
	w := d.app.stdout
	fmt.Fprintf(w, "%s: %d zones, %d access points, %d housing operators, %d dwellings, in %s\n\n", demo.CommuneName,
		len(d.sample.Zones), len(d.sample.AccessPoints), len(d.sample.Operators), len(d.sample.Dwellings), d.dir)
	for _, line := range n.addresses() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "%-22s %s   a phone on the square: open it in a browser\n", "simulated gateway", gateway.url())
	fmt.Fprintf(w, "\nThe password of everybody is %s.\n", demo.Secret)
	fmt.Fprintf(w, "Console:  admin, reseau, bailleur, accueil\n")
	fmt.Fprintf(w, "Tenant:   logement-0001 at %s/home\n", n.portalURL())
	fmt.Fprintf(w, "Card:     %s, in the zone that asks for one\n", directory.GroupCardCode(d.sample.CardCodes[0]))
	auth := n.radius.AuthAddrs()[0]
	fmt.Fprintf(w, "\nTry:\n  echo 'User-Name=logement-0001,User-Password=%s,Called-Station-Id=%s,Message-Authenticator=0x00' | radclient -x %s auth %s\n",
		demo.Secret, demo.GatewayMAC(), auth, demo.Secret)
	m := d.unbilled()
	fmt.Fprintf(w, "  parvis bill preview --dir %s --operator %q --month %s\n", d.dir, d.sample.Operators[0].Name, m)
	fmt.Fprintf(w, "  curl http://%s/metrics\n\nCtrl-C stops everything.\n", net.JoinHostPort(hostPort(n.metrics)))
}

func hostPort(w *web) (host, port string) {
	host, port, _ = net.SplitHostPort(w.listener.Addr().String())
	return host, port
}
