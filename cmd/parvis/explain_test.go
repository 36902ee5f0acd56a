package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/live"
	"parvis/internal/peers"
	"parvis/internal/store"
)

var (
	knownDevice   = directory.MAC{0x00, 0x00, 0x5E, 0x00, 0x53, 0x01}
	unknownDevice = directory.MAC{0x00, 0x00, 0x5E, 0x00, 0x53, 0x02}
	onlineDevice  = directory.MAC{0x00, 0x00, 0x5E, 0x00, 0x53, 0x03}
)

func bssid(n byte) directory.MAC { return directory.MAC{0x00, 0x00, 0x5E, 0x00, 0x53, 0xA0 + n} }

// fill puts a small commune into the installation.
func (i *installation) fill() {
	i.t.Helper()
	i.with(func(_ config.Config, db *store.Store) error {
		ctx := i.t.Context()
		day := directory.DateOf(i.now)
		err := db.Import(ctx, store.Commune{
			Plans: []directory.Plan{
				{ID: "p1", Name: "Ville", DownKbps: 20_000, UpKbps: 5_500},
				{ID: "p2", Name: "Logement", DeviceSlots: 1},
			},
			Zones: []directory.Zone{
				{ID: "z1", Name: "Place", SSID: "WiFi", PlanID: "p1", Entry: directory.EntryTap, Terms: "t1", Remember: time.Hour},
				{ID: "z2", Name: "Médiathèque", SSID: "WiFi", PlanID: "p1", Entry: directory.EntryCard, Terms: "t2", Remember: time.Hour},
			},
			NASes: []directory.NAS{{
				ID: "n1", Name: "Passerelle", Prefix: netip.MustParsePrefix("127.0.0.1/32"), Secret: directory.NewSecret("un-secret-de-test"), Dialect: "generic",
			}},
			AccessPoints: []directory.AccessPoint{
				{ID: "a1", BSSID: bssid(1), Name: "Fontaine", ZoneID: "z1", NASID: "n1", Enabled: true},
				{ID: "a2", BSSID: bssid(2), Name: "Halle", ZoneID: "z1", NASID: "n1"},
				{ID: "a3", BSSID: bssid(3), Name: "Entrée", ZoneID: "z1", Enabled: true},
				{ID: "a4", BSSID: bssid(4), Name: "Entrée", ZoneID: "z2", Enabled: true},
				{ID: "a5", BSSID: bssid(5), Name: "Escalier", ResidenceID: "r1", Enabled: true},
			},
			Operators:  []directory.Operator{{ID: "o1", Name: "Bailleur"}},
			Sectors:    []directory.Sector{{ID: "s1", OperatorID: "o1", Name: "Nord"}},
			Residences: []directory.Residence{{ID: "r1", SectorID: "s1", Name: "Les Tilleuls", SSID: "Tilleuls", PlanID: "p2"}},
			Dwellings: []directory.Dwelling{{
				ID: "d1", ResidenceID: "r1", Ref: "1", Login: "logement-1", Password: directory.NewSecret("un-mot-de-passe"), Stock: directory.Period{From: day - 10},
			}},
		})
		if err != nil {
			return err
		}
		err = db.Accept(ctx, directory.Consent{Language: "fr", Device: directory.Device{
			MAC: knownDevice, Terms: "t1", ZoneID: "z1", AcceptedAt: i.now.Add(-time.Hour), Until: i.now.Add(time.Hour),
		}})
		if err != nil {
			return err
		}
		_, err = db.ApplyEvents(ctx, "node", []accounting.Record{{Seq: 1, Event: accounting.Event{
			Kind: accounting.Start, Received: i.now, At: i.now.Add(-time.Minute), NASID: "n1", AcctSessionID: "s", MAC: onlineDevice,
			AccessPointID: "a1", DwellingID: "d1",
		}}})
		return err
	})
}

func (i *installation) with(f func(config.Config, *store.Store) error) {
	i.t.Helper()
	a := &app{now: func() time.Time { return i.now }}
	if err := a.withStore(i.t.Context(), source{config: i.config}, f); err != nil {
		i.t.Fatal(err)
	}
}

// append adds to the configuration file.
func (i *installation) append(text string) {
	i.t.Helper()
	f, err := os.OpenFile(i.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		i.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		i.t.Fatal(err)
	}
}

const attemptsElsewhere = `Note: The last attempts are in the memory of the running server: see the page "Explain" of its console.` + "\n"

func TestExplainTranscripts(t *testing.T) {
	i := newInstallation(t)
	i.fill()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"remembered", []string{"--mac", "0000.5e00.5301", "--ap", "fontaine"}, `This device would be let in, until 2026-11-01 13:00 UTC.
What to do: Nothing is in the way: switch the WiFi of the device off and on, then try again. If no attempt is listed although somebody has just tried, the request does not reach Parvis: check the address and the secret of the equipment (parvis nas list).

Device         00-00-5E-00-53-01
Connected now  no
Place          zone Place (as asked)
Access point   Fontaine, switched on in Parvis
RADIUS client  Passerelle, known
Plan           Ville, 20 Mbit/s down, 5.5 Mbit/s up
Remembered     until 2026-11-01 13:00 UTC

` + attemptsElsewhere},
		{"not remembered", []string{"--mac", unknownDevice.String(), "--zone", "médiathèque"}, `This device would be refused. The device has not accepted the terms of this zone yet.
What to do: Choose the network and open any web page: the welcome page asks for the code of a paper card. The front desk has cards.

Device         00-00-5E-00-53-02
Connected now  no
Place          zone Médiathèque (as asked)
Plan           Ville, 20 Mbit/s down, 5.5 Mbit/s up
Remembered     no

` + attemptsElsewhere},
		{"nobody knows where", []string{"--mac", knownDevice.String()}, `This device would be let in in 1 of 2 zones.
It is not connected now and was not refused lately: nobody knows where it is. Say where with --zone or --ap.

Place        Accepted
Médiathèque  The device has not accepted the terms of this zone yet

` + attemptsElsewhere},
		{"login", []string{"--login", "Logement-1"}, `This login would be refused. Too many devices of the dwelling are connected already.
What to do: Disconnect another device of the dwelling, then try again. The plan says how many may be on at the same time.

Login           logement-1 (as asked)
Place           residence Les Tilleuls (the dwelling is there)
Plan            Logement, no limit down, no limit up
Devices on now  1 others, of 1 places with this device

` + attemptsElsewhere + `Note: The devices of the dwelling are counted by its open sessions in the database; the running server may know of a change a moment before.
Note: Parvis never keeps what people type: a login is explained as if its password were typed right.
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := i.run(0, append([]string{"explain"}, c.args...)...); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nobody":               {nil, "say who"},
		"no MAC":               {[]string{"--mac", "x"}, "not a MAC address"},
		"no login":             {[]string{"--login", "a b"}, "use a–z"},
		"two places":           {[]string{"--login", "a", "--ap", "Halle", "--zone", "Place"}, "not both"},
		"no such zone":         {[]string{"--login", "a", "--zone", "x"}, `"Médiathèque", "Place"`},
		"no such point":        {[]string{"--login", "a", "--ap", "x"}, "no access point"},
		"two points of a name": {[]string{"--login", "a", "--ap", "entrée"}, "a3, a4"},
	} {
		if out := i.run(2, append([]string{"explain"}, c.args...)...); !strings.Contains(out, c.want) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func (i *installation) explained(args ...string) spoken {
	i.t.Helper()
	var s spoken
	if err := json.Unmarshal([]byte(i.run(0, append([]string{"explain", "--json"}, args...)...)), &s); err != nil {
		i.t.Fatal(err)
	}
	return s
}

func TestExplainJSON(t *testing.T) {
	i := newInstallation(t)
	i.fill()
	s := i.explained("--mac", unknownDevice.String(), "--ap", "Halle")
	if s.Accepted == nil || *s.Accepted || s.Reason != "place_disabled" || s.Advice != "switch_on" || s.Enabled == nil || *s.Enabled || s.NAS != "Passerelle" {
		t.Errorf("%+v", s)
	}
	if s.Attempts != nil || len(s.Notes) != 1 {
		t.Errorf("attempts %v, notes %q", s.Attempts, s.Notes)
	}
	s = i.explained("--mac", onlineDevice.String())
	if s.Accepted == nil || !*s.Accepted || s.Login != "logement-1" || s.PlaceFrom != "session" || s.AccessPoint != "Fontaine" || s.ConnectedSince == nil || s.OtherDevices != 0 {
		t.Errorf("%+v", s)
	}
	if s = i.explained("--mac", knownDevice.String()); s.Accepted != nil || s.Reason != "" || len(s.Zones) != 2 || !s.Zones[0].Accepted || s.Zones[1].Advice != "card" {
		t.Errorf("%+v", s)
	}
	if s = i.explained("--login", "someone@partner.example"); s.Accepted != nil || s.Advice != "partner" {
		t.Errorf("%+v", s)
	}
	// A memory that is over stays in the database for a while.
	i.now = i.now.Add(2 * time.Hour)
	if s = i.explained("--mac", knownDevice.String(), "--zone", "Place"); s.Reason != "memory_expired" || s.Advice != "tap" || s.RememberedUntil == nil {
		t.Errorf("%+v", s)
	}
}

// With Redis the last attempts of every node are there, for the command too.
func TestExplainReadsTheAttemptsFromRedis(t *testing.T) {
	i := newInstallation(t)
	i.fill()
	addr := peers.Redis(t)
	i.append("[live]\nengine = \"redis\"\naddress = \"" + addr + "\"\n")
	r, err := live.NewRedis(t.Context(), live.RedisOptions{Addr: addr, Now: func() time.Time { return i.now }})
	if err != nil {
		t.Fatal(err)
	}
	r.Refused(directory.Refusal{
		At: i.now.Add(-time.Minute), Reason: "wrong_password", Method: "pap", MAC: unknownDevice, Login: "logement-1", NAS: "Passerelle",
		AccessPoint: "Fontaine", ZoneID: "z1",
	})
	r.Refused(directory.Refusal{At: i.now, Reason: "unknown_device", Method: "mac", MAC: knownDevice, Login: knownDevice.String(), NAS: "Passerelle", ZoneID: "z1"})
	if err := r.Close(); err != nil { // hands over what waits
		t.Fatal(err)
	}
	s := i.explained("--mac", unknownDevice.String())
	if len(s.Attempts) != 1 || s.Attempts[0].Reason != "wrong_password" || s.AccessPoint != "Fontaine" || s.Advice != "password" || len(s.Notes) != 0 {
		t.Errorf("%+v", s)
	}
	out := i.run(0, "explain", "--mac", unknownDevice.String())
	for _, want := range []string{
		"With the right password, this login would be let in. But the last attempt came with a wrong password.",
		"logement-1 (the device tried it last)", "Last refused attempts, newest first:",
		"2026-11-01 11:59 UTC  The password is not right  00-00-5E-00-53-02  logement-1  Fontaine, through Passerelle",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if s = i.explained("--mac", onlineDevice.String()); s.Attempts == nil || len(s.Attempts) != 0 {
		t.Errorf("none: %+v", s.Attempts)
	}
}
