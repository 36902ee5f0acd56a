package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// Options says what AccessPoints works on.
type Options struct {
	Register *directory.Register
	Now      func() time.Time
	// DownAfter is the silence after which an access point with open sessions is
	// down. Zero: three minutes, or two accounting intervals of its plan if those
	// are longer.
	DownAfter time.Duration
}

// AccessPoints counts what happens at each access point and is the collector
// that exports it. What it exports follows the register: a new access point is
// there at the next scrape, a removed or disabled one is gone. All methods may
// be called at once from many goroutines, and none waits.
type AccessPoints struct {
	opts   Options
	points table[tally]
	places table[placeTally] // by id of the zone or residence; "" where it is not known
	ended  map[string]*atomic.Uint64
}

var _ prometheus.Collector = (*AccessPoints)(nil)

// New returns an AccessPoints of which nothing was heard yet.
func New(opts Options) *AccessPoints {
	a := &AccessPoints{opts: opts, ended: map[string]*atomic.Uint64{}}
	for _, c := range causes() {
		a.ended[c] = new(atomic.Uint64)
	}
	return a
}

// Heard notes an authentic packet of an access point, received at that instant.
func (a *AccessPoints) Heard(accessPointID string, at time.Time) {
	if t := a.point(accessPointID); t != nil {
		t.hear(at)
	}
}

// Attempt counts a finished authentication. zoneID may be empty: the place is
// then that of the access point.
func (a *AccessPoints) Attempt(accessPointID, zoneID string, accepted bool) {
	if t := a.point(accessPointID); t != nil {
		t.attempt(accepted)
	}
	s := a.opts.Register.Snapshot()
	place := ""
	if s.Zone(zoneID) != nil {
		place = zoneID
	} else if ap := s.AccessPoint(accessPointID); ap != nil {
		place = placeOf(ap)
	}
	a.place(place).attempt(accepted)
}

// Restarted counts an Accounting-On, or a restart that was inferred.
func (a *AccessPoints) Restarted(accessPointID string) {
	if t := a.point(accessPointID); t != nil {
		t.restarted.Add(1)
	}
}

// Retransmitted counts a request that the access point sent again.
func (a *AccessPoints) Retransmitted(accessPointID string) {
	if t := a.point(accessPointID); t != nil {
		t.retransmitted.Add(1)
	}
}

// Load takes over what the store adds up to, before the first Observe. Counters
// only rise.
func (a *AccessPoints) Load(usage []accounting.Usage) {
	for _, u := range usage {
		t := a.point(u.AccessPointID)
		if t == nil {
			continue
		}
		t.sessions.Store(int64(u.Open))
		raise(&t.in, u.In)
		raise(&t.out, u.Out)
		t.hear(u.LastHeard)
	}
}

// Observe counts what the store committed of one session: its bytes, and that
// it started or ended. A change that is not committed must not come here, else
// a restart would count it twice.
func (a *AccessPoints) Observe(c accounting.Change) {
	s := a.opts.Register.Snapshot()
	before, after := c.Before, c.After
	if !after.Exists() {
		return
	}
	if before.Open() {
		lower(a.openSessions(s, before))
	}
	if after.Open() {
		a.openSessions(s, after).Add(1)
	}
	if t := a.point(after.AccessPointID); t != nil {
		var in, out uint64 // what was counted for this access point already
		if before.AccessPointID == after.AccessPointID {
			in, out = before.In, before.Out
		}
		t.in.Add(after.In - min(in, after.In))
		t.out.Add(after.Out - min(out, after.Out))
	}
	if !before.Exists() {
		a.place(sessionPlace(s, after)).started.Add(1)
	}
	// A late Stop may correct how a session ended: that is not a second end.
	if !after.Open() && (before.Open() || !before.Exists()) {
		a.ended[cause(after.Cause)].Add(1)
	}
}

// Health returns what is known of an access point.
func (a *AccessPoints) Health(accessPointID string) Health {
	s := a.opts.Register.Snapshot()
	ap := s.AccessPoint(accessPointID)
	if ap == nil {
		return Health{State: Unknown}
	}
	h, _ := a.health(s, ap)
	return h
}

func (a *AccessPoints) health(s *directory.Snapshot, ap *directory.AccessPoint) (Health, bool) {
	h := Health{}
	if t := a.points.find(ap.ID); t != nil {
		h = Health{
			LastHeard: t.lastHeard(),
			Sessions:  int(t.sessions.Load()),
			In:        t.in.Load(), Out: t.out.Load(),
		}
	}
	var up bool
	h.State, up = judge(a.opts.Now(), h.LastHeard, h.Sessions, a.downAfter(s, ap))
	return h, up
}

// openSessions is the number that session is part of while it is open.
func (a *AccessPoints) openSessions(s *directory.Snapshot, session accounting.Session) *atomic.Int64 {
	if t := a.point(session.AccessPointID); t != nil {
		return &t.sessions
	}
	return &a.place(sessionPlace(s, session)).unplaced
}

// point returns the tally of an access point, or nil when id is empty. An id
// that the register does not have yet is counted too: the store may be ahead.
func (a *AccessPoints) point(id string) *tally {
	if id == "" {
		return nil
	}
	s := a.opts.Register.Snapshot()
	return a.points.get(id, 2*len(s.AccessPoints())+1024, func(id string) bool { return s.AccessPoint(id) != nil })
}

func (a *AccessPoints) place(id string) *placeTally {
	s := a.opts.Register.Snapshot()
	// At most a residence for each access point, and for each dwelling seen.
	return a.places.get(id, 2*(len(s.Zones())+len(s.AccessPoints()))+1024,
		func(id string) bool { return id == "" || s.Zone(id) != nil || s.Residence(id) != nil })
}

// placeOf is the id of the zone or residence of an access point.
func placeOf(ap *directory.AccessPoint) string {
	if ap.ZoneID != "" {
		return ap.ZoneID
	}
	return ap.ResidenceID
}

// sessionPlace is the id of the zone or residence that a session is in, or ""
// when it is not known: where the access point is, else what the session says.
func sessionPlace(s *directory.Snapshot, session accounting.Session) string {
	if ap := s.AccessPoint(session.AccessPointID); ap != nil {
		return placeOf(ap)
	}
	if s.Zone(session.ZoneID) != nil {
		return session.ZoneID
	}
	if d := s.Dwelling(session.DwellingID); d != nil {
		return d.ResidenceID
	}
	return ""
}
