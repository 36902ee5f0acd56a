package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/cmd/parvis/demo"
	"parvis/internal/directory"
)

func form(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}}
}

func (tw *town) counted(result string) float64 {
	return testutil.ToFloat64(tw.logins.WithLabelValues(result))
}

func TestLoginAndLogout(t *testing.T) {
	tw := newTown(t)
	for role, c := range map[string]struct{ user, home string }{
		"admin": {"admin", "/"}, "network": {"reseau", "/"}, "operator": {"bailleur", "/"}, "desk": {"accueil", "/desk"},
	} {
		b := tw.browser(t)
		w := b.do("POST", "/login", form(c.user, demo.Secret))
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != c.home {
			t.Errorf("%s: %d to %s", role, w.Code, w.Header().Get("Location"))
		}
		set := w.Header().Get("Set-Cookie")
		for _, want := range []string{"parvis_console=", "; Path=/", "; HttpOnly", "; SameSite=Strict"} {
			if !strings.Contains(set, want) {
				t.Errorf("%s: no %q in %q", role, want, set)
			}
		}
		if w := b.get(c.home); w.Code != http.StatusOK || strings.Contains(w.Body.String(), demo.Secret) {
			t.Errorf("%s: home is %d", role, w.Code)
		}
		old := b.cookie
		if w := b.do("POST", "/logout", url.Values{}); w.Code != http.StatusSeeOther || b.cookie != "" {
			t.Errorf("%s: sign-out is %d", role, w.Code)
		}
		b.cookie = old
		if w := b.get(c.home); w.Code != http.StatusSeeOther {
			t.Errorf("%s: the cookie works after signing out: %d", role, w.Code)
		}
	}
	if got := tw.counted(resultOK); got != 4 {
		t.Errorf("%v sign-ins counted", got)
	}
}

// One sentence for all that is wrong, and no way in.
func TestLoginRefuses(t *testing.T) {
	tw := newTown(t)
	disabled := tw.sample.Users[0]
	disabled.Disabled = true
	if err := tw.db.PutUser(t.Context(), disabled); err != nil {
		t.Fatal(err)
	}
	var page string
	for _, c := range []struct{ name, user, password string }{
		{"wrong password", "admin", "parvis-demO"},
		{"unknown user", "nobody", demo.Secret},
		{"disabled user", disabled.Name, demo.Secret},
		{"no password", "admin", ""},
		{"endless name", strings.Repeat("admin", 1000), demo.Secret},
	} {
		b := tw.browser(t)
		w := b.do("POST", "/login", form(c.user, c.password))
		if w.Code != http.StatusUnauthorized || b.cookie != "" {
			t.Errorf("%s: %d", c.name, w.Code)
		}
		i := strings.Index(w.Body.String(), `role="alert"`)
		sentence, _, _ := strings.Cut(w.Body.String()[i:], "</p>")
		if page == "" {
			page = sentence
		}
		if sentence != page || i < 0 {
			t.Errorf("%s reads %q, not %q", c.name, sentence, page)
		}
	}
	if got := tw.counted(resultWrong); got != 5 {
		t.Errorf("%v wrong sign-ins counted", got)
	}
}

func TestLoginLimits(t *testing.T) {
	tw := newTown(t)
	b := tw.browser(t)
	for range bothBurst {
		if w := b.do("POST", "/login", form("admin", "x")); w.Code != http.StatusUnauthorized {
			t.Fatalf("got %d", w.Code)
		}
	}
	if w := b.do("POST", "/login", form("ADMIN", demo.Secret)); w.Code != http.StatusTooManyRequests {
		t.Errorf("one more for the name, in any case: %d", w.Code)
	}
	if w := b.do("POST", "/login", form("reseau", demo.Secret)); w.Code != http.StatusSeeOther {
		t.Errorf("another name: %d", w.Code)
	}
	b.from = "192.0.2.2:5000"
	if w := b.do("POST", "/login", form("admin", demo.Secret)); w.Code != http.StatusSeeOther {
		t.Errorf("the admin, while somebody elsewhere guesses: %d", w.Code)
	}
	for i := range nameBurst - bothBurst - 1 {
		b.from = fmt.Sprintf("192.0.2.%d:5000", 3+i/bothBurst)
		if w := b.do("POST", "/login", form("admin", "x")); w.Code != http.StatusUnauthorized {
			t.Fatalf("try %d from elsewhere: %d", i, w.Code)
		}
	}
	b.from = "192.0.2.99:5000"
	if w := b.do("POST", "/login", form("admin", demo.Secret)); w.Code != http.StatusTooManyRequests {
		t.Errorf("one more for the name, from wherever: %d", w.Code)
	}
	tw.clock.add(nameEvery)
	if w := b.do("POST", "/login", form("admin", demo.Secret)); w.Code != http.StatusSeeOther {
		t.Errorf("later: %d", w.Code)
	}
	b.from = "[2001:db8::1]:5000"
	for i := range addressBurst {
		b.do("POST", "/login", form("nobody-"+string(rune('a'+i)), ""))
	}
	b.from = "[2001:db8::2]:5000" // the same subscriber
	if w := b.do("POST", "/login", form("reseau", demo.Secret)); w.Code != http.StatusTooManyRequests {
		t.Errorf("one more from the address: %d", w.Code)
	}
}

type brokenLive struct{ Live }

func (brokenLive) Allow(context.Context, string, int, time.Duration) (bool, time.Duration, error) {
	return false, 0, errors.New("away")
}

type brokenAudit struct{ Logins }

func (brokenAudit) Audit(context.Context, directory.AuditEntry) error { return errors.New("away") }

// No fail-open (ASVS 16.5.3).
func TestNobodyGetsInWithoutLimitsOrTrail(t *testing.T) {
	for name, spoil := range map[string]func(*console){
		"limits": func(c *console) { c.Live = brokenLive{c.Live} },
		"trail":  func(c *console) { c.Logins = brokenAudit{c.Logins} },
	} {
		tw := newTown(t)
		spoil(tw.console)
		b := tw.browser(t)
		if w := b.do("POST", "/login", form("admin", demo.Secret)); w.Code != http.StatusServiceUnavailable || b.cookie != "" {
			t.Errorf("without %s: %d", name, w.Code)
		}
	}
}

func TestLoginEnds(t *testing.T) {
	tw := newTown(t)
	idle := tw.as(t, "admin")
	tw.clock.add(idleTime)
	if w := idle.get("/"); w.Code != http.StatusSeeOther {
		t.Errorf("idle for %v: %d", idleTime, w.Code)
	}
	busy := tw.as(t, "admin")
	first, spent := busy.cookie, time.Duration(0)
	for ; spent < lifetime-20*time.Minute; spent += 20 * time.Minute {
		tw.clock.add(20 * time.Minute)
		if w := busy.get("/"); w.Code != http.StatusOK {
			t.Fatalf("in use, after %v: %d", spent, w.Code)
		}
	}
	if busy.cookie == first {
		t.Error("the cookie was never renewed")
	}
	tw.clock.add(20 * time.Minute)
	if w := busy.get("/"); w.Code != http.StatusSeeOther {
		t.Errorf("after %v: %d", lifetime, w.Code)
	}
}

// A ticket that was replaced lasts a moment, and ends with the one that replaced it.
func TestRenewedLoginEndsWhole(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	old := b.cookie
	tw.clock.add(renewAfter)
	b.get("/")
	renewed := b.cookie
	if renewed == old {
		t.Fatal("not renewed")
	}
	b.cookie = old
	if w := b.do("HEAD", "/desk", nil); w.Code != http.StatusOK {
		t.Errorf("the old ticket, a moment later: %d", w.Code)
	}
	b.cookie = renewed
	b.do("POST", "/logout", url.Values{})
	for name, cookie := range map[string]string{"old": old, "renewed": renewed} {
		b.cookie = cookie
		if w := b.get("/"); w.Code != http.StatusSeeOther {
			t.Errorf("the %s ticket after signing out: %d", name, w.Code)
		}
	}
}

func TestForgedTicket(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	parts := strings.Split(b.cookie, ".")
	for name, c := range map[string]string{
		"later issue": strings.Join([]string{parts[0], parts[1], "9999999999", parts[3]}, "."),
		"other":       "parvis_console=" + newSecret() + ".1.1.",
		"garbage":     "parvis_console=%%%",
		"short":       parts[0],
	} {
		b.cookie = c
		if w := b.get("/"); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// A role that is taken away counts from the next request (ASVS 8.3.2).
func TestRoleChangeCountsAtOnce(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	u, _, err := tw.db.UserByName(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	u.Role = directory.RoleDesk
	if err := tw.db.PutUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if w := b.get("/charges"); w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}

func TestSecureCookieAndHeaders(t *testing.T) {
	tw := newTown(t)
	o := tw.Options
	o.Secure, o.Registerer = true, nil
	var err error
	tw.http, err = New(o)
	if err != nil {
		t.Fatal(err)
	}
	tw.Secure = true
	w := tw.browser(t).do("POST", "/login", form("admin", demo.Secret))
	if set := w.Header().Get("Set-Cookie"); !strings.HasPrefix(set, "__Host-parvis_console=") || !strings.Contains(set, "; Secure") {
		t.Errorf("cookie %q", set)
	}
	for name, want := range map[string]string{
		"Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestCrossOriginIsRefused(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	b.header["Sec-Fetch-Site"] = "cross-site"
	for _, rt := range tw.routes() {
		if rt.method != "POST" {
			continue
		}
		if w := b.do("POST", rt.pattern, form("admin", demo.Secret)); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", rt.pattern, w.Code)
		}
	}
	if w := b.get("/"); w.Code != http.StatusOK {
		t.Errorf("a step of another site signed out: %d", w.Code)
	}
}

// A name that does not exist costs a hash like one that does, so the time does
// not tell; and when too many are at it, everybody is asked to wait.
func TestBusyIsTheSameForEveryName(t *testing.T) {
	tw := newTown(t)
	for range cap(tw.hashes.present) {
		tw.hashes.present <- struct{}{}
	}
	for _, name := range []string{"admin", "nobody"} {
		if w := tw.browser(t).do("POST", "/login", form(name, demo.Secret)); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if got := tw.counted(resultBusy); got != 2 {
		t.Errorf("%v counted", got)
	}
}
