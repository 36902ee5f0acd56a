package demo

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/directory"
	"parvis/portal/gateway"
	"parvis/radius/client"
)

// The signature that a portal must find, worked out with coreutils:
// printf '%s' 'http://127.0.0.1:8080/?res=notyet&userurl=http%3a%2f%2fexample.org%2fparvis-demo' | md5sum
// (the last word is the uamsecret).
func TestSignedGolden(t *testing.T) {
	var q uamQuery
	q.add("res", "notyet")
	q.add("userurl", "http://example.org/")
	got := signed("http://127.0.0.1:8080/", q.String(), directory.NewSecret("parvis-demo"))
	want := "http://127.0.0.1:8080/?res=notyet&userurl=http%3a%2f%2fexample.org%2f&md=C849F77B507630DA77D88A47DBF44E79"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

const portalURL = "http://portal.example/"

// walk is a gateway with a browser before it and RADIUS behind it.
type walk struct {
	t       *testing.T
	base    string
	browser *http.Client
	sample  Sample
	now     time.Time

	mu        sync.Mutex
	knows     map[directory.MAC]bool
	passwords map[string]string
	acct      []asked
	attempts  []asked
}

func newWalk(t *testing.T) *walk {
	w := &walk{t: t, sample: Commune(testNow), now: testNow, knows: map[directory.MAC]bool{}, passwords: map[string]string{}}
	radius := radiusServer(t, secretsOf(w.sample), w.handle)
	open := func() *client.Client {
		c, err := client.New(client.Options{Server: radius, LocalAddr: "127.0.0.1", Secret: directory.NewSecret(Secret), Retries: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	server := httptest.NewUnstartedServer(nil)
	g, err := NewGateway(GatewayOptions{
		PortalURL: portalURL, Listen: netip.MustParseAddrPort(server.Listener.Addr().String()),
		Auth: open(), Acct: open(), NASID: NASIdentifier, UAMSecret: directory.NewSecret(Secret),
		Called: GatewayMAC(), SSID: "Ville-Exemple WiFi", Zone: "Place du Marché",
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = g
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.base = server.URL
	w.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

func (w *walk) handle(a asked) (byte, []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.code == 4 {
		w.acct = append(w.acct, a)
		return 5, nil
	}
	w.attempts = append(w.attempts, a)
	user := a.text(1)
	password, ok := w.passwords[user]
	if ok && a.proves(password) || a.number(6) == client.ServiceFramed && a.proves(user) && w.knows[a.mac()] {
		return 2, append(attribute(27, 0, 0, 2, 0x58), attribute(25, 'c', '1')...)
	}
	return 3, attribute(18, []byte("Access refused")...)
}

// get returns the status, the redirect and the page.
func (w *walk) get(url string) (int, string, string) {
	w.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = w.base + url
	}
	r, err := w.browser.Get(url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.StatusCode, r.Header.Get("Location"), string(body)
}

// portal reads a redirect as the portal's own code does.
func (w *walk) portal(location string) gateway.Client {
	w.t.Helper()
	_, query, ok := strings.Cut(location, "?")
	if !ok || !strings.HasPrefix(location, portalURL) {
		w.t.Fatalf("redirected to %q", location)
	}
	snapshot, err := directory.NewSnapshot(directory.Catalog{
		Plans: w.sample.Plans, Zones: w.sample.Zones, NASes: w.sample.NASes, AccessPoints: w.sample.AccessPoints,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := gateway.Parse(portalURL, query, snapshot, testNow)
	if err != nil {
		w.t.Fatalf("the portal does not take %s: %v", location, err)
	}
	return c
}

// heard returns what RADIUS was asked and told so far.
func (w *walk) heard() (attempts, acct []asked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.attempts), slices.Clone(w.acct)
}

func (w *walk) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func kinds(acct []asked) string {
	var all []uint32
	for _, a := range acct {
		all = append(all, a.number(40))
	}
	return fmt.Sprint(all)
}

func TestGatewayWalk(t *testing.T) {
	w := newWalk(t)
	const mac = "02-AA-BB-CC-DD-01"
	status, location, _ := w.get("/news?page=1&mac=" + mac)
	c := w.portal(location)
	if status != 302 || c.State != gateway.NotYet || c.MAC.String() != mac || c.NAS.Identifier != NASIdentifier || c.AccessPoint == nil || c.UserURL == "" {
		t.Fatalf("%d, %+v", status, c)
	}
	attempts, _ := w.heard()
	if a := attempts[0]; a.number(6) != client.ServiceFramed || a.text(1) != mac || a.text(30) != w.sample.AccessPoints[0].BSSID.String() {
		t.Errorf("the MAC is tried with %+v", a.attrs)
	}

	// A wrong ticket, then the right one.
	w.change(func() { w.passwords["ticket-a"] = "right" })
	_, location, _ = w.get(c.LogonURL(portalURL, "ticket-a", directory.NewSecret("wrong"), testNow))
	failed := w.portal(location)
	if failed.State != gateway.Failed || !strings.Contains(location, "reply=Access%20refused") {
		t.Fatalf("after a wrong password: %s", location)
	}
	_, location, _ = w.get(c.LogonURL(portalURL, "ticket-a", directory.NewSecret("right"), testNow))
	if s := w.portal(location); s.State != gateway.Failed {
		t.Fatalf("a challenge was answered twice: %s", location)
	}
	retry := w.portal(location)
	_, location, _ = w.get(retry.LogonURL(portalURL, "ticket-a", directory.NewSecret("right"), testNow))
	in := w.portal(location)
	if in.State != gateway.Success || in.TimeLeft != 10*time.Minute || in.MAC.String() != mac {
		t.Fatalf("after the right password: %s", location)
	}
	attempts, _ = w.heard()
	a := attempts[len(attempts)-1]
	if a.number(6) != client.ServiceLogin || a.text(31) != mac || len(a.text(60)) != 16 || a.text(32) != NASIdentifier {
		t.Errorf("the login carries %+v", a.attrs)
	}

	if status, _, page := w.get("/"); status != 200 || !strings.Contains(page, "You are online") {
		t.Errorf("signed in, / answers %d", status)
	}
	if _, location, _ = w.get("/status"); w.portal(location).State != gateway.Already {
		t.Errorf("status: %s", location)
	}
	if _, location, _ = w.get("/logoff"); w.portal(location).State != gateway.Logoff {
		t.Errorf("logoff: %s", location)
	}
	_, acct := w.heard()
	if kinds(acct) != "[1 3 2]" {
		t.Errorf("accounted %s, want Start, Interim, Stop", kinds(acct))
	}
	for _, a := range acct {
		if a.text(25) != "c1" || a.text(44) != acct[0].text(44) || a.text(1) != "ticket-a" {
			t.Errorf("an Accounting-Request carries %+v", a.attrs)
		}
	}
}

// A device that accepted is let in without the page, and out when its time is over.
func TestGatewayKnownDeviceAndTimeout(t *testing.T) {
	w := newWalk(t)
	w.change(func() { w.knows[directory.MAC{2, 0, 0, 0, 0, 7}] = true })
	if status, _, page := w.get("/?mac=020000000007"); status != 200 || !strings.Contains(page, "02-00-00-00-00-07") {
		t.Fatalf("a known device gets %d", status)
	}
	w.change(func() {
		w.now = w.now.Add(time.Hour)
		clear(w.knows)
	})
	if _, location, _ := w.get("/"); w.portal(location).State != gateway.NotYet {
		t.Errorf("an hour later: %s", location)
	}
	if _, acct := w.heard(); kinds(acct) != "[1 3 2]" || acct[2].number(49) != 5 {
		t.Errorf("accounted %s, cause %d", kinds(acct), acct[len(acct)-1].number(49))
	}
}

func TestGatewayRefusesNonsense(t *testing.T) {
	w := newWalk(t)
	for _, path := range []string{"/?mac=nonsense", "/logon", "/logon?username=a", "/logon?username=a&response=00", "/logon?username=a&response=" + strings.Repeat("0", 32) + "&ident=256"} {
		if status, _, _ := w.get(path); status != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, status)
		}
	}
	status, _, _ := w.get("/favicon.ico")
	if attempts, _ := w.heard(); status != http.StatusNotFound || len(attempts) != 0 {
		t.Errorf("the icon answers %d and asks RADIUS %d times", status, len(attempts))
	}
}

func TestPhonesAreBounded(t *testing.T) {
	f := phones{limit: 8}
	first := f.get(directory.MAC{2, 1})
	for i := range 7 {
		f.get(directory.MAC{2, 2, byte(i)})
	}
	if f.get(directory.MAC{2, 1}) != first {
		t.Error("the first is gone too early")
	}
	f.get(directory.MAC{2, 3})
	if f.get(directory.MAC{2, 1}) == first || len(f.byMAC) != 8 || len(f.oldest) != 8 {
		t.Errorf("holds %d and %d", len(f.byMAC), len(f.oldest))
	}
}

// chal2 and the response of a UAM logon, from their definition.
func TestUAMResponse(t *testing.T) {
	p := phone{challenge: [16]byte{1, 2, 3}}
	want := md5.Sum(append(p.challenge[:], "uam"...))
	if got := p.chal2(directory.NewSecret("uam")); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	response := md5.Sum([]byte("x"))
	ident, got, err := readResponse(url.Values{"response": {hex.EncodeToString(response[:])}, "ident": {"7"}})
	if err != nil || ident != 7 || got != response {
		t.Errorf("read %d %x: %v", ident, got, err)
	}
}
