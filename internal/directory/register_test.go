package directory

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// town is a catalog without contradictions.
func town() Catalog {
	return Catalog{
		Plans:      []Plan{{ID: "p1", Name: "City"}, {ID: "p2", Name: "Home"}},
		Zones:      []Zone{{ID: "z1", Name: "Port", PlanID: "p1"}},
		Residences: []Residence{{ID: "r1", Name: "Les Tilleuls", PlanID: "p2"}},
		Dwellings:  []Dwelling{{ID: "d1", ResidenceID: "r1", Ref: "A1", Login: "logement-0001"}, {ID: "d2", ResidenceID: "r1", Ref: "A2"}},
		NASes: []NAS{
			{ID: "n1", Name: "quay", Prefix: netip.MustParsePrefix("192.0.2.1/32"), Identifier: "quay", ZoneID: "z1"},
			{ID: "n2", Name: "block", Prefix: netip.MustParsePrefix("192.0.2.0/24")},
			{ID: "n3", Name: "six", Prefix: netip.MustParsePrefix("2001:db8::/32")},
			{ID: "n4", Name: "link", Prefix: netip.MustParsePrefix("fe80::1/128")},
			{ID: "n5", Name: "half", Prefix: netip.MustParsePrefix("192.0.2.0/25")},
			{ID: "n6", Name: "mapped", Prefix: netip.MustParsePrefix("::ffff:198.51.100.9/120")},
			{ID: "n0", Name: "roaming", TLSName: "gw.example.net"},
			{ID: "n7", Name: "mapped one", Prefix: netip.MustParsePrefix("::ffff:203.0.113.9/128")},
		},
		AccessPoints: []AccessPoint{
			{ID: "a1", Name: "mast", NASID: "n1", BSSID: MAC{2, 1}, Identifier: "mast", ZoneID: "z1"},
			{ID: "a2", Name: "hall", BSSID: MAC{2, 2}, Identifier: "hall", ResidenceID: "r1"},
		},
		Outlets: []Outlet{{ID: "o1", DwellingID: "d1", NASID: "n1", Port: "ge-0/0/1"}},
		Cards:   []Card{{ID: "k1", Hash: "h1", ZoneID: "z1"}},
	}
}

func TestSnapshotFinds(t *testing.T) {
	s, err := NewSnapshot(town())
	if err != nil {
		t.Fatal(err)
	}
	if s.Plan("p1") == nil || s.Zone("z1") == nil || s.Residence("r1") == nil || s.Dwelling("d2") == nil || s.NAS("n7") == nil ||
		s.AccessPoint("a1") == nil || s.Card("h1") == nil || s.NASByIdentifier("quay") == nil || s.DwellingByLogin("logement-0001") == nil ||
		s.NASByTLSName("gw.example.net") == nil || s.Outlet("n1", "ge-0/0/1") == nil || !s.HasOutlets("n1") {
		t.Error("something is not found")
	}
	if s.Plan("x") != nil || s.DwellingByLogin("") != nil || s.NASByIdentifier("") != nil || s.Card("") != nil || s.FindAccessPoint(MAC{}, "") != nil ||
		s.NASByTLSName("") != nil || s.Outlet("n2", "ge-0/0/1") != nil || s.Outlet("n1", "") != nil || s.HasOutlets("n2") {
		t.Error("something is found that is not there")
	}
	if len(s.AccessPoints()) != 2 || len(s.Zones()) != 1 || len(s.NASes()) != 8 {
		t.Error("the lists are not whole")
	}
	for _, c := range []struct {
		bssid MAC
		ident string
		want  string
	}{{MAC{2, 1}, "", "a1"}, {MAC{2, 1}, "hall", "a1"}, {MAC{9}, "hall", "a2"}, {MAC{}, "mast", "a1"}} {
		if a := s.FindAccessPoint(c.bssid, c.ident); a == nil || a.ID != c.want {
			t.Errorf("FindAccessPoint(%v, %q) = %+v, want %s", c.bssid, c.ident, a, c.want)
		}
	}
}

func TestNASByAddr(t *testing.T) {
	s, err := NewSnapshot(town())
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"192.0.2.1": "quay", "192.0.2.2": "half", "192.0.2.200": "block", "::ffff:192.0.2.1": "quay", "::ffff:192.0.2.2": "half",
		"2001:db8::7": "six", "fe80::1": "link", "fe80::1%eth0": "link", "fe80::2": "", "198.51.100.77": "mapped", "198.51.101.1": "",
		"::ffff:198.51.100.1": "mapped", "203.0.113.9": "mapped one", "10.0.0.1": "", "::": "",
	} {
		got := ""
		if n := s.NASByAddr(netip.MustParseAddr(addr)); n != nil {
			got = n.Name
		}
		if got != want {
			t.Errorf("NASByAddr(%s) = %q, want %q", addr, got, want)
		}
	}
	if n := s.NASByAddr(netip.Addr{}); n != nil {
		t.Errorf("no address gives %v", n.Name)
	}
}

// The oracle looks at every NAS and takes the longest prefix that contains the address.
func TestNASByAddrIsLongestPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		addr := rapid.Custom(func(t *rapid.T) netip.Addr {
			v4 := netip.AddrFrom4([4]byte{10, 0, rapid.Byte().Draw(t, "b") & 3, rapid.Byte().Draw(t, "c") & 7})
			if rapid.Bool().Draw(t, "v6") {
				b := v4.As16()
				b[10], b[11] = 1, 1 // not a mapped address
				return netip.AddrFrom16(b)
			}
			return v4
		})
		var c Catalog
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			a := addr.Draw(t, "nas")
			p := netip.PrefixFrom(a, a.BitLen()-rapid.IntRange(0, 11).Draw(t, "host bits"))
			c.NASes = append(c.NASes, NAS{ID: fmt.Sprint(i), Name: fmt.Sprint(i), Prefix: p.Masked()})
		}
		slices.SortStableFunc(c.NASes, func(a, b NAS) int { return cmp.Compare(a.Prefix.String(), b.Prefix.String()) })
		c.NASes = slices.CompactFunc(c.NASes, func(a, b NAS) bool { return a.Prefix == b.Prefix })
		s, err := NewSnapshot(Catalog{NASes: slices.Clone(c.NASes)})
		if err != nil {
			t.Fatal(err)
		}
		a := addr.Draw(t, "source")
		want, bits := "", -1
		for _, n := range c.NASes {
			if n.Prefix.Contains(a) && n.Prefix.Bits() > bits {
				want, bits = n.ID, n.Prefix.Bits()
			}
		}
		got := ""
		if n := s.NASByAddr(a); n != nil {
			got = n.ID
		}
		if got != want {
			t.Fatalf("NASByAddr(%s) = %q, want %q", a, got, want)
		}
	})
}

func TestNewSnapshotReportsEverythingAtOnce(t *testing.T) {
	c := town()
	c.Plans = append(c.Plans, Plan{ID: "p1"})
	c.Zones = append(c.Zones, Zone{ID: "z2", Name: "Hill", PlanID: "nope"})
	c.Zones = append(c.Zones,
		Zone{ID: "z3", Name: "Library", PlanID: "p1", Entry: EntryCard, Terms: "2026-1"},
		Zone{ID: "z4", Name: "Square", PlanID: "p1", Entry: EntryTap, Terms: "2026-1"},
		Zone{ID: "z5", Name: "Hall", PlanID: "p1", Entry: EntryCard, Terms: "hall"},
		Zone{ID: "z6", Name: "Second library", PlanID: "p1", Entry: EntryCard, Terms: "hall"})
	c.Residences = append(c.Residences, Residence{ID: "r2", Name: "Nord", PlanID: "nope2"})
	c.Dwellings = append(c.Dwellings,
		Dwelling{ID: "d3", ResidenceID: "r9", Ref: "Z9", Login: "logement-0001"}, Dwelling{ID: "d1", ResidenceID: "r1"})
	c.NASes = append(c.NASes,
		NAS{ID: "n8", Name: "twin", Prefix: netip.MustParsePrefix("::ffff:192.0.2.1/128"), ZoneID: "z9"},
		NAS{ID: "n9", Name: "twin range", Prefix: netip.MustParsePrefix("198.51.100.200/24"), Identifier: "quay"},
		NAS{ID: "n10", Name: "lost"})
	c.AccessPoints = append(c.AccessPoints,
		AccessPoint{ID: "a3", Name: "both", ZoneID: "z1", ResidenceID: "r1", BSSID: MAC{2, 1}},
		AccessPoint{ID: "a4", Name: "astray", ZoneID: "z7", NASID: "n99", Identifier: "mast"},
		AccessPoint{ID: "a5", Name: "homeless", ResidenceID: "r7"})
	c.NASes = append(c.NASes, NAS{ID: "n11", Name: "double", TLSName: "gw.example.net"})
	c.Outlets = append(c.Outlets, Outlet{ID: "o2", DwellingID: "d1", NASID: "n1", Port: "ge-0/0/1"}, Outlet{ID: "o3", DwellingID: "d9", NASID: "n99", Port: "2"})
	c.Cards = append(c.Cards, Card{ID: "k2", Hash: "h1"}, Card{ID: "k3", Hash: "h3", ZoneID: "z8"})
	s, err := NewSnapshot(c)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`the plan p1 is there twice`, `the dwelling d1 is there twice`, `the dwelling login logement-0001 is there twice`,
		`the card h1 is there twice`, `the NAS identifier quay is there twice`, `the BSSID 02-01-00-00-00-00 is there twice`,
		`the NAS certificate name gw.example.net is there twice`, `the outlet ge-0/0/1 of NAS n1 is there twice`,
		`outlet 2 names the dwelling "d9", which does not exist`, `outlet 2 names the NAS "n99", which does not exist`,
		`the access point identifier mast is there twice`,
		`NAS quay and NAS twin have the same address 192.0.2.1/32`,
		`NAS mapped and NAS twin range have the same address 198.51.100.0/24`,
		`NAS lost has no address`,
		`zone Hill names the plan "nope", which does not exist`, `residence Nord names the plan "nope2", which does not exist`,
		`dwelling Z9 names the residence "r9", which does not exist`, `NAS twin names the zone "z9", which does not exist`,
		`access point astray names the zone "z7", which does not exist`, `access point astray names the NAS "n99", which does not exist`,
		`access point homeless names the residence "r7", which does not exist`,
		`access point both stands in a zone and in a residence: it can be in one only`,
		`card k3 names the zone "z8", which does not exist`,
		`zone Library asks for a card and has the terms "2026-1" of zone Square, which does not: ` +
			`who tapped there would need no card; give it terms of its own`,
	}
	got := strings.Split(err.Error(), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s.NASByAddr(netip.MustParseAddr("192.0.2.1")).Name != "quay" || s.DwellingByLogin("logement-0001").ID != "d1" || s.Plan("p1").Name != "City" {
		t.Error("of two that contradict each other the first does not count")
	}
}

func TestRegisterSwaps(t *testing.T) {
	r := NewRegister(10)
	if r.Snapshot() == nil || r.Snapshot().NASByAddr(netip.MustParseAddr("192.0.2.1")) != nil || r.Snapshot().Zone("z1") != nil {
		t.Error("an empty register is not empty")
	}
	s, _ := NewSnapshot(town())
	old := r.Snapshot()
	r.Swap(s)
	if r.Snapshot() != s || old.Zone("z1") != nil {
		t.Error("Swap does not swap")
	}
}
