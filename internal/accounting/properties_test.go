package accounting

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawStay draws the events of one session as an honest NAS would send them:
// totals that grow, some reports without counters, perhaps no Start, perhaps no Stop.
func drawStay(t *rapid.T) []Event {
	var stay []Event
	second, in := rapid.IntRange(0, 10).Draw(t, "start"), int64(0)
	began := second
	add := func(k Kind) {
		e := event(k, second, -1)
		if rapid.IntRange(0, 3).Draw(t, "counters") > 0 {
			e.In = ptr(uint64(in))
		}
		if rapid.Bool().Draw(t, "out") {
			e.Out = ptr(uint64(3 * in))
		}
		if rapid.Bool().Draw(t, "seconds") {
			e.Seconds = ptr(uint32(second - began))
		}
		stay = append(stay, e)
	}
	if rapid.IntRange(0, 4).Draw(t, "start heard") > 0 {
		add(Start)
	}
	for range rapid.IntRange(0, 6).Draw(t, "interims") {
		second += rapid.IntRange(1, 100).Draw(t, "gap")
		in += rapid.Int64Range(0, 1<<40).Draw(t, "bytes")
		add(Interim)
	}
	if len(stay) == 0 || rapid.Bool().Draw(t, "stop heard") {
		second += rapid.IntRange(0, 100).Draw(t, "gap")
		in += rapid.Int64Range(0, 1<<40).Draw(t, "bytes")
		add(Stop)
		stay[len(stay)-1].Cause = rapid.Uint32Range(1, 18).Draw(t, "cause")
	}
	return stay
}

// summary is the oracle: what the events say together, with no notion of an order.
func summary(events []Event) Session {
	first := events[0]
	s := Session{
		Key: first.Key(), NASID: first.NASID, AcctSessionID: first.AcctSessionID, MAC: first.MAC, Login: first.Login,
		AccessPointID: first.AccessPointID, ZoneID: first.ZoneID,
	}
	for _, e := range events {
		began := e.At
		if e.Seconds != nil {
			s.Seconds = max(s.Seconds, *e.Seconds)
			if e.Kind != Start {
				began = e.At.Add(-time.Duration(*e.Seconds) * time.Second)
			}
		}
		if s.StartedAt.IsZero() || began.Before(s.StartedAt) {
			s.StartedAt = began
		}
		if e.At.After(s.UpdatedAt) {
			s.UpdatedAt = e.At
		}
		if e.In != nil {
			s.In = max(s.In, *e.In)
		}
		if e.Out != nil {
			s.Out = max(s.Out, *e.Out)
		}
		if e.Kind == Stop {
			s.StoppedAt, s.Cause = e.At, e.Cause
		}
	}
	return s
}

// Any order, any duplicates, and any ends that we concluded meanwhile: what is
// known in the end is what the events say together.
func TestOrderAndReplayDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stay := drawStay(t)
		last := stay[len(stay)-1]
		arrivals := rapid.Permutation(append(stay, rapid.SliceOfN(rapid.SampledFrom(stay), 0, 5).Draw(t, "again")...)).Draw(t, "arrivals")
		var s Session
		ended := false // by a conclusion that a sign of life does not undo
		for _, e := range arrivals {
			before := s
			s = Apply(s, e)
			holdsForward(t, before, s, e)
			if again := Apply(s, e); again != s {
				t.Fatalf("the same event again changes %s", cmp.Diff(s, again))
			}
			switch rapid.SampledFrom([]string{"", "", "", "expire", "supersede", "restart"}).Draw(t, "meanwhile") {
			case "expire":
				s = Expire(s)
			case "supersede":
				ended = ended || s.Open()
				s = Supersede(s)
			case "restart":
				open := s.Open()
				s = Restart(s, Event{Kind: On, NASID: "n1", At: last.At.Add(time.Second)})
				ended = ended || open && !s.Open()
			}
			checkInvariants(t, s)
		}
		want := summary(stay)
		if want.StoppedAt.IsZero() {
			// No Stop came: silent, superseded or restarted, it ends with its last sign of life.
			s = Expire(s)
			want.StoppedAt, want.Cause = want.UpdatedAt, s.Cause
			if !concluded(s.Cause) || ended != (s.Cause != CauseStale) {
				t.Fatalf("cause %d", s.Cause)
			}
		}
		if d := cmp.Diff(want, s); d != "" {
			t.Fatalf("arrivals %v: %s", kinds(arrivals), d)
		}
	})
}

// Nothing that a NAS sends, however absurd, makes a counter go down, a session
// unhappen or a Stop undone.
func TestAnyEventsOnlyMoveForward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Session
		t.Repeat(map[string]func(*rapid.T){
			"event": func(t *rapid.T) {
				e := event(rapid.SampledFrom([]Kind{Start, Interim, Stop}).Draw(t, "kind"), rapid.IntRange(0, 100).Draw(t, "at"), -1)
				if rapid.Bool().Draw(t, "reports") {
					e.In, e.Out, e.Seconds = ptr(rapid.Uint64().Draw(t, "in")), ptr(rapid.Uint64().Draw(t, "out")), ptr(rapid.Uint32().Draw(t, "seconds"))
				}
				e.Cause = rapid.Uint32().Draw(t, "cause")
				before := s
				s = Apply(s, e)
				holdsForward(t, before, s, e)
				if again := Apply(s, e); again != s {
					t.Fatalf("the same event again changes %s", cmp.Diff(s, again))
				}
			},
			"expire":    func(*rapid.T) { s = Expire(s) },
			"supersede": func(*rapid.T) { s = Supersede(s) },
			"restart":   func(t *rapid.T) { s = Restart(s, restart(rapid.IntRange(0, 100).Draw(t, "at"))) },
			"":          func(t *rapid.T) { checkInvariants(t, s) },
		})
	})
}

func holdsForward(t *rapid.T, before, after Session, e Event) {
	if after.In < before.In || after.Out < before.Out || after.Seconds < before.Seconds || after.UpdatedAt.Before(before.UpdatedAt) {
		t.Fatalf("something went down: %s", cmp.Diff(before, after))
	}
	if e.In == nil && after.In != before.In || e.Out == nil && after.Out != before.Out {
		t.Fatalf("a counter that was not reported changed: %s", cmp.Diff(before, after))
	}
	if !before.Exists() {
		return
	}
	if after.StartedAt.After(before.StartedAt) {
		t.Fatalf("the start moved on from %s to %s", before.StartedAt, after.StartedAt)
	}
	final := !before.Open() && !concluded(before.Cause)
	if final && (after.Open() || after.StoppedAt.Before(before.StoppedAt) || concluded(after.Cause)) {
		t.Fatalf("a Stop was undone: %s", cmp.Diff(before, after))
	}
	if final && e.Kind != Stop && e.At.After(before.StoppedAt) && after != before {
		t.Fatalf("an event after the Stop changed %s", cmp.Diff(before, after))
	}
}

func checkInvariants(t *rapid.T, s Session) {
	if !s.Exists() {
		return
	}
	if s.Open() && s.Cause != 0 || concluded(s.Cause) && !s.StoppedAt.Equal(s.UpdatedAt) || s.UpdatedAt.Before(s.StartedAt) {
		t.Fatalf("it makes no sense: %+v", s)
	}
}

func kinds(events []Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.Kind.String()+"@"+e.At.Sub(epoch).String())
	}
	return list
}
