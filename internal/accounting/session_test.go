package accounting

import (
	"testing"
	"time"

	"parvis/internal/directory"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func at(second int) time.Time { return epoch.Add(time.Duration(second) * time.Second) }

func ptr[T any](v T) *T { return &v }

// event makes one of the session "s1"; in < 0 means that no counter was reported.
func event(k Kind, second int, in int64) Event {
	e := Event{
		Kind: k, Received: at(second), At: at(second), NASID: "n1", AcctSessionID: "s1", Class: "c1",
		MAC: directory.MAC{2, 1}, Login: "logement-0001", AccessPointID: "a1", ZoneID: "z1",
	}
	if in >= 0 {
		e.In, e.Out, e.Seconds = ptr(uint64(in)), ptr(uint64(2*in)), ptr(uint32(second))
	}
	return e
}

func restart(second int) Event { return Event{Kind: On, At: at(second), NASID: "n1"} }

// play applies steps: an Event, or a function of the session.
func play(steps ...any) Session {
	var s Session
	for _, step := range steps {
		switch step := step.(type) {
		case Event:
			if step.Kind == On || step.Kind == Off {
				s = Restart(s, step)
			} else {
				s = Apply(s, step)
			}
		case func(Session) Session:
			s = step(s)
		}
	}
	return s
}

func TestApply(t *testing.T) {
	stop := func(second int, in int64, cause uint32) Event {
		e := event(Stop, second, in)
		e.Cause = cause
		return e
	}
	for name, c := range map[string]struct {
		steps   []any
		in      uint64
		stopped int // seconds; -1 is open
		cause   uint32
		updated int
	}{
		"start":                            {[]any{event(Start, 0, -1)}, 0, -1, 0, 0},
		"start, interim":                   {[]any{event(Start, 0, -1), event(Interim, 60, 10)}, 10, -1, 0, 60},
		"whole":                            {[]any{event(Start, 0, -1), event(Interim, 60, 10), stop(90, 12, 1)}, 12, 90, 1, 90},
		"only a stop":                      {[]any{stop(90, 12, 1)}, 12, 90, 1, 90},
		"missing counter is not zero":      {[]any{event(Interim, 60, 10), event(Interim, 120, -1), stop(150, -1, 1)}, 10, 150, 1, 150},
		"a zero does not lower":            {[]any{event(Interim, 60, 10), stop(90, 0, 1)}, 10, 90, 1, 90},
		"reordered interims":               {[]any{event(Interim, 120, 20), event(Interim, 60, 10)}, 20, -1, 0, 120},
		"late start":                       {[]any{stop(90, 12, 1), event(Start, 0, -1)}, 12, 90, 1, 90},
		"late interim after the stop":      {[]any{stop(90, -1, 1), event(Interim, 60, 10)}, 10, 90, 1, 90},
		"later interim after the stop":     {[]any{stop(90, 12, 1), event(Interim, 120, 99)}, 12, 90, 1, 90},
		"later start after the stop":       {[]any{stop(90, 12, 1), event(Start, 120, 99)}, 12, 90, 1, 90},
		"stop again, later":                {[]any{stop(90, 12, 1), stop(91, 12, 1)}, 12, 91, 1, 91},
		"stop again, earlier":              {[]any{stop(91, 12, 1), stop(90, 12, 4)}, 12, 91, 1, 91},
		"two causes at once":               {[]any{stop(90, 12, 4), stop(90, 12, 1)}, 12, 90, 4, 90},
		"stale":                            {[]any{event(Interim, 60, 10), Expire}, 10, 60, CauseStale, 60},
		"stale, its last interim again":    {[]any{event(Interim, 60, 10), Expire, event(Interim, 60, 10)}, 10, 60, CauseStale, 60},
		"stale, an earlier interim":        {[]any{event(Interim, 60, 10), Expire, event(Interim, 30, 5)}, 10, 60, CauseStale, 60},
		"stale, then alive":                {[]any{event(Interim, 60, 10), Expire, event(Interim, 600, 30)}, 30, -1, 0, 600},
		"stale, then stop":                 {[]any{event(Interim, 60, 10), Expire, stop(600, 30, 1)}, 30, 600, 1, 600},
		"stale, then an earlier stop":      {[]any{event(Interim, 60, 10), Expire, stop(50, 9, 1)}, 10, 50, 1, 60},
		"expire twice":                     {[]any{event(Interim, 60, 10), Expire, Expire}, 10, 60, CauseStale, 60},
		"expire after a stop":              {[]any{stop(90, 12, 1), Expire, Supersede, restart(200)}, 12, 90, 1, 90},
		"superseded":                       {[]any{event(Interim, 60, 10), Supersede}, 10, 60, CauseSuperseded, 60},
		"superseded, overtaken interim":    {[]any{event(Interim, 60, 10), Supersede, event(Interim, 90, 15)}, 15, 90, CauseSuperseded, 90},
		"superseded, then stop":            {[]any{event(Interim, 60, 10), Supersede, stop(70, 11, 1)}, 11, 70, 1, 70},
		"superseded, not stale any more":   {[]any{event(Interim, 60, 10), Supersede, Expire}, 10, 60, CauseSuperseded, 60},
		"restart":                          {[]any{event(Interim, 60, 10), restart(100)}, 10, 60, CauseNASRestart, 60},
		"restart, overtaken interim":       {[]any{event(Interim, 60, 10), restart(100), event(Interim, 90, 15)}, 15, 90, CauseNASRestart, 90},
		"restart, overtaken stop":          {[]any{event(Interim, 60, 10), restart(100), stop(95, 15, 7)}, 15, 95, 7, 95},
		"restart before the start":         {[]any{event(Start, 101, -1), restart(100)}, 0, -1, 0, 101},
		"restart in the second of start":   {[]any{event(Start, 100, -1), restart(100)}, 0, -1, 0, 100},
		"a NAS cannot send our own causes": {[]any{stop(90, 12, CauseStale), event(Interim, 120, 99)}, 12, 90, 0, 90},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(c.steps...)
			stopped := -1
			if !s.StoppedAt.IsZero() {
				stopped = int(s.StoppedAt.Sub(epoch) / time.Second)
			}
			if s.In != c.in || s.Out != 2*c.in || stopped != c.stopped || s.Cause != c.cause || !s.UpdatedAt.Equal(at(c.updated)) {
				t.Errorf("in %d, out %d, stopped %d, cause %d, updated %s", s.In, s.Out, stopped, s.Cause, s.UpdatedAt.Sub(epoch))
			}
			if s.Open() != (c.stopped < 0) || !s.Exists() {
				t.Errorf("open %v", s.Open())
			}
		})
	}
}

func TestApplyFillsWhatWasMissing(t *testing.T) {
	bare := event(Interim, 60, 10)
	bare.Login, bare.AccessPointID, bare.ZoneID, bare.MAC = "", "", "", directory.MAC{}
	s := play(bare, event(Start, 0, -1))
	want := Session{
		Key: "c/c1/s1", NASID: "n1", AcctSessionID: "s1", MAC: directory.MAC{2, 1}, Login: "logement-0001", AccessPointID: "a1", ZoneID: "z1",
		StartedAt: at(0), UpdatedAt: at(60), In: 10, Out: 20, Seconds: 60,
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	moved := event(Interim, 120, 20)
	moved.AccessPointID, moved.Login = "a2", "other"
	if s := play(event(Start, 0, -1), moved); s.AccessPointID != "a1" || s.Login != "logement-0001" {
		t.Errorf("a session moved to %s as %s", s.AccessPointID, s.Login)
	}
}

func TestStartedAtFromSeconds(t *testing.T) {
	if s := play(event(Interim, 60, 10)); !s.StartedAt.Equal(at(0)) {
		t.Errorf("without a Start: %s", s.StartedAt)
	}
	e := event(Interim, 60, -1)
	if s := play(e); !s.StartedAt.Equal(at(60)) {
		t.Errorf("without a Start and without Acct-Session-Time: %s", s.StartedAt)
	}
	late := event(Start, 5, -1)
	late.Seconds = ptr(uint32(99)) // makes no sense on a Start
	if s := play(late); !s.StartedAt.Equal(at(5)) {
		t.Errorf("a Start says when itself: %s", s.StartedAt)
	}
}

func TestRestartScope(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Event)
		ends   bool
	}{
		"whole NAS":               {func(*Event) {}, true},
		"off":                     {func(e *Event) { e.Kind = Off }, true},
		"other NAS":               {func(e *Event) { e.NASID = "n2" }, false},
		"its access point":        {func(e *Event) { e.Scoped, e.AccessPointID = true, "a1" }, true},
		"other access point":      {func(e *Event) { e.Scoped, e.AccessPointID = true, "a2" }, false},
		"whole NAS, by a2":        {func(e *Event) { e.AccessPointID = "a2" }, true},
		"before the session":      {func(e *Event) { e.At = at(-1) }, false},
		"its own first second":    {func(e *Event) { e.At = at(0) }, false},
		"between start and alive": {func(e *Event) { e.At = at(30) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := restart(100)
			c.change(&e)
			s := Restart(play(event(Start, 0, -1), event(Interim, 60, 10)), e)
			if s.Open() == c.ends {
				t.Errorf("open %v", s.Open())
			}
			if again := Restart(s, e); again != s {
				t.Errorf("again: %+v", again)
			}
		})
	}
	if s := Restart(Session{}, restart(1)); s.Exists() {
		t.Error("a restart makes a session")
	}
	if s := Supersede(Expire(Session{})); s.Exists() {
		t.Error("an end makes a session")
	}
}

func TestKey(t *testing.T) {
	a := event(Start, 0, -1)
	keys := map[string]string{}
	for name, change := range map[string]func(*Event){
		"same":          func(*Event) {},
		"other Class":   func(e *Event) { e.Class = "c2" },
		"linked":        func(e *Event) { e.AcctSessionID = "s2" },
		"no Class":      func(e *Event) { e.Class = "" },
		"no Class, MAC": func(e *Event) { e.Class, e.MAC = "", directory.MAC{2, 2} },
		"no Class, NAS": func(e *Event) { e.Class, e.NASID = "", "n2" },
	} {
		e := a
		change(&e)
		if keys[e.Key()] != "" {
			t.Errorf("%s and %s have the key %s", name, keys[e.Key()], e.Key())
		}
		keys[e.Key()] = name
	}
	for _, k := range Kinds() {
		if k.String() == "unknown" {
			t.Errorf("kind %d has no label", k)
		}
	}
	if Kind(0).String() != "unknown" || Kind(99).String() != "unknown" {
		t.Error("a kind that is not ours has a label")
	}
}
