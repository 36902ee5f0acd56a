package metrics

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// fixture is a small commune: the zone Quay with two access points, the zone
// Park with none, and the residence Arsenal with one.
type fixture struct {
	*AccessPoints
	now      time.Time
	register *directory.Register
	catalog  directory.Catalog
}

// failer is a testing.TB or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func newFixture(t failer) *fixture {
	f := &fixture{now: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC), register: directory.NewRegister(10)}
	f.catalog = directory.Catalog{
		Plans:      []directory.Plan{{ID: "plan"}},
		Zones:      []directory.Zone{{ID: "z1", Name: "Quay", PlanID: "plan"}, {ID: "z2", Name: "Park", PlanID: "plan"}},
		Residences: []directory.Residence{{ID: "r1", Name: "Arsenal", Address: "1 Dock Street", PlanID: "plan"}},
		Dwellings:  []directory.Dwelling{{ID: "d1", ResidenceID: "r1", Login: "logement-0001"}},
		NASes:      []directory.NAS{{ID: "n1", Name: "gateway", Identifier: "gw-1", Prefix: netip.MustParsePrefix("192.0.2.1/32")}},
		AccessPoints: []directory.AccessPoint{
			{ID: "a1", Name: "quay-1", NASID: "n1", ZoneID: "z1", Vendor: "Acme", Model: "X", Capacity: 50, Latitude: 48.39, Longitude: -4.48, Enabled: true},
			{ID: "a2", Name: "quay-2", NASID: "n1", ZoneID: "z1", Identifier: "ap-2", Capacity: 30, Enabled: true},
			{ID: "a3", Name: "arsenal-1", NASID: "n1", ResidenceID: "r1", Enabled: true},
		},
	}
	f.swap(t)
	f.AccessPoints = New(Options{Register: f.register, Now: func() time.Time { return f.now }})
	return f
}

func (f *fixture) swap(t failer) {
	t.Helper()
	s, err := directory.NewSnapshot(f.catalog)
	if err != nil {
		t.Fatal(err)
	}
	f.register.Swap(s)
}

// expect compares the exported samples of the families that want names.
func (f *fixture) expect(t *testing.T, want string) {
	t.Helper()
	want = strings.TrimSpace(want) + "\n"
	lines := map[string]bool{}
	var families []string
	for line := range strings.Lines(want) {
		name := line[:strings.IndexAny(line, "{ ")]
		if !lines[name] {
			lines[name] = true
			families = append(families, name)
		}
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(f.AccessPoints)
	got, err := testutil.GatherAndCount(reg, families...)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(want, "\n"); got != n {
		t.Errorf("%d samples of %v, want %d", got, families, n)
	}
	have := exposition(t, reg)
	for line := range strings.Lines(want) {
		if !strings.Contains(have, "\n"+strings.TrimSpace(line)+"\n") {
			t.Errorf("no sample %s", strings.TrimSpace(line))
		}
	}
	if t.Failed() {
		t.Log(have)
	}
}

func session(ap string, in, out uint64) accounting.Session {
	return accounting.Session{Key: "k", AccessPointID: ap, In: in, Out: out, StartedAt: time.Unix(1, 0)}
}

func ended(s accounting.Session, cause uint32) accounting.Session {
	s.StoppedAt, s.Cause = time.Unix(2, 0), cause
	return s
}

func change(before, after accounting.Session) accounting.Change {
	return accounting.Change{Before: before, After: after}
}
