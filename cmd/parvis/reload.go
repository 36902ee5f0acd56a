package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"parvis/internal/config"
)

// reloader reads the configuration again when the program gets SIGHUP. What can
// change while it runs changes at once; of all else it says that it needs a
// restart. RADIUS clients, zones and all that is in the database need neither.
type reloader struct {
	path    string
	started config.Config
	level   *slog.LevelVar
	log     *slog.Logger
	// certificates are read again, each by its name.
	certificates map[string]func() error
}

// run waits for the signal until ctx is done.
func (r *reloader) run(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			r.reload()
		}
	}
}

// reload reads the file and its secret files. One that is not in order changes
// nothing.
func (r *reloader) reload() {
	cfg, problems := config.Load(r.path)
	if err := problems.Err(); err != nil {
		r.log.Error("the configuration is not in order; going on with the one before", "file", r.path, "err", err)
		return
	}
	if err := setLevel(r.level, cfg.Log); err != nil {
		r.log.Error("the log level is not known", "err", err)
	}
	for name, read := range r.certificates {
		if err := read(); err != nil {
			r.log.Error("a certificate could not be read; going on with the one before", "of", name, "err", err)
		}
	}
	var restart []string
	for _, key := range differences("", reflect.ValueOf(r.started), reflect.ValueOf(cfg)) {
		if key != "log.level" {
			restart = append(restart, key)
		}
	}
	if len(restart) > 0 {
		r.log.Warn("the configuration is read; some of it needs a restart", "needs_restart", strings.Join(restart, ", "))
		return
	}
	r.log.Info("the configuration is read")
}

// differences lists the keys whose values differ, as they stand in the file. A
// field without a key is the content of a file that another key names.
func differences(prefix string, a, b reflect.Value) []string {
	var keys []string
	for i := range a.NumField() {
		field := a.Type().Field(i)
		name := prefix + field.Tag.Get("toml")
		if field.Tag.Get("toml") == "-" {
			name = prefix + strings.ToLower(field.Name)
		}
		x, y := a.Field(i), b.Field(i)
		switch {
		case field.Type.Kind() == reflect.Struct && field.Tag.Get("toml") != "-":
			keys = append(keys, differences(name+".", x, y)...)
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			keys = append(keys, name)
		}
	}
	return keys
}

func setLevel(to *slog.LevelVar, c config.Log) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return err
	}
	to.Set(level)
	return nil
}
