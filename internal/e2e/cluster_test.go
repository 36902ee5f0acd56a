package e2e

import (
	"fmt"
	"testing"

	"parvis/cmd/parvis/demo"
	"parvis/internal/peers"
)

// TestCluster runs two nodes on one PostgreSQL and one Redis: what one of them
// hears, the other knows.
func TestCluster(t *testing.T) {
	url := peers.Postgres(t)
	live := fmt.Sprintf("[live]\nengine = \"redis\"\naddress = %q\n", peers.Redis(t))
	w := newTownWith(t, url, live)
	a := startServe(t, w.config)
	b := startServe(t, w.another(t, url, live))

	hello := "User-Name = logement-0001\nUser-Password = " + demo.Secret + "\nCalled-Station-Id = " + demo.GatewayMAC().String() + "\n" + signed
	for _, node := range []*process{a, b} {
		if out, code := ask(t, node.auth, "auth", hello); code != 0 {
			t.Fatalf("PAP: exit code %d\n%s", code, out)
		}
	}

	// The page and its ticket are made by A, the gateway asks B.
	const crossing = "02-E2-E0-00-00-06"
	square := w.nas(t, demo.NASIdentifier)
	between := w.gatewayOf(t, square, a, b)
	person := newBrowser(t)
	got := person.tap(between, crossing, nil)
	mustContain(t, "the ticket of the other node", got.body, "Vous avez internet")
	got = person.get(between + "/news")
	mustContain(t, "behind the gateway", got.body, crossing)
	if n := b.metric("parvis_auth_attempts_total", `reason="accepted"`, `method="ticket"`); n != 1 {
		t.Errorf("B accepted %v tickets, want 1", n)
	}

	// Accepted by A's page and let in by A; then B knows it, too.
	const known = "02-E2-E0-00-00-07"
	if out, code := askMAC(t, b.auth, known); code != 1 {
		t.Fatalf("B knows a new device: exit code %d\n%s", code, out)
	}
	got = newBrowser(t).tap(w.gatewayOf(t, square, a, a), known, nil)
	mustContain(t, "the page of A", got.body, "Vous avez internet")
	poll(t, soon, "B lets the device in", func() bool {
		_, code := askMAC(t, b.auth, known)
		return code == 0
	})

	// Both see the session that A accounted, and who B refused.
	a.drained()
	point := w.square()
	for _, node := range []*process{a, b} {
		staff := signIn(t, node, "reseau")
		mustContain(t, "the access point", staff.get(node.console+"/access-points/"+point.ID).body, known)
		mustContain(t, "the refusals", staff.get(node.console+"/refusals").body, known)
	}
}
