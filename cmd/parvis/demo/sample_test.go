package demo

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/directory"
)

var testNow = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func TestCommuneIsConsistent(t *testing.T) {
	// Also on awkward days: the end of a long month, a leap day, new year.
	for _, now := range []time.Time{
		testNow, time.Date(2027, 3, 31, 23, 59, 0, 0, time.UTC),
		time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(now.Format(time.DateOnly), func(t *testing.T) {
			s := Commune(now)
			s.Complete(directory.Key{1}, "hash")
			snapshot, err := directory.NewSnapshot(directory.Catalog{
				Plans: s.Plans, Zones: s.Zones, NASes: s.NASes, AccessPoints: s.AccessPoints,
				Residences: s.Residences, Dwellings: s.Dwellings, Cards: s.Cards,
			})
			if err != nil {
				t.Fatal(err)
			}
			for name, n := range map[string][2]int{
				"zones": {len(s.Zones), 4}, "access points": {len(s.AccessPoints), 40}, "operators": {len(s.Operators), 2},
				"sectors": {len(s.Sectors), 3}, "dwellings": {len(s.Dwellings), 600}, "NASes": {len(s.NASes), 7},
				"users": {len(s.Users), 5}, "tariffs": {len(s.Tariffs), 12}, "cards": {len(s.Cards), 5},
			} {
				if n[0] != n[1] {
					t.Errorf("%d %s, want %d", n[0], name, n[1])
				}
			}
			d := snapshot.DwellingByLogin("logement-0001")
			if d == nil || !d.Password.Equal("parvis-demo") {
				t.Error("logement-0001 cannot sign in with parvis-demo")
			}
			if snapshot.DwellingByLogin("logement-0600") == nil {
				t.Error("there is no logement-0600")
			}
			if n := snapshot.NASByIdentifier("demo"); n == nil || n != snapshot.NASByAddr(n.Prefix.Addr()) || !n.Secret.Equal("parvis-demo") || !n.GatewaySecret.Equal("parvis-demo") {
				t.Errorf("the NAS for trying is %+v", n)
			}
			if c := snapshot.Card(directory.Key{1}.CardHash(s.CardCodes[0])); c == nil || c.ZoneID != s.Zones[3].ID {
				t.Error("the first card's code does not lead to a card of the library")
			}
			if ap := snapshot.FindAccessPoint(GatewayMAC(), ""); ap == nil || snapshot.NAS(ap.NASID).Identifier != NASIdentifier {
				t.Error("the gateway's access point does not belong to the NAS for trying")
			}
			checkIDs(t, s)
			checkLeases(t, s, directory.DateOf(now))
			checkDevices(t, s, now)
		})
	}
}

func checkIDs(t *testing.T, s Sample) {
	t.Helper()
	seen := map[string]bool{}
	once := func(id string) {
		if len(id) != 36 || seen[id] {
			t.Errorf("the id %q is not new, or not an id", id)
		}
		seen[id] = true
	}
	for _, x := range s.Leases {
		once(x.ID)
	}
	for _, x := range s.Dwellings {
		once(x.ID)
	}
	for _, x := range s.Tariffs {
		once(x.ID)
	}
	for _, x := range s.AccessPoints {
		once(x.ID)
	}
	for _, x := range s.Agreements {
		once(x.ID)
	}
	for _, x := range s.Users {
		once(x.ID)
	}
}

func checkLeases(t *testing.T, s Sample, today directory.Date) {
	t.Helper()
	stock := map[string]directory.Period{}
	for _, d := range s.Dwellings {
		stock[d.ID] = d.Stock
	}
	refs := map[string]bool{}
	byDwelling := map[string][]directory.Period{}
	for _, l := range s.Leases {
		if refs[l.Ref] {
			t.Errorf("the reference %s is there twice", l.Ref)
		}
		refs[l.Ref] = true
		p, ok := stock[l.DwellingID]
		if !ok || l.Period.From < p.From || l.Period.Until != 0 && l.Period.Until <= l.Period.From {
			t.Errorf("lease %s runs %v in a stock of %v", l.Ref, l.Period, p)
		}
		byDwelling[l.DwellingID] = append(byDwelling[l.DwellingID], l.Period)
	}
	let, moves := 0, 0
	for id, periods := range byDwelling {
		slices.SortFunc(periods, func(a, b directory.Period) int { return int(a.From - b.From) })
		for i, p := range periods {
			if i > 0 && (periods[i-1].Until == 0 || periods[i-1].Until > p.From) {
				t.Errorf("leases of dwelling %s overlap: %v and %v", id, periods[i-1], p)
			}
			if p.Contains(today) {
				let++
			}
			if p.Until != 0 && p.Until <= today && p.Until > today-92 {
				moves++
			}
		}
	}
	if n := len(stock) - len(byDwelling); n != 0 {
		t.Errorf("%d dwellings never had a tenant", n)
	}
	// 2 to 3 % vacant; 7.5 to 9 % moves a year is 11 to 14 in a quarter, to which
	// the vacant dwellings' last departures are added.
	if vacant := len(stock) - let; vacant < 12 || vacant > 18 {
		t.Errorf("%d of %d are vacant", vacant, len(stock))
	}
	if moves < 11 || moves > 28 {
		t.Errorf("%d moved out in the last three months", moves)
	}
}

func checkDevices(t *testing.T, s Sample, now time.Time) {
	t.Helper()
	zones := map[string]directory.Zone{}
	for _, z := range s.Zones {
		zones[z.ID] = z
	}
	for _, d := range s.Devices {
		if z := zones[d.ZoneID]; d.Terms != z.Terms || d.AcceptedAt.After(now) || d.Until.Sub(d.AcceptedAt).Round(time.Second) != z.Remember {
			t.Errorf("device %+v does not fit zone %+v", d, z)
		}
	}
}

func TestCommuneIsTheSameEachTime(t *testing.T) {
	reveal := cmp.Comparer(func(a, b directory.Secret) bool { return a.Equal(b.Reveal()) })
	prefix := cmp.Comparer(func(a, b directory.NAS) bool { return a == b })
	if d := cmp.Diff(Commune(testNow), Commune(testNow), reveal, prefix); d != "" {
		t.Error(d)
	}
}

func TestSecretsDiffer(t *testing.T) {
	count := map[string]int{}
	s := Commune(testNow)
	for _, d := range s.Dwellings {
		count[d.Password.Reveal()]++
		if n := len(d.Password.Reveal()); n != 20 && d.Login != "logement-0001" {
			t.Errorf("%s has a password of %d characters", d.Login, n)
		}
	}
	if n := slices.Max(slices.Collect(maps.Values(count))); n != 1 {
		t.Errorf("%d dwellings share a password", n)
	}
}

func TestTariffHistory(t *testing.T) {
	s := Commune(testNow)
	got := map[string]directory.Cents{}
	for _, x := range s.Tariffs {
		if x.OperatorID == s.Operators[0].ID {
			got[x.From.String()] = x.Price
		}
	}
	want := map[string]directory.Cents{
		"2009-01-01": 100, "2014-01-01": 110, "2017-01-01": 114, "2018-01-01": 118, "2020-01-01": 119, "2023-01-01": 124,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
