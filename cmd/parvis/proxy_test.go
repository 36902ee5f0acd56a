package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/config"
	"parvis/internal/directory"
)

func TestOpenProxy(t *testing.T) {
	open := func(c config.Radius) (interface{ Close() error }, error) {
		p, err := openProxy(nodeOptions{config: config.Config{Radius: c}, now: time.Now, log: slog.New(slog.DiscardHandler)}, prometheus.NewRegistry())
		if p == nil {
			return nil, err
		}
		if p.Find("somebody@partner.example") == nil || p.Find("somebody@ville.example") != nil || p.OperatorName() != "1ville.example" {
			t.Error("the proxy is not as configured")
		}
		return p, err
	}
	if p, err := open(config.Radius{}); p != nil || err != nil {
		t.Errorf("without a realm: %v, %v", p, err)
	}
	realms := func(s config.RealmServer) config.Radius {
		return config.Radius{OperatorName: "ville.example", Realms: []config.Realm{{Name: "partner.example", Acct: true, Servers: []config.RealmServer{s}}}}
	}
	p, err := open(realms(config.RealmServer{Address: "127.0.0.1:1812", Secret: directory.NewSecret("between two networks")}))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := open(realms(config.RealmServer{Address: "tls://localhost:2083", CA: ca})); err == nil || p != nil {
		t.Errorf("a CA without a certificate: %v, %v", p, err)
	}
}
