package main

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// A name that two have is refused: the wrong one of two operators must not be
// charged, nor cards be made for the wrong place.
func TestNamesOfTwo(t *testing.T) {
	i := newInstallation(t)
	a := &app{stdout: &strings.Builder{}, stderr: &strings.Builder{}, now: func() time.Time { return i.now }}
	err := a.withStore(t.Context(), source{config: i.config}, func(_ config.Config, db *store.Store) error {
		return db.Import(t.Context(), store.Commune{
			Plans:     []directory.Plan{{ID: "p1", Name: "Ville"}},
			Operators: []directory.Operator{{ID: "o1", Name: "HABITAT"}, {ID: "o2", Name: "Habitat"}},
			Zones: []directory.Zone{
				{ID: "z1", Name: "Port", SSID: "WiFi", PlanID: "p1", Entry: directory.EntryCard, Terms: "1", Remember: time.Hour},
				{ID: "z2", Name: "port", SSID: "WiFi", PlanID: "p1", Entry: directory.EntryCard, Terms: "1", Remember: time.Hour},
			},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	bill := []string{"bill", "preview", "--month", "2026-10", "--operator"}
	if out := i.run(2, append(bill, "habitat")...); !strings.Contains(out, `2 operators are called "habitat": say the id, o1 or o2`) {
		t.Errorf("got %s", out)
	}
	i.run(0, append(bill, "o2")...)
	if out := i.run(2, "card", "add", "--zone", "PORT"); !strings.Contains(out, `2 zones are called "PORT": say the id, z1 or z2`) {
		t.Errorf("got %s", out)
	}
	i.run(0, "card", "add", "--zone", "z1")
}
