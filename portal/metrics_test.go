package portal

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
)

func TestFunnelFollowsTheZones(t *testing.T) {
	register := directory.NewRegister(10)
	m, err := newMetrics(nil, register)
	if err != nil {
		t.Fatal(err)
	}
	swap := func(zones ...directory.Zone) {
		snap, err := directory.NewSnapshot(directory.Catalog{
			Plans: []directory.Plan{{ID: "p"}}, Zones: zones, Residences: []directory.Residence{{ID: "r", Name: "Tilleuls", PlanID: "p"}},
			AccessPoints: []directory.AccessPoint{{ID: "a", ResidenceID: "r"}, {ID: "b", ResidenceID: "r"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		register.Swap(snap)
	}
	zone := func(id, name string) directory.Zone { return directory.Zone{ID: id, Name: name, PlanID: "p"} }
	swap(zone("z1", "Port"), zone("z2", "Parc"), zone("z3", "Parc"), zone("z4", "Tilleuls"), zone("z5", "\xff"))
	z := zone("z1", "Port")
	m.funnel.reached(&z, stageShown)
	m.funnel.reached(&z, stageShown)
	if n := testutil.CollectAndCount(m.funnel); n != 5*len(stages) {
		t.Errorf("%d series", n)
	}
	want := func(lines string) {
		t.Helper()
		head := "# HELP parvis_portal_funnel_total Portal visits reaching each stage.\n# TYPE parvis_portal_funnel_total counter\n"
		err := testutil.CollectAndCompare(m.funnel, strings.NewReader(head+lines))
		if err != nil {
			t.Error(err)
		}
	}
	labels := zoneLabels(register.Snapshot())
	for id, label := range map[string]string{"z1": "Port", "z2": "z2", "z3": "z3", "z4": "z4", "z5": "\uFFFD"} {
		if labels[id] != label {
			t.Errorf("%s: got %q, want %q", id, labels[id], label)
		}
	}
	swap(zone("z1", "Port"))
	want(`parvis_portal_funnel_total{stage="authenticated",zone="Port"} 0
parvis_portal_funnel_total{stage="detected",zone="Port"} 0
parvis_portal_funnel_total{stage="shown",zone="Port"} 2
parvis_portal_funnel_total{stage="submitted",zone="Port"} 0
`)
	swap()
	if n := testutil.CollectAndCount(m.funnel); n != 0 || len(m.funnel.counts) != 0 {
		t.Errorf("a zone that is gone: %d series", n)
	}
}
