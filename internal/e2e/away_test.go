package e2e

import (
	"fmt"
	"testing"
	"time"

	"parvis/cmd/parvis/demo"
	"parvis/internal/directory"
	"parvis/internal/peers"
)

// TestDatabaseAway takes the database away from a running server: everybody who
// could connect still can, and nothing that is accounted is lost.
func TestDatabaseAway(t *testing.T) {
	for _, c := range []struct {
		name       string
		gone, back func(*proxy)
	}{
		{"refused", (*proxy).cut, (*proxy).mend},
		{"silent", (*proxy).hang, (*proxy).resume},
	} {
		t.Run(c.name, func(t *testing.T) {
			database := peers.Postgres(t)
			through, url := newProxy(t, database)
			w := newTownWith(t, url, "")
			const mac = "02-E2-E0-00-00-08"
			w.remember(t, mac)
			p := startServe(t, w.config)
			away := false
			leave := func() { c.gone(through); away = true }
			comeBack := func() { c.back(through); away = false }
			defer func() {
				if away {
					comeBack()
				}
			}()

			leave()
			w.works(t, p, mac)
			account(t, p, "while-away")
			if n := p.metric("parvis_acct_journal_records"); n < 1 {
				t.Errorf("the journal holds %v records without a database", n)
			}
			comeBack()
			p.drained()
			account(t, p, "when-back")
			p.drained()

			// Told to stop while the database is away: it does, and nothing is lost.
			leave()
			account(t, p, "at-the-end")
			after := p.stop()
			t.Logf("stopped after %v", after)
			if after > stopPromise() {
				t.Errorf("it took %v to stop", after)
			}
			comeBack()
			p = startServe(t, w.config)
			p.drained()
			have := sessionsIn(t, "pgx", database)
			for _, id := range []string{"while-away", "when-back", "at-the-end"} {
				if _, ok := have[id]; !ok {
					t.Errorf("session %s is not stored", id)
				}
			}
		})
	}
}

// remember lets a device have accepted the terms of the square.
func (w town) remember(t *testing.T, mac string) {
	t.Helper()
	address, err := directory.ParseMAC(mac)
	if err != nil {
		t.Fatal(err)
	}
	zone, now := w.Zones[0], time.Now()
	err = openStore(t, w.config).Accept(t.Context(), directory.Consent{
		Device:   directory.Device{MAC: address, Terms: zone.Terms, ZoneID: zone.ID, AcceptedAt: now, Until: now.Add(time.Hour)},
		Language: "fr",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// works asks for what must not depend on the database, and waits for each answer
// no longer than an access point does.
func (w town) works(t *testing.T, p *process, mac string) {
	t.Helper()
	place := "Called-Station-Id = " + demo.GatewayMAC().String() + "\n"
	for name, c := range map[string]struct{ address, kind, attributes string }{
		"PAP":                    {p.auth, "auth", "User-Name = logement-0001\nUser-Password = " + demo.Secret + "\n" + place},
		"CHAP":                   {p.auth, "auth", "User-Name = logement-0002\nCHAP-Password = " + w.Dwellings[1].Password.Reveal() + "\n" + place},
		"MAC":                    {p.auth, "auth", fmt.Sprintf("User-Name = %s\nUser-Password = %s\nCalling-Station-Id = %s\n", mac, mac, mac) + place},
		"status, authentication": {p.auth, "status", ""},
		"status, accounting":     {p.acct, "status", ""},
	} {
		if out, code := radclient(t, c.address, c.kind, demo.Secret, c.attributes+signed, "-r", "1", "-t", "3"); code != 0 {
			t.Errorf("%s: exit code %d\n%s", name, code, out)
		}
	}
}

func account(t *testing.T, p *process, id string) {
	t.Helper()
	out, code := radclient(t, p.acct, "acct", demo.Secret, "Acct-Status-Type = Start\nAcct-Session-Id = "+id+
		"\nCalling-Station-Id = 02-E2-E0-00-00-09\nCalled-Station-Id = "+demo.GatewayMAC().String()+"\n", "-r", "1", "-t", "3")
	if code != 0 {
		t.Errorf("accounting of %s: exit code %d\n%s", id, code, out)
	}
}
