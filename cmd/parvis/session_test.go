package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/accounting"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
	"parvis/radius/dynauth"
)

const (
	dasSecret = "das-secret-of-a-test"
	dasDevice = "02-AA-BB-CC-DD-01"
	dasKey    = "n/nas-1/s-1/" + dasDevice
)

// das answers what is asked with code+1, or with code+2 and a cause, and hands
// over each request.
type das struct {
	port  uint16
	asked chan []byte
}

// silent is a cause: say nothing.
const silent = 1<<32 - 1

func newDAS(t *testing.T, cause uint32) *das {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &das{port: conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(), asked: make(chan []byte, 10)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			d.asked <- bytes.Clone(buf[:n])
			if cause != silent {
				conn.WriteTo(dasAnswer(buf[:n], cause), from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return d
}

// dasAnswer is RFC 5176 §2.3 by hand.
func dasAnswer(request []byte, cause uint32) []byte {
	b := append([]byte{request[0] + 1, request[1], 0, 20}, request[4:20]...)
	if cause != 0 {
		b[0]++
		b[3] += 6
		b = binary.BigEndian.AppendUint32(append(b, 101, 6), cause)
	}
	sum := md5.Sum(append(bytes.Clone(b), dasSecret...))
	copy(b[4:20], sum[:])
	return b
}

// withSession puts a NAS at the DAS, two users and two sessions into the installation.
func (i *installation) withSession(d *das, dialect string) *store.Store {
	t := i.t
	t.Helper()
	cfg, problems := config.Load(i.config)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return i.now }
	db, err := openStore(t.Context(), cfg, clock, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = db.Import(t.Context(), store.Commune{
		Plans: []directory.Plan{{ID: "plan-1", Name: "Ville"}},
		Zones: []directory.Zone{
			{ID: "zone-1", Name: "Port", SSID: "Ville", PlanID: "plan-1", Entry: directory.EntryTap, Terms: "1", Remember: time.Hour},
			{ID: "zone-2", Name: "Gare", SSID: "Ville", PlanID: "plan-1", Entry: directory.EntryTap, Terms: "1", Remember: time.Hour},
		},
		NASes: []directory.NAS{{
			ID: "nas-1", Name: "Quai", Prefix: netip.MustParsePrefix("127.0.0.1/32"),
			Secret: directory.NewSecret(dasSecret), Dialect: dialect, DynAuthPort: d.port, ZoneID: "zone-1",
		}},
		Users: []directory.User{
			{ID: "u-1", Name: "reseau", Role: directory.RoleNetwork, PasswordHash: "x"},
			{ID: "u-2", Name: "accueil", Role: directory.RoleDesk, PasswordHash: "x"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mac, _ := directory.ParseMAC(dasDevice)
	var batch []accounting.Record
	for n, zone := range []string{"zone-1", "zone-2"} {
		batch = append(batch, accounting.Record{Seq: int64(n + 1), Event: accounting.Event{
			Kind: accounting.Start, At: i.now, Received: i.now, NASID: "nas-1", AcctSessionID: []string{"s-1", "s-2"}[n],
			MAC: directory.MAC{mac[0], mac[1], mac[2], mac[3], mac[4], byte(n + 1)}, Login: "visitor", ZoneID: zone,
		}})
	}
	if _, err := db.ApplyEvents(t.Context(), "node", batch); err != nil {
		t.Fatal(err)
	}
	return db
}

// serveIntents does what a running server does with them. The returned function
// stops it.
func (i *installation) serveIntents(db *store.Store) (stop func()) {
	t := i.t
	t.Helper()
	register := directory.NewRegister(10)
	f := &follower{store: db, register: register, now: func() time.Time { return i.now }, log: slog.New(slog.DiscardHandler)}
	if err := f.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	in, err := newIntents(db, register, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1812")}, nil, time.Now, f.log, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { in.run(ctx, nil); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func TestSessionList(t *testing.T) {
	i := newInstallation(t)
	i.withSession(newDAS(t, 0), "generic")
	for _, c := range []struct {
		args []string
		want int
	}{
		{nil, 2},
		{[]string{"--zone", "port"}, 1},
		{[]string{"--zone", "zone-2"}, 1},
	} {
		var rows []sessionRow
		if err := json.Unmarshal([]byte(i.run(0, append([]string{"session", "list", "--json"}, c.args...)...)), &rows); err != nil {
			t.Fatal(err)
		}
		if len(rows) != c.want {
			t.Errorf("%v: %+v", c.args, rows)
		}
	}
	for _, words := range []string{dasDevice, "visitor", "Quai", dasKey} {
		if out := i.run(0, "session", "list"); !strings.Contains(out, words) {
			t.Errorf("%s is not in:\n%s", words, out)
		}
	}
	i.run(2, "session", "list", "--zone", "Nowhere")
	i.run(2, "session", "list", "--zone", "Port", "--ap", "x")
	i.run(2, "session", "list", "--zone", "Port", "--zone", "x", "more")
	i.run(2, "session")
}

func TestSessionOrders(t *testing.T) {
	for _, c := range []struct {
		name, dialect string
		cause         uint32
		args          []string
		exit          int
		code          byte
		words         string
		state         store.IntentState
	}{
		{"disconnect by address", "generic", 0, []string{"disconnect", "--mac", "02aabbccdd01"}, 0, 40, dasDevice + ": the NAS ends the session", store.IntentACK},
		{"disconnect by key", "hostapd", 503, []string{"disconnect", "--session", dasKey}, 1, 40, "the NAS refused: the NAS has no such session (503)", store.IntentNAK},
		{"change in place", "mikrotik", 0, []string{"change", "--session", dasKey, "--down", "5000", "--up", "1000"}, 0, 43, "the NAS took the change", store.IntentACK},
		{"change by disconnect", "hostapd", 0, []string{"change", "--session", dasKey, "--down", "5000", "--up", "1000"}, 0, 40, "asked to end instead", store.IntentACK},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newInstallation(t)
			d := newDAS(t, c.cause)
			db := i.withSession(d, c.dialect)
			i.serveIntents(db)
			out := i.run(c.exit, append(append([]string{"session"}, c.args...), "--by", "reseau")...)
			if !strings.Contains(out, c.words) {
				t.Errorf("said:\n%s", out)
			}
			if b := <-d.asked; b[0] != c.code {
				t.Errorf("asked with code %d", b[0])
			}
			list, err := db.Intents(t.Context(), time.Time{}, 10)
			if err != nil || len(list) != 1 || list[0].State != c.state || list[0].Cause != c.cause || list[0].By != "reseau" {
				t.Errorf("%+v %v", list, err)
			}
			// Only a Stop ends a session.
			if open, err := db.OpenSessions(t.Context(), accounting.Filter{}, 10); err != nil || len(open) != 2 {
				t.Errorf("%d are open: %v", len(open), err)
			}
			if shown := i.run(0, "session", "list"); !strings.Contains(shown, "by reseau: "+list[0].Detail) {
				t.Errorf("the list does not say what became of it:\n%s", shown)
			}
		})
	}
}

func TestSessionOrderOfAll(t *testing.T) {
	i := newInstallation(t)
	d := newDAS(t, 0)
	i.serveIntents(i.withSession(d, "generic"))
	var rows []orderRow
	out := i.run(0, "session", "disconnect", "--login", "visitor", "--by", "reseau", "--json")
	if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 2 || rows[0].State != "ack" || rows[1].State != "ack" {
		t.Errorf("%+v %v", rows, err)
	}
	if len(d.asked) != 2 {
		t.Errorf("%d requests", len(d.asked))
	}
}

func TestSessionRefused(t *testing.T) {
	i := newInstallation(t)
	d := newDAS(t, 0)
	db := i.withSession(d, "generic")
	for _, c := range []struct {
		exit  int
		words string
		args  []string
	}{
		{2, "--by USER", []string{"disconnect", "--session", dasKey}},
		{2, "no console user", []string{"disconnect", "--session", dasKey, "--by", "nobody"}},
		{2, "may not touch sessions", []string{"disconnect", "--session", dasKey, "--by", "accueil"}},
		{2, "one of --mac, --login and --session", []string{"disconnect", "--by", "reseau"}},
		{2, "one of --mac, --login and --session", []string{"disconnect", "--by", "reseau", "--session", "k", "--login", "l"}},
		{2, "--mac", []string{"disconnect", "--by", "reseau", "--mac", "x"}},
		{1, "no session is open", []string{"disconnect", "--by", "reseau", "--mac", "02-00-00-00-00-99"}},
		{2, "--session KEY", []string{"change", "--by", "reseau", "--down", "1", "--up", "1"}},
		{2, "--up", []string{"change", "--by", "reseau", "--session", dasKey, "--down", "1"}},
		{2, "--down", []string{"change", "--by", "reseau", "--session", dasKey, "--down", "4294967296", "--up", "1"}},
		{1, "no running server", []string{"disconnect", "--by", "reseau", "--session", dasKey}},
	} {
		if out := i.run(c.exit, append([]string{"session"}, c.args...)...); !strings.Contains(out, c.words) {
			t.Errorf("%v: %s", c.args, out)
		}
	}
	// What was withdrawn is not carried out by a server that starts later.
	stop := i.serveIntents(db)
	stop()
	list, err := db.Intents(t.Context(), time.Time{}, 10)
	if err != nil || len(list) != 1 || list[0].State != store.IntentExpired || len(d.asked) != 0 {
		t.Errorf("%+v %v, %d requests", list, err, len(d.asked))
	}
}

// A server that stops while a NAS is silent says that it does not know.
func TestIntentOfStoppedServer(t *testing.T) {
	i := newInstallation(t)
	d := newDAS(t, silent)
	db := i.withSession(d, "generic")
	placed, err := orders{store: db, now: func() time.Time { return i.now }}.place(t.Context(),
		store.Intent{Kind: store.IntentDisconnect, SessionKey: dasKey, By: "reseau"}, "command line")
	if err != nil {
		t.Fatal(err)
	}
	stop := i.serveIntents(db)
	<-d.asked
	stop()
	got, ok, err := db.Intent(t.Context(), placed.ID)
	if err != nil || !ok || got.State != store.IntentUnknown {
		t.Errorf("%+v %v %v", got, ok, err)
	}
	// Of a session that has ended nothing is asked.
	gone, err := orders{store: db, now: func() time.Time { return i.now }}.place(t.Context(),
		store.Intent{Kind: store.IntentDisconnect, SessionKey: "gone", By: "reseau"}, "command line")
	if err != nil {
		t.Fatal(err)
	}
	i.serveIntents(db)
	if gone, err = (orders{store: db, now: func() time.Time { return i.now }}).await(t.Context(), gone); err != nil || gone.State != store.IntentFailed || gone.Detail != "the session has ended already" {
		t.Errorf("%+v %v", gone, err)
	}
}

// The console gets what became of it in words that it has itself.
func TestConsoleSessions(t *testing.T) {
	i := newInstallation(t)
	db := i.withSession(newDAS(t, 503), "generic")
	i.serveIntents(db)
	s := consoleSessions{orders{store: db, now: func() time.Time { return i.now }}}
	for key, want := range map[string]console.Disconnected{
		dasKey: {State: console.DisconnectNAK, Cause: 503},
		"gone": {State: console.DisconnectFailed, Why: "ended"},
	} {
		if got, err := s.Disconnect(t.Context(), key, "reseau"); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", key, got, err, want)
		}
	}
	for _, c := range []struct {
		i    store.Intent
		want console.Disconnected
	}{
		{store.Intent{State: store.IntentACK}, console.Disconnected{State: console.DisconnectACK}},
		{store.Intent{State: store.IntentTimeout}, console.Disconnected{State: console.DisconnectTimeout}},
		{store.Intent{State: store.IntentSent}, console.Disconnected{State: console.DisconnectUnknown}},
		{store.Intent{State: store.IntentUnknown}, console.Disconnected{State: console.DisconnectUnknown}},
		{store.Intent{State: store.IntentExpired}, console.Disconnected{State: console.DisconnectFailed, Why: "other"}},
		{store.Intent{State: store.IntentFailed, Detail: dynauth.ErrNoAddress.Error()}, console.Disconnected{State: console.DisconnectFailed, Why: "no_address"}},
		{store.Intent{State: store.IntentFailed, Detail: "the disk is full"}, console.Disconnected{State: console.DisconnectFailed, Why: "other"}},
	} {
		got := disconnectedOf(c.i)
		if got != c.want || !slices.Contains(console.DisconnectStates(), got.State) || got.Why != "" && !slices.Contains(console.DisconnectReasons(), got.Why) {
			t.Errorf("%+v: %+v, want %+v", c.i, got, c.want)
		}
	}
}
