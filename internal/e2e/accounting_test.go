package e2e

import (
	"fmt"
	"regexp"
	"testing"

	"parvis/cmd/parvis/demo"
	"parvis/internal/accounting"
)

// TestAccounting follows one session from its Accept to its end, where the
// people who look after it see it: console, metrics and store.
func TestAccounting(t *testing.T) {
	const mac, id = "02-E2-E0-00-00-03", "e2e-session-1"
	w := newTown(t)
	p := startServe(t, w.config)
	point := w.square()
	place := "Called-Station-Id = \"" + demo.GatewayMAC().String() + ":Ville-Exemple WiFi\"\nCalling-Station-Id = " + mac + "\n"
	out, code := ask(t, p.auth, "auth", "User-Name = logement-0001\nUser-Password = "+demo.Secret+"\n"+place+signed)
	class := regexp.MustCompile(`Class = (0x[0-9a-f]+)`).FindStringSubmatch(out)
	if code != 0 || class == nil {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	// The name is what an outer identity looks like: only the Class tells the dwelling.
	session := "Acct-Session-Id = " + id + "\nUser-Name = anonymous\nClass = " + class[1] + "\n" + place
	send := func(event string) {
		t.Helper()
		if out, code := ask(t, p.acct, "acct", session+event); code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		p.drained()
	}
	ap := fmt.Sprintf("ap=%q", point.Name)
	counts := func(sessions, in, out float64) {
		t.Helper()
		for name, want := range map[string]float64{
			"parvis_ap_sessions": sessions, "parvis_ap_up": 1,
			"parvis_ap_client_receive_bytes_total": in, "parvis_ap_client_transmit_bytes_total": out,
		} {
			if got := p.metric(name, ap); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	}
	console := signIn(t, p, "reseau")
	db := openStore(t, w.config)

	send("Acct-Status-Type = Start\n")
	counts(1, 0, 0)
	shown := console.get(p.console + "/access-points/" + point.ID)
	mustContain(t, "the access point", shown.body, point.Name, mac)

	send("Acct-Status-Type = Interim-Update\nAcct-Input-Octets = 1500000\nAcct-Output-Octets = 7000000\nAcct-Session-Time = 60\n")
	counts(1, 1_500_000, 7_000_000)
	shown = console.get(p.console + "/access-points/" + point.ID)
	mustContain(t, "the access point", shown.body, mac, "1,5 Mo", "7 Mo")
	open, err := db.OpenSessions(t.Context(), accounting.Filter{DwellingID: w.Dwellings[0].ID}, 10)
	if err != nil || len(open) != 1 || open[0].AcctSessionID != id || open[0].MAC.String() != mac || open[0].AccessPointID != point.ID {
		t.Errorf("open sessions of the dwelling: %+v, %v", open, err)
	}

	// More than 4 GiB towards the device: Gigawords count.
	send("Acct-Status-Type = Stop\nAcct-Input-Octets = 1600000\nAcct-Output-Octets = 100\nAcct-Output-Gigawords = 1\nAcct-Session-Time = 90\nAcct-Terminate-Cause = User-Request\n")
	counts(0, 1_600_000, 1<<32+100)
	shown = console.get(p.console + "/access-points/" + point.ID)
	if regexp.MustCompile(mac).MatchString(shown.body) {
		t.Errorf("the device is still shown after its Stop:\n%s", shown.body)
	}
	want := record{Stopped: true, In: 1_600_000, Out: 1<<32 + 100, Seconds: 90, Cause: 1, Point: point.ID}
	if got := sessions(t, w.dir)[id]; got != want {
		t.Errorf("stored %+v, want %+v", got, want)
	}

	// What the access points counted outlives the program.
	p.stop()
	p = startServe(t, w.config)
	counts(0, 1_600_000, 1<<32+100)
}
