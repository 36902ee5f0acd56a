package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"parvis/internal/access"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/radius/client"
)

// What the explanation says of a device or login at a place is what the running
// server answers it there.
func TestExplanationIsWhatTheServerAnswers(t *testing.T) {
	i := newInstallation(t)
	i.fill()
	i.append("radius = { auth = [\"127.0.0.1:0\"], acct = [\"127.0.0.1:0\"] }\n" +
		"portal.listen = \"127.0.0.1:0\"\nconsole.listen = \"127.0.0.1:0\"\nmetrics.listen = \"127.0.0.1:0\"\n")
	var cfg config.Config
	i.with(func(c config.Config, _ *store.Store) error { cfg = c; return nil })
	ctx, stop := context.WithCancel(t.Context())
	n, err := openNode(ctx, nodeOptions{
		config: cfg, now: func() time.Time { return i.now }, log: slog.New(slog.DiscardHandler), setting: func(key string) string { return key },
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		n.close()
	})
	c, err := client.New(client.Options{
		Server: n.radius.AuthAddrs()[0].String(), LocalAddr: "127.0.0.1", Secret: directory.NewSecret("un-secret-de-test"), Retries: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	full := func() {
		if err := n.live.Present(ctx, "d1", onlineDevice, i.now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, q := range []struct {
		name  string
		mac   directory.MAC
		login string
		at    byte // number of the access point
		first func()
	}{
		{name: "remembered", mac: knownDevice, at: 1},
		{name: "not remembered", mac: unknownDevice, at: 1},
		{name: "remembered in another zone", mac: knownDevice, at: 4},
		{name: "switched off", mac: knownDevice, at: 2},
		{name: "in a residence", mac: knownDevice, at: 5},
		{name: "login", mac: unknownDevice, login: "logement-1", at: 5},
		{name: "login in the city", mac: unknownDevice, login: "logement-1", at: 1},
		{name: "login where it is switched off", mac: unknownDevice, login: "logement-1", at: 2},
		{name: "login not known", mac: unknownDevice, login: "logement-9", at: 5},
		{name: "no slot", mac: unknownDevice, login: "logement-1", at: 5, first: full},
		{name: "the device that has the slot", mac: onlineDevice, login: "logement-1", at: 5, first: full},
	} {
		if q.first != nil {
			q.first()
		}
		request := client.MACAuth(q.mac)
		if q.login != "" {
			request = client.PAP(q.login, directory.NewSecret("un-mot-de-passe")).
				Uint32(client.ServiceType, client.ServiceLogin).Text(client.CallingStationID, q.mac.String())
		}
		reply, err := c.Exchange(ctx, request.Text(client.CalledStationID, bssid(q.at).String()))
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		answered := access.Accepted.Key()
		refusals, err := n.live.Refusals(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !reply.Accepted() {
			answered = refusals[0].Reason
		}
		s := n.register.Snapshot()
		e := &evidence{store: n.store, live: n.live}
		question := access.Question{MAC: q.mac, Login: q.login, AccessPoint: s.FindAccessPoint(bssid(q.at), "")}
		explained, err := e.answer(ctx, s, question, i.now)
		if err != nil {
			t.Fatal(err)
		}
		if explained.Reason.Key() != answered {
			t.Errorf("%s: the server says %s, the explanation %s", q.name, answered, explained.Reason)
		}
		seen[answered] = true
	}
	for _, r := range []access.Reason{
		access.Accepted, access.UnknownDevice, access.PlaceDisabled, access.UnknownPlace, access.UnknownLogin, access.DeviceSlots,
	} {
		if !seen[r.Key()] {
			t.Errorf("the server never said %s", r)
		}
	}
}
