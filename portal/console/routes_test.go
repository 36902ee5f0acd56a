package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parvis/cmd/parvis/demo"
)

// expected is the oracle, written by hand: the status that each visitor gets
// with real ids of the first operator. In this order: nobody, admin, network,
// the operator's own user, the desk, another operator's user.
var visitors = []string{"", "admin", "reseau", "bailleur", "accueil", other}

const (
	yes   = http.StatusOK
	moved = http.StatusSeeOther // to the sign-in, or to where it goes on
	no    = http.StatusForbidden
	none  = http.StatusNotFound
	stale = http.StatusConflict // it may, but the form is of another computation
)

var expected = map[string][6]int{
	"GET /healthz":                        {yes, yes, yes, yes, yes, yes},
	"GET /login":                          {yes, yes, yes, yes, yes, yes},
	"POST /login":                         {http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized},
	"POST /logout":                        {moved, moved, moved, moved, moved, moved},
	"GET /{$}":                            {moved, yes, yes, yes, moved, yes},
	"GET /desk":                           {moved, yes, no, no, yes, no},
	"GET /residences":                     {moved, yes, no, yes, no, yes},
	"GET /residences/{id}":                {moved, yes, no, yes, no, none},
	"GET /access-points":                  {moved, yes, yes, no, no, no},
	"GET /access-points/{id}":             {moved, yes, yes, no, no, no},
	"POST /access-points/{id}/disconnect": {moved, http.StatusBadRequest, http.StatusBadRequest, no, no, no},
	"GET /nas":                            {moved, yes, yes, no, no, no},
	"GET /refusals":                       {moved, yes, yes, no, no, no},
	"GET /explain":                        {moved, yes, yes, no, yes, no},
	"GET /charges":                        {moved, yes, no, yes, no, none},
	"GET /charges/file":                   {moved, yes, no, yes, no, none},
	"POST /charges/draft":                 {moved, stale, no, stale, no, none},
	"POST /charges/approve":               {moved, stale, no, stale, no, none},
	"POST /charges/issue":                 {moved, stale, no, stale, no, none},
}

func TestEveryRouteAsEverybody(t *testing.T) {
	tw := newTown(t)
	first := tw.sample.Operators[0]
	values := url.Values{"operator": {first.ID}, "month": {"2026-10"}}
	secret := tw.sample.Residences[0].Name // of the first operator
	browsers := map[string]*browser{"": tw.browser(t)}
	for _, name := range visitors[1:] {
		browsers[name] = tw.as(t, name)
	}
	left := map[string]bool{}
	for key := range expected {
		left[key] = true
	}
	for _, rt := range tw.routes() {
		key := rt.method + " " + rt.pattern
		want, ok := expected[key]
		if !ok {
			t.Errorf("%s is not in the table: say who may use it", key)
			continue
		}
		delete(left, key)
		target := strings.NewReplacer("{$}", "").Replace(rt.pattern)
		if strings.HasPrefix(target, "/residences/") {
			target = strings.Replace(target, "{id}", tw.sample.Residences[0].ID, 1)
		}
		if strings.HasPrefix(target, "/access-points/") {
			target = strings.Replace(target, "{id}", tw.sample.AccessPoints[0].ID, 1)
		}
		for i, name := range visitors {
			b := browsers[name]
			if rt.name == "logout" && name != "" {
				b = tw.as(t, name) // the other one stays signed in
			}
			var form url.Values
			if rt.method == "POST" {
				form = values
			}
			w := b.do(rt.method, target+"?"+values.Encode(), form)
			if w.Code != want[i] {
				t.Errorf("%s as %q: got %d, want %d", key, name, w.Code, want[i])
			}
			if name == "" && want[i] == moved && w.Header().Get("Location") != "/login" {
				t.Errorf("%s as nobody: to %q", key, w.Header().Get("Location"))
			}
			if (name == "" || name == other) && strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s as %q shows a residence of another operator", key, name)
			}
		}
	}
	for key := range left {
		t.Errorf("%s is in the table, but there is no such route", key)
	}
}

// What is not in the table of routes does not exist, signed in or not.
func TestUnknownRoutes(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	for _, target := range []string{"/nothing", "/residences/x", "/access-points/x", "/charges/draft", "/logout", "/residences/" + tw.sample.Residences[0].ID + "/x"} {
		if w := b.get(target); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d", target, w.Code)
		}
	}
	if w := b.do("POST", "/residences", url.Values{}); w.Code != http.StatusNotFound {
		t.Errorf("POST /residences: %d", w.Code)
	}
}

// No page of anybody shows a password, a NAS secret or, to an operator, a
// tenant's device.
func TestPagesKeepSecrets(t *testing.T) {
	tw := newTown(t)
	for _, name := range visitors[1:] {
		b := tw.as(t, name)
		for _, target := range []string{
			"/", "/desk", "/residences", "/residences/" + tw.sample.Residences[0].ID, "/access-points",
			"/access-points/" + tw.ap(5).ID, "/nas", "/refusals", "/charges",
			"/explain?mac=" + tenantMAC(0).String(), "/explain?login=logement-0042",
		} {
			page := b.get(target).Body.String()
			for what, s := range map[string]string{
				"a dwelling's password": tw.sample.Dwellings[1].Password.Reveal(), "the demo's password": demo.Secret,
				"a NAS secret": tw.sample.NASes[0].Secret.Reveal(), "a password hash": "argon2id",
			} {
				if strings.Contains(page, s) {
					t.Errorf("%s as %s shows %s", target, name, what)
				}
			}
			if (name == "bailleur" || name == "accueil") && strings.Contains(page, tenantMAC(2).String()) {
				t.Errorf("%s as %s shows a tenant's device", target, name)
			}
		}
	}
}
