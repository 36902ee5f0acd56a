package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parvis/cmd/parvis/demo"
)

// TestCommands changes a running server from the command line: what is added is
// known within two seconds, without a restart.
func TestCommands(t *testing.T) {
	w := newTown(t)
	p := startServe(t, w.config)
	run := func(to any, stdin string, args ...string) {
		t.Helper()
		out, stderr, code := command(t, stdin, append(args, "--config", w.config, "--json")...)
		if code != 0 {
			t.Fatalf("%v: exit code %d\n%s", args, code, stderr)
		}
		if err := json.Unmarshal([]byte(out), to); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}

	var cards []struct{ Code string }
	run(&cards, "", "card", "add", "--zone", "médiathèque", "--count", "2")
	var nas struct{ ID, Secret string }
	run(&nas, "", "nas", "add", "--name", "Kiosque", "--address", "127.0.0.99", "--zone", "Port")
	if len(cards) != 2 || len(nas.Secret) < 20 {
		t.Fatalf("cards %v, NAS %v", cards, nas)
	}
	// The change feed has an order: who knows the NAS knows the cards.
	hello := "User-Name = logement-0001\nUser-Password = " + demo.Secret + "\nPacket-Src-IP-Address = 127.0.0.99\n" + signed
	poll(t, soon, "the new NAS is answered", func() bool {
		_, code := radclient(t, p.auth, "auth", nas.Secret, hello, "-r", "1", "-t", "0.3")
		return code == 0
	})
	if list, _, _ := command(t, "", "nas", "list", "--config", w.config); !strings.Contains(list, "127.0.0.99/32") || strings.Contains(list, nas.Secret) {
		t.Errorf("nas list:\n%s", list)
	}

	library := w.gatewayOf(t, w.nas(t, "passerelle-4"), p, p)
	b := newBrowser(t)
	const mac = "02-E2-E0-00-00-05"
	wrong := b.tap(library, mac, url.Values{"code": {"1234 5678 9012 3456"}})
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("a code that nobody printed: %d", wrong.status)
	}
	got := b.tap(library, mac, url.Values{"code": {strings.ToLower(cards[0].Code)}})
	mustContain(t, "behind the card", got.body, "Vous avez internet")
	if got := b.get(library + "/news"); !strings.Contains(got.body, mac) {
		t.Errorf("the card's device is not through:\n%s", got.body)
	}

	const password = "a phrase of four words"
	var user struct{ Name string }
	run(&user, password+"\n", "user", "add", "--name", "guichet", "--role", "desk")
	in := newBrowser(t).post(p.console+"/login", url.Values{"name": {"guichet"}, "password": {password}})
	if in.status != http.StatusOK || in.url.Path == "/login" {
		t.Errorf("the new user cannot sign in: %d", in.status)
	}
}
