package store

import (
	"cmp"
	"math"
	"slices"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// stays folds a batch of events over the sessions that they touch, in memory.
type stays struct {
	before, after map[string]accounting.Session // by key; what was not there is not in before
	devices       map[nasDevice]map[string]bool // keys
	heard         map[string]time.Time          // access point -> latest arrival of an event
}

type nasDevice struct {
	nasID string
	mac   directory.MAC
}

func newStays() *stays {
	return &stays{
		before: map[string]accounting.Session{}, after: map[string]accounting.Session{},
		devices: map[nasDevice]map[string]bool{}, heard: map[string]time.Time{},
	}
}

func (s *stays) load(v accounting.Session) {
	s.before[v.Key] = v
	s.set(v)
}

func (s *stays) set(v accounting.Session) {
	s.after[v.Key] = v
	d := nasDevice{v.NASID, v.MAC}
	if s.devices[d] == nil {
		s.devices[d] = map[string]bool{}
	}
	s.devices[d][v.Key] = true
}

func (s *stays) apply(e accounting.Event) {
	switch e.Kind {
	case accounting.On, accounting.Off:
		for _, v := range s.after {
			s.set(accounting.Restart(v, e))
		}
		s.hear(e.AccessPointID, e)
	case accounting.Start, accounting.Interim, accounting.Stop:
		v := bounded(accounting.Apply(s.after[e.Key()], e))
		s.set(v)
		s.hear(v.AccessPointID, e)
		if e.Kind == accounting.Start && !e.MAC.IsZero() {
			s.supersede(v, nasDevice{e.NASID, e.MAC})
		}
	}
}

// supersede ends the other open sessions of the device on the same NAS that
// began earlier: their Stops were lost.
func (s *stays) supersede(by accounting.Session, d nasDevice) {
	for key := range s.devices[d] {
		if v := s.after[key]; key != by.Key && v.StartedAt.Before(by.StartedAt) {
			s.after[key] = accounting.Supersede(v)
		}
	}
}

func (s *stays) hear(accessPointID string, e accounting.Event) {
	at := e.Received
	if at.IsZero() {
		at = e.At
	}
	if accessPointID != "" && at.After(s.heard[accessPointID]) {
		s.heard[accessPointID] = at
	}
}

// changes returns the sessions that are not what they were, in the order of
// their keys, so that two nodes lock rows in the same order.
func (s *stays) changes() []accounting.Change {
	var list []accounting.Change
	for key, after := range s.after {
		if before := s.before[key]; before != after {
			list = append(list, accounting.Change{Before: before, After: after})
		}
	}
	slices.SortFunc(list, func(a, b accounting.Change) int { return cmp.Compare(a.After.Key, b.After.Key) })
	return list
}

// usage returns by how much the totals of the access points grow. The bytes of
// a session whose access point becomes known late all count then.
func (s *stays) usage(changes []accounting.Change) []accounting.Usage {
	sums := map[string]*accounting.Usage{}
	at := func(id string) *accounting.Usage {
		if sums[id] == nil {
			sums[id] = &accounting.Usage{AccessPointID: id, LastHeard: s.heard[id]}
		}
		return sums[id]
	}
	for id := range s.heard {
		at(id)
	}
	for _, c := range changes {
		if c.After.AccessPointID == "" {
			continue
		}
		u, in, out := at(c.After.AccessPointID), c.After.In, c.After.Out
		if c.Before.AccessPointID == c.After.AccessPointID {
			in, out = in-c.Before.In, out-c.Before.Out // counters only grow
		}
		u.In, u.Out = min(u.In+in, math.MaxInt64), min(u.Out+out, math.MaxInt64)
	}
	var list []accounting.Usage
	for _, u := range sums {
		list = append(list, *u)
	}
	slices.SortFunc(list, func(a, b accounting.Usage) int { return cmp.Compare(a.AccessPointID, b.AccessPointID) })
	return list
}
