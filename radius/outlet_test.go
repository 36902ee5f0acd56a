package radius

import (
	"net/netip"
	"testing"

	"parvis/internal/access"
	"parvis/internal/directory"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// nases adds NASes to the register, and outlets to the first.
func (w *world) nases(t testing.TB, list ...directory.NAS) {
	t.Helper()
	c := catalog()
	c.NASes = append(c.NASes, list...)
	for i, port := range []string{"ge-0/0/1", "%00%04%02", "olt/1"} {
		c.Outlets = append(c.Outlets, directory.Outlet{ID: string(rune('a' + i)), DwellingID: "d-1", NASID: list[0].ID, Port: port})
	}
	snap, err := directory.NewSnapshot(c)
	if err != nil {
		t.Fatal(err)
	}
	w.register.Swap(snap)
}

func TestOutlets(t *testing.T) {
	port := attr{typeNASPortID, "ge-0/0/1"}
	calling := attr{typeCallingStationID, device.String()}
	for _, c := range []struct {
		name  string
		ask   ask
		want  access.Reason
		shown string
	}{
		{"NAS-Port-Id", ask{attrs: []attr{port, user("anything")}, password: ptr("x")}, access.Accepted, ""},
		{"no User-Name at all", ask{attrs: []attr{port}}, access.Accepted, ""},
		{"MAC authentication", ask{attrs: []attr{port, calling, user(device.String())}, password: ptr(device.String())}, access.Accepted, ""},
		{"circuit id", ask{attrs: []attr{{typeNASPortID, "uplink"}, vsa(vendorADSLForum, 1, "olt/1")}}, access.Accepted, ""},
		{"circuit id that is not text", ask{attrs: []attr{vsa(vendorADSLForum, 1, "\x00\x04\x02")}}, access.Accepted, ""},
		{"circuit id of Redback", ask{attrs: []attr{vsa(vendorRedback, 97, "olt/1")}}, access.Accepted, ""},
		{"circuit id of Cisco", ask{attrs: []attr{vsa(vendorCisco, 1, "shell:x=y"), vsa(vendorCisco, 1, "circuit-id-tag=olt/1")}}, access.Accepted, ""},
		{"option 82", ask{attrs: []attr{vsa(vendorJuniperBB, 159, "\x52\x09\x02\x00\x01\x05olt/1")}}, access.Accepted, ""},
		{"option 82 without its head", ask{attrs: []attr{vsa(vendorJuniperBB, 159, "\x01\x05olt/1")}}, access.Accepted, ""},
		{"option 82 among others", ask{attrs: []attr{vsa(vendorJuniperBB, 55, "\x00\x35\x01\x01\x52\x07\x01\x05olt/1")}}, access.Accepted, ""},
		{"option 82, broken", ask{attrs: []attr{vsa(vendorJuniperBB, 159, "\x01\x09olt/1"), {typeNASPortID, "ge-9"}}}, access.UnknownOutlet, "ge-9"},
		{"unknown port", ask{attrs: []attr{{typeNASPortID, "ge-9\x00"}, user("x")}, password: ptr("x")}, access.UnknownOutlet, "ge-9%00"},
		{"unknown port, MAC authentication, no zone", ask{attrs: []attr{{typeNASPortID, "ge-9"}, calling, user(device.String())}, password: ptr(device.String())}, access.UnknownOutlet, "ge-9"},
		{"a login goes before", ask{attrs: []attr{port, user(homeLogin)}, password: ptr("wrong")}, access.WrongPassword, homeLogin},
		{"no port", ask{attrs: []attr{user("x")}, password: ptr("x")}, access.UnknownLogin, "x"},
		{"another NAS", ask{from: "127.0.0.3", attrs: []attr{port, user("x")}, password: ptr("x")}, access.UnknownLogin, "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			w.nases(t, directory.NAS{ID: "n-6", Name: "switch", Prefix: prefix("127.0.0.6/32"), Secret: directory.NewSecret(secret)})
			if c.ask.from == "" {
				c.ask.from = "127.0.0.6"
			}
			c.ask.code = codeAccessRequest
			got := w.ask(t, c.ask)
			if c.want.Accepted() {
				_, of, ok := findClass(classKey, got)
				if !ok || of != (subject{classDwelling, "d-1"}) || seconds(t, got, typeTunnelType) != 13 {
					t.Errorf("class %+v; refused %+v", of, w.refused)
				}
				return
			}
			if len(w.refused) != 1 || w.refused[0].Reason != c.want.Key() || w.refused[0].Login != c.shown {
				t.Errorf("refused %+v", w.refused)
			}
		})
	}
}

// A NAS that serves a zone as well: a port of nobody's is in the zone.
func TestOutletsBesideAZone(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	remember(w)
	w.nases(t, directory.NAS{ID: "n-6", Name: "gateway", Prefix: prefix("127.0.0.6/32"), Secret: directory.NewSecret(secret), ZoneID: "z-port"})
	got := w.ask(t, ask{code: codeAccessRequest, from: "127.0.0.6", attrs: []attr{
		{typeNASPortID, "vlan7"}, {typeCallingStationID, device.String()}, user(device.String()),
	}, password: ptr(device.String())})
	if _, of, _ := findClass(classKey, got); of != (subject{classZone, "z-port"}) {
		t.Errorf("class %+v; refused %+v", of, w.refused)
	}
}

func FuzzDHCPOption(f *testing.F) {
	f.Add([]byte("\x52\x09\x02\x00\x01\x05olt/1"), byte(82))
	f.Add([]byte{0, 0, 1}, byte(1))
	f.Fuzz(func(t *testing.T, list []byte, code byte) {
		if v := dhcpOption(list, code); len(v) > 255 {
			t.Errorf("an option of %d octets", len(v))
		}
	})
}
