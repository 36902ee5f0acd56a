package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"parvis/internal/config"
	"parvis/internal/store"
)

// serve runs the server until it is told to stop.
func (a *app) serve(ctx context.Context, args []string) error {
	f := a.flags("serve", "--config F")
	path := f.String("config", "", "configuration `file`")
	if err := parse(f, args); err != nil {
		return err
	}
	cfg, err := (&source{config: *path}).load()
	if err != nil {
		return err
	}
	log, level := a.levelLogger(cfg.Log)
	n, err := openNode(ctx, nodeOptions{
		config: cfg, now: a.now, log: log,
		setting: func(key string) string { return key + " in " + *path },
	})
	if err != nil {
		return err
	}
	defer n.close()
	for _, line := range n.addresses() {
		fmt.Fprintln(a.stdout, line)
	}
	r := &reloader{path: *path, started: cfg, level: level, log: log, certificates: n.certificates()}
	var reloading sync.WaitGroup
	listen, stop := context.WithCancel(ctx)
	defer reloading.Wait()
	defer stop()
	reloading.Go(func() { r.run(listen) })
	return n.serveNotified(ctx)
}

// serveNotified runs n and tells systemd when it is ready and when it stops.
func (n *node) serveNotified(ctx context.Context) error {
	if err := notify("READY=1"); err != nil {
		n.log.Warn("readiness not reported", "err", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = notify("STOPPING=1") })
	defer stop()
	return n.run(ctx)
}

// addresses is one line for each listener.
func (n *node) addresses() []string {
	var lines []string
	add := func(what string, address any) { lines = append(lines, fmt.Sprintf("%-22s %v", what, address)) }
	for _, addr := range n.radius.AuthAddrs() {
		add("RADIUS authentication", addr)
	}
	for _, addr := range n.radius.AcctAddrs() {
		add("RADIUS accounting", addr)
	}
	for _, addr := range n.radius.TLSAddrs() {
		add("RADIUS over TLS", addr)
	}
	add("portal", n.portal.url())
	add("console", n.console.url())
	add("metrics", n.metrics.url()+"/metrics")
	return lines
}

func (a *app) logger(c config.Log) *slog.Logger {
	log, _ := a.levelLogger(c)
	return log
}

// levelLogger returns a logger, and its level, which may change while it is used.
func (a *app) levelLogger(c config.Log) (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	_ = setLevel(level, c) // the configuration was checked; else it is info
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(a.stderr, options)), level
	}
	return slog.New(slog.NewTextHandler(a.stderr, options)), level
}

// check says all that is wrong with a configuration, at once.
func (a *app) check(_ context.Context, args []string) error {
	f := a.flags("check", "--config F [--json]")
	path := f.String("config", "", "configuration `file`")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if *path == "" {
		return usagef("check: say which file: --config F")
	}
	_, problems := config.Load(*path)
	if *asJSON {
		if problems == nil {
			problems = config.Problems{} // a list in JSON, not null
		}
		if err := writeJSON(a.stdout, problems); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			fmt.Fprintln(a.stderr, p)
		}
	}
	switch len(problems) {
	case 0:
		if !*asJSON {
			fmt.Fprintf(a.stdout, "%s is in order.\n", *path)
		}
		return nil
	case 1:
		return usagef("1 thing to mend in %s", *path)
	}
	return usagef("%d things to mend in %s", len(problems), *path)
}

// migrate makes the key file and the database, or brings the database to this
// program's schema.
func (a *app) migrate(ctx context.Context, args []string) error {
	f := a.flags("migrate", "--config F")
	path := f.String("config", "", "configuration `file`")
	if err := parse(f, args); err != nil {
		return err
	}
	if *path == "" {
		return usagef("migrate: say which installation: --config F")
	}
	if err := a.makeKey(*path); err != nil {
		return err
	}
	return a.withStore(ctx, source{config: *path}, func(cfg config.Config, db *store.Store) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, "The database is up to date.")
		return nil
	})
}

// makeKey makes the key file of a new installation. A database that is there
// already has a key: a new one could not open its secrets, so none is made.
func (a *app) makeKey(path string) error {
	cfg, _ := config.Load(path) // what is wrong is said by the load that follows
	if cfg.KeyFile == "" {
		return nil
	}
	if _, err := os.Stat(cfg.KeyFile); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(databasePath(cfg)); err == nil {
		return usagef("the key file %s is missing, and the database has secrets that only it can open: bring it back from the backup", cfg.KeyFile)
	}
	if err := config.CreateKeyFile(cfg.KeyFile); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "A new key is in %s. Keep a copy in a safe place: without it the database cannot be read.\n", cfg.KeyFile)
	return nil
}
