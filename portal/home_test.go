package portal

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

func (g *rig) signInAs(t *testing.T, login, password string) *http.Cookie {
	t.Helper()
	w := g.post("/home/login", url.Values{"login": {login}, "password": {password}})
	if w.Code != 303 || w.Header().Get("Location") != "/home" {
		t.Fatalf("%s: %d %s", login, w.Code, w.Body)
	}
	return named(t, w.Result(), "home")
}

func TestHome(t *testing.T) {
	g := newRig(t)
	g.store.sessions = []accounting.Session{
		{Key: "a", DwellingID: "d1", MAC: testMAC, AccessPointID: "ap3", StartedAt: g.now.Add(-time.Hour), In: 500_000, Out: 12_000_000},
		{Key: "b", DwellingID: "d2", MAC: directory.MAC{2, 0, 0, 0, 0, 9}, StartedAt: g.now},
	}
	cookie := g.signInAs(t, " Logement-0001 ", "clé-du-logement")
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.MaxAge != 1800 {
		t.Errorf("cookie %v", cookie)
	}
	w := g.get("/home", "Cookie", cookie.String())
	for _, want := range []string{"Les Tilleuls", "Bât. A, porte 12", "30\u00a0Mbit/s", "5,5\u00a0Mbit/s", "8 appareils", "02-AA-BB-CC-DD-01", "12,5\u00a0Mo", "Hall", "1er novembre 2026 à 09:00", "rien à payer ici"} {
		if !strings.Contains(text(w), want) {
			t.Errorf("no %q in %s", want, text(w))
		}
	}
	if strings.Contains(text(w), "02-00-00-00-00-09") || len(g.store.filters) != 1 || g.store.filters[0] != (accounting.Filter{DwellingID: "d1"}) {
		t.Errorf("another dwelling's devices: %v", g.store.filters)
	}
	for _, never := range []string{"€", "impayé", "dette", "suspen", "clé-du-logement"} {
		if strings.Contains(w.Body.String(), never) {
			t.Errorf("the page says %q", never)
		}
	}
}

func TestSignInRefuses(t *testing.T) {
	var words string
	for name, form := range map[string]url.Values{
		"wrong password":     {"login": {"logement-0001"}, "password": {"x"}},
		"unknown login":      {"login": {"logement-9999"}, "password": {"clé-du-logement"}},
		"another's password": {"login": {"logement-0001"}, "password": {"another"}},
		"no password set":    {"login": {"logement-0003"}, "password": {""}},
		"strange login":      {"login": {"'; drop"}, "password": {"x"}},
		"nothing":            {},
	} {
		g := newRig(t)
		w := g.post("/home/login", form)
		if w.Code != 422 || w.Header().Get("Set-Cookie") != "" || strings.Contains(w.Body.String(), "clé-du") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		said := strings.Join(strings.Fields(text(w)), " ")
		if words == "" {
			words = said
		}
		if said != words {
			t.Errorf("%s: the words tell what was wrong:\n%s\n%s", name, said, words)
		}
	}
}

func TestSignInLimits(t *testing.T) {
	g := newRig(t)
	for i := range 10 {
		w := g.post("/home/login", url.Values{"login": {"logement-0001"}, "password": {fmt.Sprint(i)}})
		if w.Code != 422 {
			t.Fatalf("try %d: %d", i, w.Code)
		}
	}
	if w := g.post("/home/login", url.Values{"login": {"logement-0001"}, "password": {"clé-du-logement"}}); w.Code != 429 {
		t.Errorf("got %d", w.Code)
	}
	g.live.away = true
	if w := g.post("/home/login", url.Values{"login": {"logement-0002"}, "password": {"another"}}); w.Code != 503 {
		t.Errorf("uncounted: %d", w.Code)
	}
}

// A whole residence may share one address, and logins are easy to guess.
func TestSignInLimitsOfOthers(t *testing.T) {
	g := newRig(t)
	from := func(address, login, password string) int {
		r := httptest.NewRequest("POST", testPublic+"/home/login", strings.NewReader(url.Values{"login": {login}, "password": {password}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = address
		return g.do(r).Code
	}
	for i := range 30 {
		if code := from("198.51.100.1:1", fmt.Sprintf("logement-%04d", 100+i), "x"); code != 422 {
			t.Fatalf("neighbour %d behind one address: %d", i, code)
		}
	}
	for range 90 {
		from("203.0.113.9:1", "logement-0001", "a guess")
	}
	if code := from("198.51.100.1:1", "logement-0001", "clé-du-logement"); code != 303 {
		t.Errorf("the tenant, while somebody elsewhere guesses: %d", code)
	}
}

func TestSignedOut(t *testing.T) {
	asks := func(g *rig, cookie string) bool {
		return strings.Contains(g.get("/home", "Cookie", cookie).Body.String(), `autocomplete="current-password"`)
	}
	g := newRig(t)
	cookie := g.signInAs(t, "logement-0001", "clé-du-logement")
	if asks(g, cookie.String()) {
		t.Fatal("not signed in")
	}
	body, _, _ := strings.Cut(cookie.Value, ".")
	for name, value := range map[string]string{
		"unsigned": "home=" + body, "tampered": "home=A" + cookie.Value,
		"another use": "home=" + sealToken(g.CookieKey, labelDevice, g.now.Add(time.Hour), "d1", g.fingerprint(g.Register.Snapshot().Dwelling("d1")), "0"),
		"another's":   "home=" + sealToken(g.CookieKey, labelHome, g.now.Add(time.Hour), "d2", g.fingerprint(g.Register.Snapshot().Dwelling("d1")), "0"),
	} {
		if !asks(g, value) {
			t.Errorf("%s: signed in", name)
		}
	}
	t.Run("after half an hour", func(t *testing.T) {
		g := newRig(t)
		cookie := g.signInAs(t, "logement-0001", "clé-du-logement")
		g.now = g.now.Add(29 * time.Minute)
		w := g.get("/home", "Cookie", cookie.String())
		renewed := named(t, w.Result(), "home")
		g.now = g.now.Add(2 * time.Minute)
		if !asks(g, cookie.String()) || asks(g, renewed.String()) {
			t.Error("the time is not counted from the last page")
		}
		for range 30 {
			g.now = g.now.Add(25 * time.Minute)
			w := g.get("/home", "Cookie", renewed.String())
			if w.Header().Get("Set-Cookie") == "" {
				return // at the end of the day
			}
			renewed = named(t, w.Result(), "home")
		}
		t.Error("never ends")
	})
	t.Run("when the key changes", func(t *testing.T) {
		g := newRig(t)
		cookie := g.signInAs(t, "logement-0001", "clé-du-logement")
		c := testCatalog(g.Key, g.now)
		c.Dwellings[0].Password = directory.NewSecret("new")
		snap, err := directory.NewSnapshot(c)
		if err != nil {
			t.Fatal(err)
		}
		g.Register.Swap(snap)
		if !asks(g, cookie.String()) {
			t.Error("still signed in")
		}
	})
	t.Run("by the button", func(t *testing.T) {
		w := g.post("/home/logout", nil, "Cookie", cookie.String())
		if gone := named(t, w.Result(), "home"); gone.MaxAge >= 0 || gone.Value != "" {
			t.Errorf("cookie %v", gone)
		}
	})
}

func TestHomeWithTheStoreAway(t *testing.T) {
	g := newRig(t)
	cookie := g.signInAs(t, "logement-0001", "clé-du-logement")
	g.store.away = true
	w := g.get("/home", "Cookie", cookie.String())
	if w.Code != 200 || !strings.Contains(text(w), "ne pouvons pas lire la liste") || !strings.Contains(text(w), "Les Tilleuls") {
		t.Errorf("%d %s", w.Code, text(w))
	}
}

func TestSecureCookies(t *testing.T) {
	g := newRig(t)
	g.Secure = true
	w := g.post("/home/login", url.Values{"login": {"logement-0001"}, "password": {"clé-du-logement"}})
	c := named(t, w.Result(), "__Host-home")
	if !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	if w := g.get("/home", "Cookie", c.String()); !strings.Contains(text(w), "Les Tilleuls") {
		t.Error("not signed in")
	}
}
