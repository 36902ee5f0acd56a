package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parvis/internal/directory"
)

var tokenField = regexp.MustCompile(`name="device" value="([^"]+)"`)

func TestStatusAndForget(t *testing.T) {
	g := newRig(t)
	g.Register.Devices.Remember(testMAC, "2026-1", g.now.Add(5*time.Hour))
	w := g.get("/status?" + coova())
	if !strings.Contains(text(w), "encore 5 heures") || !strings.Contains(w.Body.String(), `href="http://10.1.0.1:3990/logoff"`) {
		t.Errorf("status: %s", w.Body)
	}
	token := tokenField.FindStringSubmatch(w.Body.String())
	if token == nil {
		t.Fatal("no way to be forgotten")
	}
	for name, bad := range map[string]string{
		"none": "", "tampered": "A" + token[1], "cut": token[1][:len(token[1])-1],
		"of another use": sealToken(g.CookieKey, labelHome, g.now.Add(time.Hour), testMAC.String(), "tap", ""),
		"of another key": sealToken(g.Key, labelDevice, g.now.Add(time.Hour), testMAC.String(), "tap", ""),
		"too old":        sealToken(g.CookieKey, labelDevice, g.now, testMAC.String(), "tap", ""),
		"unknown zone":   sealToken(g.CookieKey, labelDevice, g.now.Add(time.Hour), testMAC.String(), "gone", ""),
		"too few fields": sealToken(g.CookieKey, labelDevice, g.now.Add(time.Hour), testMAC.String()),
	} {
		if w := g.post("/forget", url.Values{"device": {bad}}); w.Code != 400 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if len(g.store.forgot) != 0 {
		t.Fatal("forgotten with a bad token")
	}
	w = g.post("/forget", url.Values{"device": {token[1]}})
	if _, ok := g.Register.Devices.Until(testMAC, "2026-1"); w.Code != 200 || ok || len(g.store.forgot) != 1 || g.store.forgot[0] != testMAC {
		t.Errorf("%d, still there %v, %v", w.Code, ok, g.store.forgot)
	}
	if w := g.get("/status?" + coova()); !strings.Contains(text(w), "Plus de temps") || tokenField.MatchString(w.Body.String()) {
		t.Errorf("afterwards: %s", text(w))
	}
}

func TestStatusAtTheShortAddress(t *testing.T) {
	g := newRig(t)
	g.Register.Devices.Remember(testMAC, "2026-1", g.now.Add(5*time.Hour))
	if w := g.get("/status"); w.Code != 200 || !strings.Contains(text(w), "ne savons pas") {
		t.Errorf("a stranger: %s", text(w))
	}
	cookie := named(t, g.get("/?"+coova("res", "success")).Result(), "device")
	header := []string{"Cookie", "device=" + cookie.Value}
	for _, path := range []string{"/status", "/"} {
		if w := g.get(path, header...); !strings.Contains(text(w), "encore 5 heures") {
			t.Errorf("%s: %s", path, text(w))
		}
	}
	g.now = g.now.Add(25 * time.Hour)
	if w := g.get("/status", header...); !strings.Contains(text(w), "ne savons pas") {
		t.Errorf("a day later: %s", text(w))
	}
}

func named(t *testing.T, res *http.Response, name string) *http.Cookie {
	t.Helper()
	for _, c := range res.Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no cookie %s in %v", name, res.Header)
	return nil
}

// TestTokens: what was sealed comes back, and nothing else does.
func TestTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := directory.Key{byte(rapid.IntRange(1, 255).Draw(t, "key"))}
		field := rapid.StringMatching(`[^\n]{0,40}`)
		fields := []string{field.Draw(t, "a"), field.Draw(t, "b")}
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0)
		life := time.Duration(rapid.IntRange(-10, 10).Draw(t, "life")) * time.Second
		token := sealToken(key, "label", now.Add(life), fields...)
		got, ok := openToken(key, "label", token, now, 2)
		if ok != (life > 0) || ok && (got[0] != fields[0] || got[1] != fields[1]) {
			t.Fatalf("%q: %v %v", token, got, ok)
		}
		i := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		changed := token[:i] + string(token[i]^1) + token[i+1:]
		if _, ok := openToken(key, "label", changed, now, 2); ok {
			t.Fatalf("%q was changed at %d", token, i)
		}
		if _, ok := openToken(key, "other", token, now, 2); ok {
			t.Fatal("another use")
		}
	})
}

func FuzzOpenToken(f *testing.F) {
	now := time.Unix(1_790_000_000, 0)
	f.Add(sealToken(directory.Key{1}, "label", now.Add(time.Hour), "a", "b"))
	f.Add(".")
	f.Add("YQ.YQ")
	f.Fuzz(func(t *testing.T, token string) {
		_, ok := openToken(directory.Key{2}, "label", token, now, 2)
		if ok {
			t.Fatalf("%q was sealed with another key", token)
		}
	})
}
