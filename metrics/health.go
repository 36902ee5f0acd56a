package metrics

import (
	"time"

	"parvis/internal/directory"
)

// State is what we conclude about an access point from RADIUS alone.
type State string

const (
	Up      State = "up"      // heard lately
	Down    State = "down"    // it has sessions that it ought to report on, and is silent
	Unknown State = "unknown" // silent with nothing to report, or never heard
)

// States lists all of them.
func States() []State { return []State{Up, Down, Unknown} }

// Health is what the console shows of an access point.
type Health struct {
	State     State
	LastHeard time.Time // zero: never
	Sessions  int       // open now
	In, Out   uint64    // bytes from and towards devices, ever
}

// defaultDownAfter is the shortest silence that means something: a retrying NAS
// waits up to two minutes between attempts.
const defaultDownAfter = 3 * time.Minute

// judge says how an access point is, last heard at heard (zero: never), with
// that many open sessions. Silence without sessions proves nothing, at night
// for example: the state is Unknown, and parvis_ap_up keeps saying 1, because
// nobody should be woken for it. An access point that was never heard is not up.
func judge(now, heard time.Time, sessions int, downAfter time.Duration) (state State, up bool) {
	switch {
	case heard.IsZero():
		return Unknown, false
	case now.Sub(heard) <= downAfter:
		return Up, true
	case sessions > 0:
		return Down, false
	default:
		return Unknown, true
	}
}

// downAfter is how long a silent access point with sessions is given: what the
// installation sets, else three minutes but at least two accounting intervals of
// its plan, so that one lost Interim-Update is not an outage.
func (a *AccessPoints) downAfter(s *directory.Snapshot, ap *directory.AccessPoint) time.Duration {
	if a.opts.DownAfter > 0 {
		return a.opts.DownAfter
	}
	var planID string
	if z := s.Zone(ap.ZoneID); z != nil {
		planID = z.PlanID
	} else if r := s.Residence(ap.ResidenceID); r != nil {
		planID = r.PlanID
	}
	p := s.Plan(planID)
	if p == nil {
		return defaultDownAfter
	}
	return max(defaultDownAfter, 2*p.Interim)
}
