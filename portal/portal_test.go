package portal

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

const (
	testPublic = "http://portal.test"
	uamSecret  = "uam-secret"
)

var errAway = errors.New("away")

// fakeStore keeps what it is given; away makes every call fail.
type fakeStore struct {
	mu       sync.Mutex
	away     bool
	consents []directory.Consent
	forgot   []directory.MAC
	sessions []accounting.Session
	filters  []accounting.Filter
}

func (s *fakeStore) Accept(_ context.Context, c directory.Consent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	s.consents = append(s.consents, c)
	return nil
}

func (s *fakeStore) Forget(_ context.Context, mac directory.MAC, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	s.forgot = append(s.forgot, mac)
	return nil
}

func (s *fakeStore) OpenSessions(_ context.Context, f accounting.Filter, limit int) ([]accounting.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errAway
	}
	s.filters = append(s.filters, f)
	var found []accounting.Session
	for i := range s.sessions {
		if s.sessions[i].DwellingID == f.DwellingID && len(found) < limit {
			found = append(found, s.sessions[i])
		}
	}
	return found, nil
}

// fakeLive allows burst tries of a key, and no more.
type fakeLive struct {
	mu      sync.Mutex
	away    bool
	tickets map[string]directory.Ticket
	tries   map[string]int
}

func (l *fakeLive) PutTicket(_ context.Context, hash string, t directory.Ticket, ttl time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away || ttl != directory.TicketLife {
		return errAway
	}
	l.tickets[hash] = t
	return nil
}

func (l *fakeLive) Allow(_ context.Context, key string, burst int, _ time.Duration) (bool, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return false, 0, errAway
	}
	l.tries[key]++
	return l.tries[key] <= burst, time.Minute, nil
}

// rig is a portal over a small commune.
type rig struct {
	*portal
	http     http.Handler
	store    *fakeStore
	live     *fakeLive
	now      time.Time
	registry *prometheus.Registry
}

func testCatalog(key directory.Key, now time.Time) directory.Catalog {
	mac := func(s string) directory.MAC {
		m, err := directory.ParseMAC(s)
		if err != nil {
			panic(err)
		}
		return m
	}
	nas := func(id, ident, kind, zone string) directory.NAS {
		n := directory.NAS{ID: id, Name: id, Prefix: netip.MustParsePrefix("192.0.2." + id[1:] + "/32"), Identifier: ident, Gateway: kind, ZoneID: zone}
		if kind == directory.GatewayCoova {
			n.GatewaySecret = directory.NewSecret(uamSecret)
		} else {
			n.LoginURL = "https://gw.example/login"
		}
		return n
	}
	enter := nas("n4", "card-1", directory.GatewayCoova, "card")
	enter.LoginURL = "http://10.1.0.1:3990/prelogin"
	return directory.Catalog{
		Plans: []directory.Plan{{ID: "city", Name: "City", DownKbps: 10_000, UpKbps: 2_000}, {ID: "home", Name: "Home", DownKbps: 30_000, UpKbps: 5_500, DeviceSlots: 8}},
		Zones: []directory.Zone{
			{ID: "tap", Name: "Place de la Liberté", SSID: "Parvis", PlanID: "city", Entry: directory.EntryTap, Terms: "2026-1", Remember: 12 * time.Hour},
			{ID: "card", Name: "Médiathèque", SSID: "Parvis", PlanID: "city", Entry: directory.EntryCard, Terms: "2026-card", Remember: 48 * time.Hour},
		},
		NASes: []directory.NAS{
			nas("n1", "place-1", directory.GatewayCoova, "tap"), nas("n2", "open-1", directory.GatewayGeneric, "tap"),
			nas("n3", "nowhere", directory.GatewayCoova, ""), enter,
		},
		AccessPoints: []directory.AccessPoint{
			{ID: "ap1", Name: "Kiosque", NASID: "n1", BSSID: mac("02-11-22-33-44-55"), ZoneID: "tap", Enabled: true},
			{ID: "ap2", Name: "Off", NASID: "n1", BSSID: mac("02-11-22-33-44-66"), ZoneID: "tap"},
			{ID: "ap3", Name: "Hall", BSSID: mac("02-11-22-33-44-77"), ResidenceID: "res", Enabled: true},
		},
		Residences: []directory.Residence{{ID: "res", Name: "Les Tilleuls", PlanID: "home"}},
		Dwellings: []directory.Dwelling{
			{ID: "d1", ResidenceID: "res", Ref: "1", Door: "Bât. A, porte 12", Login: "logement-0001", Password: directory.NewSecret("clé-du-logement")},
			{ID: "d2", ResidenceID: "res", Ref: "2", Door: "Bât. B, porte 3", Login: "logement-0002", Password: directory.NewSecret("another")},
			{ID: "d3", ResidenceID: "res", Ref: "3", Door: "no key yet", Login: "logement-0003"},
		},
		Cards: []directory.Card{
			{ID: "c1", ZoneID: "card", Hash: key.CardHash(goodCard), Until: now.Add(24 * time.Hour)},
			{ID: "c2", ZoneID: "card", Hash: key.CardHash(revokedCard), Until: now.Add(24 * time.Hour), Revoked: true},
			{ID: "c3", ZoneID: "card", Hash: key.CardHash(oldCard), Until: now},
			{ID: "c4", ZoneID: "tap", Hash: key.CardHash(elsewhereCard), Until: now.Add(24 * time.Hour)},
		},
	}
}

// Codes with their Luhn digit.
const (
	goodCard      = "1234567890123452"
	revokedCard   = "1111222233334444"
	oldCard       = "5555555555554444"
	elsewhereCard = "4012888888881881"
)

func newRig(t testing.TB) *rig {
	t.Helper()
	g := &rig{
		store:    &fakeStore{},
		live:     &fakeLive{tickets: map[string]directory.Ticket{}, tries: map[string]int{}},
		now:      time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC),
		registry: prometheus.NewRegistry(),
	}
	u, err := ui.New(ui.Options{Registerer: g.registry})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		UI: u, Register: directory.NewRegister(1000), Key: directory.Key{1}, CookieKey: directory.Key{2},
		Store: g.store, Live: g.live, PublicURL: testPublic + "/", Now: func() time.Time { return g.now },
		Log: slog.New(slog.DiscardHandler), Registerer: g.registry,
	}
	snap, err := directory.NewSnapshot(testCatalog(o.Key, g.now))
	if err != nil {
		t.Fatal(err)
	}
	o.Register.Swap(snap)
	g.portal, err = newPortal(o)
	if err != nil {
		t.Fatal(err)
	}
	g.http = g.handler()
	return g
}

// coova is the query of a CoovaChilli redirect; pairs replace parameters.
func coova(pairs ...string) string {
	order := []string{"res", "uamip", "uamport", "challenge", "called", "mac", "ip", "ssid", "nasid", "sessionid", "userurl"}
	values := map[string]string{
		"res": "notyet", "uamip": "10.1.0.1", "uamport": "3990", "challenge": "000102030405060708090a0b0c0d0e0f",
		"called": "02-11-22-33-44-55", "mac": "02-AA-BB-CC-DD-01", "ip": "10.1.0.2", "ssid": "Parvis", "nasid": "place-1",
		"sessionid": "1700000001", "userurl": "http%3a%2f%2fexample.org%2f",
	}
	for i := 0; i < len(pairs); i += 2 {
		if _, ok := values[pairs[i]]; !ok {
			order = append(order, pairs[i])
		}
		values[pairs[i]] = pairs[i+1]
	}
	var parts []string
	for _, name := range order {
		parts = append(parts, name+"="+values[name])
	}
	return signed(strings.Join(parts, "&"))
}

func signed(q string) string {
	sum := md5.Sum([]byte(testPublic + "/?" + q + uamSecret))
	return q + "&md=" + strings.ToUpper(hex.EncodeToString(sum[:]))
}

// inCardZone replaces parameters for the gateway of the card zone.
var inCardZone = []string{"nasid", "card-1", "called", "02-99-99-99-99-99"}

func (g *rig) get(target string, header ...string) *httptest.ResponseRecorder {
	return g.do(httptest.NewRequest("GET", testPublic+target, nil), header...)
}

func (g *rig) post(target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", testPublic+target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return g.do(r, header...)
}

func (g *rig) do(r *http.Request, header ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.http.ServeHTTP(w, r)
	return w
}

func text(w *httptest.ResponseRecorder) string {
	return strings.ReplaceAll(tags.ReplaceAllString(w.Body.String(), " "), "&#39;", "'")
}

var tags = regexp.MustCompile(`<[^>]*>|\s+`)

func metricsText(t testing.TB, g *rig) string {
	t.Helper()
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		for _, m := range f.Metric {
			b.WriteString(f.GetName())
			for _, l := range m.Label {
				b.WriteString(" " + l.GetName() + "=" + l.GetValue())
			}
			if m.Counter != nil {
				b.WriteString(" " + m.Counter.String())
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestNewRefuses(t *testing.T) {
	good := newRig(t).Options
	good.Registerer = nil
	for name, change := range map[string]func(*Options){
		"no scheme":     func(o *Options) { o.PublicURL = "portal.test" },
		"another one":   func(o *Options) { o.PublicURL = "ftp://portal.test" },
		"a query":       func(o *Options) { o.PublicURL = "http://portal.test/?x" },
		"no store":      func(o *Options) { o.Store = nil },
		"no key":        func(o *Options) { o.Key = directory.Key{} },
		"no cookie key": func(o *Options) { o.CookieKey = directory.Key{} },
	} {
		o := good
		change(&o)
		_, err := New(o)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err := New(good)
	if err != nil {
		t.Error(err)
	}
}

// TestRoutes lists every route with what an unknown visitor gets, so that a new
// one cannot be forgotten.
func TestRoutes(t *testing.T) {
	want := map[string]int{
		"GET /{$}":          200,
		"POST /connect":     400,
		"GET /status":       200,
		"POST /forget":      400,
		"GET /terms":        200,
		"GET /api/capport":  200,
		"GET /home":         200, // the sign-in form
		"POST /home/login":  422,
		"POST /home/logout": 303,
		"GET /healthz":      200,
		"/":                 404,
	}
	g := newRig(t)
	for _, r := range g.routes() {
		code, ok := want[r.pattern]
		if !ok {
			t.Errorf("the route %s is not in this list", r.pattern)
			continue
		}
		delete(want, r.pattern)
		method, path, ok := strings.Cut(r.pattern, " ")
		if !ok {
			method, path = "GET", "/nothing/here"
		}
		path = strings.TrimSuffix(path, "{$}")
		var w *httptest.ResponseRecorder
		if method == "POST" {
			w = g.post(path, url.Values{})
			cross := g.post(path, url.Values{}, "Origin", "https://evil.example")
			if cross.Code != 403 {
				t.Errorf("%s from another site: %d", r.pattern, cross.Code)
			}
			if n := g.post(path, url.Values{"x": {strings.Repeat("a", 100_000)}}).Code; n != 413 && r.name != "home_logout" {
				t.Errorf("%s with a huge form: %d", r.pattern, n)
			}
		} else {
			w = g.get(path)
		}
		if w.Code != code {
			t.Errorf("%s: got %d, want %d\n%s", r.pattern, w.Code, code, w.Body)
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", r.pattern, w.Header())
		}
		if strings.Contains(text(w), "Les Tilleuls") || strings.Contains(text(w), "logement-") {
			t.Errorf("%s tells a stranger of a dwelling", r.pattern)
		}
		if strings.Contains(w.Header().Get("Content-Type"), "text/html") && strings.Contains(strings.ToLower(w.Body.String()), "<script") {
			t.Errorf("%s holds a script", r.pattern)
		}
	}
	for pattern := range want {
		t.Errorf("the route %s is gone", pattern)
	}
	if c := g.get("/healthz"); c.Body.String() != "ok\n" {
		t.Errorf("healthz: %q", c.Body)
	}
}

func TestStaticIsKeptForEver(t *testing.T) {
	g := newRig(t)
	href := regexp.MustCompile(`href="(/static/parvis\.[0-9a-f]+\.css)"`).FindStringSubmatch(g.get("/").Body.String())
	if href == nil {
		t.Fatal("no style sheet")
	}
	w := g.get(href[1])
	body, err := io.ReadAll(w.Body)
	if w.Code != 200 || err != nil || len(body) == 0 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := g.get("/static/parvis.css"); w.Code != 404 {
		t.Errorf("without its hash: %d", w.Code)
	}
}
