package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parvis/cmd/parvis/demo"
)

// TestTenant signs in at home: the plan and what it costs, which is nothing here.
func TestTenant(t *testing.T) {
	w := newTown(t)
	p := startServe(t, w.config)
	const mac = "02-E2-E0-00-00-04"
	out, code := ask(t, p.acct, "acct", "Acct-Status-Type = Start\nAcct-Session-Id = home-1\nUser-Name = logement-0001\n"+
		"Calling-Station-Id = "+mac+"\nCalled-Station-Id = "+demo.GatewayMAC().String()+"\n")
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	p.drained()

	b := newBrowser(t)
	form := b.get(p.portal + "/home")
	mustContain(t, "the form", form.body, `name="login"`, `name="password"`)
	wrong := b.post(p.portal+"/home/login", url.Values{"login": {"logement-0001"}, "password": {"wrong"}})
	if wrong.status != http.StatusUnprocessableEntity || strings.Contains(wrong.body, "Les Goélands") {
		t.Errorf("a wrong password: %d\n%s", wrong.status, wrong.body)
	}
	home := b.post(p.portal+"/home/login", url.Values{"login": {"Logement-0001"}, "password": {demo.Secret}})
	if home.status != http.StatusOK {
		t.Errorf("signed in: %d", home.status)
	}
	mustContain(t, "home", home.body, "Les Goélands", "30 Mbit/s", "10 Mbit/s", "rien à payer", mac)
	if strings.Contains(home.body, "€") {
		t.Errorf("the page names an amount:\n%s", home.body)
	}
	english := b.get(p.portal + "/home?lang=en")
	mustContain(t, "home in English", english.body, "nothing to pay", "30 Mbit/s")
	if out := newBrowser(t).get(p.portal + "/home"); strings.Contains(out.body, "Les Goélands") {
		t.Errorf("another browser sees the dwelling:\n%s", out.body)
	}
}
