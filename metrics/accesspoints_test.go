package metrics

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

func TestEveryEnabledAccessPointIsExported(t *testing.T) {
	f := newFixture(t)
	f.expect(t, `
parvis_ap_info{ap="quay-1",model="X",nas_identifier="gw-1",site="",vendor="Acme",zone="Quay"} 1
parvis_ap_info{ap="quay-2",model="",nas_identifier="ap-2",site="",vendor="",zone="Quay"} 1
parvis_ap_info{ap="arsenal-1",model="",nas_identifier="gw-1",site="1 Dock Street",vendor="",zone="Arsenal"} 1
parvis_ap_location_info{ap="quay-1",latitude="48.39",longitude="-4.48"} 1
parvis_ap_up{ap="quay-1",zone="Quay"} 0
parvis_ap_up{ap="quay-2",zone="Quay"} 0
parvis_ap_up{ap="arsenal-1",zone="Arsenal"} 0
parvis_zone_session_capacity{zone="Quay"} 80
parvis_zone_session_capacity{zone="Park"} 0
parvis_zone_session_capacity{zone="Arsenal"} 0
parvis_ap_auth_attempts_total{ap="quay-1",result="accept",zone="Quay"} 0
parvis_ap_auth_attempts_total{ap="quay-1",result="reject",zone="Quay"} 0
parvis_ap_auth_attempts_total{ap="quay-2",result="accept",zone="Quay"} 0
parvis_ap_auth_attempts_total{ap="quay-2",result="reject",zone="Quay"} 0
parvis_ap_auth_attempts_total{ap="arsenal-1",result="accept",zone="Arsenal"} 0
parvis_ap_auth_attempts_total{ap="arsenal-1",result="reject",zone="Arsenal"} 0`)

	f.catalog.AccessPoints[1].Enabled = false
	f.catalog.AccessPoints = f.catalog.AccessPoints[:2]
	f.swap(t)
	f.expect(t, `
parvis_ap_up{ap="quay-1",zone="Quay"} 0
parvis_zone_session_capacity{zone="Quay"} 50
parvis_zone_session_capacity{zone="Park"} 0`)
}

func TestHealth(t *testing.T) {
	f := newFixture(t)
	f.Heard("a1", f.now.Add(-time.Hour))
	f.Heard("a2", f.now.Add(-time.Hour))
	f.Heard("a2", f.now.Add(-2*time.Hour)) // late: no step back
	f.Observe(change(accounting.Session{}, session("a1", 10, 20)))
	f.expect(t, `
parvis_ap_up{ap="quay-1",zone="Quay"} 0
parvis_ap_up{ap="quay-2",zone="Quay"} 1
parvis_ap_up{ap="arsenal-1",zone="Arsenal"} 0
parvis_zone_access_points{state="up",zone="Quay"} 0
parvis_zone_access_points{state="down",zone="Quay"} 1
parvis_zone_access_points{state="unknown",zone="Quay"} 1
parvis_zone_access_points{state="up",zone="Park"} 0
parvis_zone_access_points{state="down",zone="Park"} 0
parvis_zone_access_points{state="unknown",zone="Park"} 0
parvis_zone_access_points{state="up",zone="Arsenal"} 0
parvis_zone_access_points{state="down",zone="Arsenal"} 0
parvis_zone_access_points{state="unknown",zone="Arsenal"} 1
parvis_ap_last_seen_timestamp_seconds{ap="quay-1",zone="Quay"} 1.7908524e+09
parvis_ap_last_seen_timestamp_seconds{ap="quay-2",zone="Quay"} 1.7908524e+09
parvis_ap_last_seen_timestamp_seconds{ap="arsenal-1",zone="Arsenal"} 0`)
	want := Health{State: Down, LastHeard: f.now.Add(-time.Hour), Sessions: 1, In: 10, Out: 20}
	got := f.Health("a1")
	if !got.LastHeard.Equal(want.LastHeard) {
		t.Errorf("last heard %v, want %v", got.LastHeard, want.LastHeard)
	}
	got.LastHeard = want.LastHeard
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := f.Health("no such"); got != (Health{State: Unknown}) {
		t.Errorf("an access point that is not there: %+v", got)
	}
}

func TestAttempts(t *testing.T) {
	f := newFixture(t)
	f.Attempt("a1", "z1", true)
	f.Attempt("a3", "", false)     // a residence's
	f.Attempt("", "z2", false)     // a zone's, through its gateway
	f.Attempt("", "", false)       // nobody knows where
	f.Attempt("", "no such", true) // nor here
	f.Restarted("a1")
	f.Restarted("")
	f.Retransmitted("a2")
	f.expect(t, `
parvis_zone_auth_attempts_total{result="accept",zone="Quay"} 1
parvis_zone_auth_attempts_total{result="reject",zone="Quay"} 0
parvis_zone_auth_attempts_total{result="accept",zone="Park"} 0
parvis_zone_auth_attempts_total{result="reject",zone="Park"} 1
parvis_zone_auth_attempts_total{result="accept",zone="Arsenal"} 0
parvis_zone_auth_attempts_total{result="reject",zone="Arsenal"} 1
parvis_zone_auth_attempts_total{result="accept",zone="unknown"} 1
parvis_zone_auth_attempts_total{result="reject",zone="unknown"} 1
parvis_ap_restarts_total{ap="quay-1",zone="Quay"} 1
parvis_ap_restarts_total{ap="quay-2",zone="Quay"} 0
parvis_ap_restarts_total{ap="arsenal-1",zone="Arsenal"} 0
parvis_ap_retransmissions_total{ap="quay-1",zone="Quay"} 0
parvis_ap_retransmissions_total{ap="quay-2",zone="Quay"} 1
parvis_ap_retransmissions_total{ap="arsenal-1",zone="Arsenal"} 0`)
}

func TestObserve(t *testing.T) {
	none := accounting.Session{}
	stale := ended(session("a1", 10, 20), accounting.CauseStale)
	inZone, atHome := session("", 1, 1), session("", 1, 1)
	inZone.ZoneID, atHome.DwellingID = "z2", "d1"
	for _, c := range []struct {
		name    string
		changes []accounting.Change
		health  Health // of a1
		// by zone, by cause
		started, ended map[string]uint64
		zones          map[string]int
	}{
		{
			name: "start, interim, stop",
			changes: []accounting.Change{
				change(none, session("a1", 0, 0)), change(session("a1", 0, 0), session("a1", 10, 20)),
				change(session("a1", 10, 20), ended(session("a1", 15, 30), 1)),
			},
			health:  Health{In: 15, Out: 30},
			started: map[string]uint64{"z1": 1}, ended: map[string]uint64{"user_request": 1},
		},
		{
			name:    "a stop alone",
			changes: []accounting.Change{change(none, ended(session("a1", 5, 6), 4))},
			health:  Health{In: 5, Out: 6},
			started: map[string]uint64{"z1": 1}, ended: map[string]uint64{"idle_timeout": 1},
		},
		{
			name:    "a stop after it was given up is no second end",
			changes: []accounting.Change{change(none, session("a1", 10, 20)), change(session("a1", 10, 20), stale), change(stale, ended(session("a1", 11, 21), 1))},
			health:  Health{In: 11, Out: 21},
			started: map[string]uint64{"z1": 1}, ended: map[string]uint64{"stale": 1},
		},
		{
			name:    "given up, and it speaks again",
			changes: []accounting.Change{change(none, stale), change(stale, session("a1", 11, 21))},
			health:  Health{Sessions: 1, In: 11, Out: 21},
			started: map[string]uint64{"z1": 1}, ended: map[string]uint64{"stale": 1},
			zones: map[string]int{"Quay": 1},
		},
		{
			name:    "where it is becomes known late",
			changes: []accounting.Change{change(none, session("", 10, 20)), change(session("", 10, 20), session("a1", 11, 21))},
			health:  Health{Sessions: 1, In: 11, Out: 21},
			started: map[string]uint64{"": 1}, zones: map[string]int{"Quay": 1},
		},
		{
			name:    "the zone or the dwelling is known, the access point is not",
			changes: []accounting.Change{change(none, inZone), change(none, atHome), change(atHome, ended(atHome, 1))},
			started: map[string]uint64{"z2": 1, "r1": 1}, ended: map[string]uint64{"user_request": 1},
			zones: map[string]int{"Park": 1},
		},
		{
			name:    "an end that opened before we counted",
			changes: []accounting.Change{change(session("a1", 1, 1), ended(session("a1", 1, 1), 2)), change(none, session("a1", 0, 0))},
			health:  Health{Sessions: 1}, started: map[string]uint64{"z1": 1}, ended: map[string]uint64{"lost_carrier": 1},
			zones: map[string]int{"Quay": 1},
		},
		{name: "nothing", changes: []accounting.Change{{}}},
		{
			name:    "a cause that nobody defined",
			changes: []accounting.Change{change(session("a1", 0, 0), ended(session("a1", 0, 0), 4_000_000_000))},
			ended:   map[string]uint64{"other": 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			for _, ch := range c.changes {
				f.Observe(ch)
			}
			c.health.State = Unknown
			if got := f.Health("a1"); got != c.health {
				t.Errorf("health %+v, want %+v", got, c.health)
			}
			for _, id := range []string{"", "z1", "z2", "r1"} {
				if got := f.place(id).started.Load(); got != c.started[id] {
					t.Errorf("%d started in %q, want %d", got, id, c.started[id])
				}
			}
			for _, name := range causes() {
				if got := f.ended[name].Load(); got != c.ended[name] {
					t.Errorf("%d ended by %s, want %d", got, name, c.ended[name])
				}
			}
			f.expect(t, fmt.Sprintf("parvis_zone_sessions{zone=%q} %d\nparvis_zone_sessions{zone=%q} %d\nparvis_zone_sessions{zone=%q} %d",
				"Quay", c.zones["Quay"], "Park", c.zones["Park"], "Arsenal", c.zones["Arsenal"]))
		})
	}
}

func TestLoad(t *testing.T) {
	f := newFixture(t)
	f.Heard("a1", f.now)
	f.Load([]accounting.Usage{
		{AccessPointID: "a1", Open: 2, In: 100, Out: 200, LastHeard: f.now.Add(-time.Hour)},
		{AccessPointID: "", Open: 1},
		{AccessPointID: "soon", Open: 1, In: 7}, // the register does not have it yet
	})
	f.Observe(change(session("a1", 50, 60), ended(session("a1", 55, 70), 1)))
	want := Health{State: Up, Sessions: 1, In: 105, Out: 210}
	got := f.Health("a1")
	got.LastHeard = time.Time{}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	f.catalog.AccessPoints = append(f.catalog.AccessPoints, directory.AccessPoint{ID: "soon", Name: "soon", ZoneID: "z1", Enabled: true})
	f.swap(t)
	if got := f.Health("soon"); got.Sessions != 1 || got.In != 7 {
		t.Errorf("the access point that came later: %+v", got)
	}
}

// For any history of sessions, the exported bytes are the sum of what each
// session last reported, and never fall on the way.
func TestBytesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		sessions := make([]accounting.Session, 4)
		var lastIn, lastOut uint64
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			i := rapid.IntRange(0, len(sessions)-1).Draw(t, "session")
			n := rapid.Uint64Range(0, 1<<40).Draw(t, "bytes")
			e := accounting.Event{
				Kind: rapid.SampledFrom([]accounting.Kind{accounting.Start, accounting.Interim, accounting.Stop}).Draw(t, "kind"),
				At:   f.now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "second")) * time.Second), AcctSessionID: fmt.Sprint(i),
				AccessPointID: "a1", In: &n, Out: &n,
			}
			after := accounting.Apply(sessions[i], e)
			f.Observe(change(sessions[i], after))
			sessions[i] = after

			var in uint64
			open := 0
			for _, s := range sessions {
				in += s.In
				if s.Open() {
					open++
				}
			}
			h := f.Health("a1")
			if h.In != in || h.Out != in || h.Sessions != open || h.In < lastIn || h.Out < lastOut {
				t.Fatalf("%+v, want %d bytes and %d open", h, in, open)
			}
			lastIn, lastOut = h.In, h.Out
		}
	})
}

// Counting, scraping and changes of the register at once: for the race detector,
// and no count is lost.
func TestConcurrent(t *testing.T) {
	f := newFixture(t)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(f.AccessPoints)
	a, err1 := directory.NewSnapshot(f.catalog)
	b, err2 := directory.NewSnapshot(directory.Catalog{})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	const workers, rounds = 8, 500
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range rounds {
				f.Heard("a1", f.now)
				f.Attempt("a1", "", i%2 == 0)
				f.Restarted("a2")
				f.Retransmitted("a3")
				f.Observe(change(accounting.Session{}, ended(session("a1", 1, 2), 1)))
				f.Health("a1")
			}
		})
	}
	wg.Go(func() {
		for i := range 100 {
			f.register.Swap([]*directory.Snapshot{a, b}[i%2])
			if _, err := reg.Gather(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	f.register.Swap(a)
	tally := f.points.find("a1")
	if h := f.Health("a1"); h.In != workers*rounds || h.Out != 2*workers*rounds {
		t.Errorf("bytes: %+v", h)
	}
	if n := tally.accepts.Load() + tally.rejects.Load(); n != workers*rounds {
		t.Errorf("%d attempts", n)
	}
}

// Ids that the register does not have cannot grow the memory without end.
func TestTableIsBounded(t *testing.T) {
	f := newFixture(t)
	f.Heard("a1", f.now)
	for i := range 10_000 {
		f.Heard(fmt.Sprint("gone-", i), f.now)
	}
	n := 0
	for range f.points.m.Range {
		n++
	}
	if int64(n) != f.points.n.Load() || n > 2*3+1024+1 {
		t.Errorf("%d tallies, counted as %d", n, f.points.n.Load())
	}
	if f.Health("a1").LastHeard.IsZero() {
		t.Error("a known access point was dropped")
	}
}
