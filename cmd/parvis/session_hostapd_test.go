package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/peers"
	"parvis/internal/store"
)

// Against hostapd's own dynamic authorisation server: a change is refused in
// words, because hostapd cannot; so is the end of a session that is not there;
// and a device that has signed in is put out, and its Stop comes.
func TestSessionOfHostapd(t *testing.T) {
	s := startServed(t)
	port := peers.Hostapd(t, s.node.radius.AcctAddrs()[0].String(), dasSecret)
	mac := directory.MAC(port.Device)
	on := s.session("the device's Start", func(v accounting.Session) bool { return v.MAC == mac })
	if on.NASAddress != "127.0.0.1" { // the NAS is a range: it is asked where this came from
		t.Errorf("the session is %+v", on)
	}

	s.nas(port.DynAuth.Port(), "mikrotik") // which can change a session
	out := s.order(1, "change", "--session", on.Key, "--down", "5000", "--up", "1000")
	if !strings.Contains(out, "the NAS refused: the NAS does not support an attribute of the request (401)") {
		t.Errorf("said %q", out)
	}

	s.nas(port.DynAuth.Port(), "hostapd")
	lost := directory.MAC{2, 0, 0, 0, 0, 0x99}
	_, err := s.node.store.ApplyEvents(t.Context(), "another node", []accounting.Record{{Seq: 1, Event: accounting.Event{
		Kind: accounting.Start, At: time.Now(), Received: time.Now(), NASID: on.NASID, NASAddress: on.NASAddress, AcctSessionID: "lost", MAC: lost,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	out = s.order(1, "disconnect", "--mac", lost.String())
	if !strings.Contains(out, "the NAS refused: the NAS has no such session (503)") {
		t.Errorf("said %q", out)
	}

	out = s.order(0, "disconnect", "--mac", mac.String())
	if !strings.Contains(out, mac.String()+": the NAS ends the session") {
		t.Errorf("said %q", out)
	}
	s.until("the Stop that hostapd sends then", func() bool {
		open, err := s.node.store.OpenSessions(t.Context(), accounting.Filter{Key: on.Key}, 1)
		return err == nil && len(open) == 0
	})
	out = s.order(1, "disconnect", "--session", on.Key)
	if !strings.Contains(out, "no session is open") {
		t.Errorf("said %q", out)
	}
}

// served is a whole server in this process, at ports of its own.
type served struct {
	t      *testing.T
	config string
	node   *node
}

func startServed(t *testing.T) *served {
	t.Helper()
	dir := t.TempDir()
	s := &served{t: t, config: filepath.Join(dir, "parvis.toml")}
	text := "commune = \"Ville-Exemple\"\ndata_dir = \"" + dir + "\"\nkey_file = \"parvis.key\"\n[radius]\nauth = [\"127.0.0.1:0\"]\nacct = [\"127.0.0.1:0\"]\n"
	for _, section := range []string{"portal", "console", "metrics"} {
		text += "[" + section + "]\nlisten = \"127.0.0.1:0\"\n"
	}
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(0, "migrate")
	cfg, problems := config.Load(s.config)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var err error
	s.node, err = openNode(t.Context(), nodeOptions{
		config: cfg, now: time.Now, log: slog.New(slog.DiscardHandler), setting: func(key string) string { return key },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.node.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.node.close()
	})
	if err := s.node.store.Import(t.Context(), store.Commune{
		Users: []directory.User{{ID: "u-1", Name: "reseau", Role: directory.RoleNetwork, PasswordHash: "x"}},
	}); err != nil {
		t.Fatal(err)
	}
	s.nas(0, "hostapd")
	return s
}

// nas writes the NAS and waits until the server knows it so.
func (s *served) nas(port uint16, dialect string) {
	s.t.Helper()
	err := s.node.store.PutNAS(s.t.Context(), directory.NAS{
		ID: "nas-1", Name: "Quai", Prefix: netip.MustParsePrefix("127.0.0.0/8"), Secret: directory.NewSecret(dasSecret),
		Dialect: dialect, DynAuthPort: port,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.until("the NAS in the register", func() bool {
		n := s.node.register.Snapshot().NAS("nas-1")
		return n != nil && n.DynAuthPort == port && n.Dialect == dialect
	})
}

// session waits for an open session that fits.
func (s *served) session(what string, fits func(accounting.Session) bool) (found accounting.Session) {
	s.t.Helper()
	s.until(what, func() bool {
		list, err := s.node.store.OpenSessions(s.t.Context(), accounting.Filter{}, 100)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, v := range list {
			if fits(v) {
				found = v
				return true
			}
		}
		return false
	})
	return found
}

func (s *served) until(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (s *served) order(want int, args ...string) string {
	s.t.Helper()
	return s.run(want, append(append([]string{"session"}, args...), "--by", "reseau")...)
}

func (s *served) run(want int, args ...string) string {
	s.t.Helper()
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out, now: time.Now}
	if got := a.run(context.Background(), append(args, "--config", s.config)); got != want {
		s.t.Errorf("%q: exit code %d, want %d: %s", args, got, want, out.String())
	}
	return out.String()
}
