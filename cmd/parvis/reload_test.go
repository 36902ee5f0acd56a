package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/internal/config"
)

func TestReload(t *testing.T) {
	i := newInstallation(t)
	before, err := os.ReadFile(i.config)
	if err != nil {
		t.Fatal(err)
	}
	cfg, problems := config.Load(i.config)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	read := 0
	var readError error
	r := &reloader{
		path: i.config, started: cfg, level: &slog.LevelVar{}, log: slog.New(slog.NewTextHandler(&said, nil)),
		certificates: map[string]func() error{"portal": func() error { read++; return readError }},
	}
	for _, c := range []struct {
		name, added string
		level       slog.Level
		says        string
		read        int
		fails       error
	}{
		{"nothing changed", "", slog.LevelInfo, "level=INFO msg=\"the configuration is read\"", 1, nil},
		{"the level", "[log]\nlevel = \"debug\"\n", slog.LevelDebug, "level=INFO msg=\"the configuration is read\"", 2, nil},
		{"what needs a restart", "[log]\nlevel = \"warn\"\n[radius]\nauth = [\":2812\"]\nmax_devices = 7\n", slog.LevelWarn, "needs_restart=\"radius.auth, radius.max_devices\"", 3, nil},
		{"a mistake", "[log]\nlevel = \"loud\"\n", slog.LevelWarn, "going on with the one before", 3, nil},
		{"a certificate that is gone", "", slog.LevelInfo, "of=portal err=gone", 4, errors.New("gone")},
	} {
		t.Run(c.name, func(t *testing.T) {
			said.Reset()
			readError = c.fails
			if err := os.WriteFile(i.config, append(bytes.Clone(before), c.added...), 0o600); err != nil {
				t.Fatal(err)
			}
			r.reload()
			if r.level.Level() != c.level || read != c.read || !strings.Contains(said.String(), c.says) {
				t.Errorf("level %s, %d reads, said %s", r.level.Level(), read, said.String())
			}
		})
	}
}

// The signal itself, which without a handler would end the program.
func TestReloadOnHangup(t *testing.T) {
	i := newInstallation(t)
	cfg, _ := config.Load(i.config)
	read := make(chan struct{}, 1)
	r := &reloader{
		path: i.config, started: cfg, level: &slog.LevelVar{}, log: slog.New(slog.DiscardHandler),
		certificates: map[string]func() error{"portal": func() error { read <- struct{}{}; return nil }},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	guard := make(chan os.Signal, 1)
	signal.Notify(guard, syscall.SIGHUP) // until run listens, the signal would end the test
	defer signal.Stop(guard)
	go func() { r.run(ctx); close(done) }()
	deadline := time.After(10 * time.Second)
	for caught := false; !caught; {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		select {
		case <-read:
			caught = true
		case <-guard: // run may not listen yet
		case <-deadline:
			t.Fatal("the signal changes nothing")
		}
	}
	cancel()
	<-done
}
