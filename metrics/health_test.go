package metrics

import (
	"testing"
	"time"

	"parvis/internal/directory"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	const limit = 3 * time.Minute
	for _, c := range []struct {
		name     string
		heard    time.Time
		sessions int
		state    State
		up       bool
	}{
		{"never heard", time.Time{}, 0, Unknown, false},
		{"never heard, though the store knows sessions", time.Time{}, 3, Unknown, false},
		{"heard now", now, 0, Up, true},
		{"heard just within the limit", now.Add(-limit), 3, Up, true},
		{"silent with sessions", now.Add(-limit - time.Nanosecond), 1, Down, false},
		{"silent and idle", now.Add(-limit - time.Nanosecond), 0, Unknown, true},
		{"silent and idle for a week", now.AddDate(0, 0, -7), 0, Unknown, true},
		{"our clock went back", now.Add(time.Hour), 1, Up, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, up := judge(now, c.heard, c.sessions, limit)
			if state != c.state || up != c.up {
				t.Errorf("%s, up %v; want %s, %v", state, up, c.state, c.up)
			}
		})
	}
}

func TestDownAfter(t *testing.T) {
	s, err := directory.NewSnapshot(directory.Catalog{
		Plans:      []directory.Plan{{ID: "often", Interim: time.Minute}, {ID: "seldom", Interim: 10 * time.Minute}},
		Zones:      []directory.Zone{{ID: "z", PlanID: "often"}},
		Residences: []directory.Residence{{ID: "r", PlanID: "seldom"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	city, home, nowhere := &directory.AccessPoint{ZoneID: "z"}, &directory.AccessPoint{ResidenceID: "r"}, &directory.AccessPoint{}
	for _, c := range []struct {
		name string
		ap   *directory.AccessPoint
		set  time.Duration
		want time.Duration
	}{
		{"at least three minutes", city, 0, 3 * time.Minute},
		{"two intervals of the plan", home, 0, 20 * time.Minute},
		{"without a plan", nowhere, 0, 3 * time.Minute},
		{"what the installation sets", home, time.Minute, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := New(Options{DownAfter: c.set}).downAfter(s, c.ap); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
