package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"path/filepath"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// source is which installation a command works on: --config F, or --dir D for
// the directory of a demo.
type source struct{ config, dir string }

// demoConfig is the configuration that a demo writes into its directory.
const demoConfig = "parvis.toml"

func (s *source) flags(f *flag.FlagSet) {
	f.StringVar(&s.config, "config", "", "configuration `file`")
	f.StringVar(&s.dir, "dir", "", "`directory` of a demo, instead of --config")
}

func (s *source) load() (config.Config, error) {
	path := s.config
	switch {
	case s.config != "" && s.dir != "":
		return config.Config{}, usagef("give --config or --dir, not both")
	case s.dir != "":
		path = filepath.Join(s.dir, demoConfig)
	case path == "":
		return config.Config{}, usagef("say which installation: --config F, or --dir D for a demo's directory")
	}
	cfg, problems := config.Load(path)
	if err := problems.Err(); err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}

// withStore runs f on the database of the installation, which may be in use by
// a running server.
func (a *app) withStore(ctx context.Context, s source, f func(config.Config, *store.Store) error) (err error) {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	db, err := openStore(ctx, cfg, a.now, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(cfg, db)
}

// audit writes down what was done on the command line. Nobody signed in there:
// whoever may read the key file may do everything, and is named as such.
func (a *app) audit(ctx context.Context, db *store.Store, action, subject, detail string) error {
	return db.Audit(ctx, directory.AuditEntry{At: a.now(), Actor: "command line", Action: action, Subject: subject, Detail: detail})
}
