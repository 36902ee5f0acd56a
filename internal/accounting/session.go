package accounting

import (
	"time"

	"parvis/internal/directory"
)

// Causes of an end that are not an Acct-Terminate-Cause of RFC 2866 §5.10;
// numbered above any that is assigned.
const (
	CauseNASRestart uint32 = 10001 // Accounting-On or -Off
	CauseSuperseded uint32 = 10002 // the device started anew
	CauseStale      uint32 = 10003 // the Stop was lost
)

// Session is what is known of one stay of a device on an access point. Its zero
// value is a session of which nothing was heard yet.
type Session struct {
	Key                string
	NASID              string
	AcctSessionID      string
	MAC                directory.MAC
	Login              string
	AccessPointID      string
	ZoneID, DwellingID string

	StartedAt time.Time
	UpdatedAt time.Time // latest At of an event that counted
	StoppedAt time.Time // zero while open
	In, Out   uint64
	Seconds   uint32
	Cause     uint32
}

// Exists reports whether anything was heard of the session.
func (s Session) Exists() bool { return s.Key != "" }

// Open reports whether the session exists and has not ended.
func (s Session) Open() bool { return s.Exists() && s.StoppedAt.IsZero() }

// Change is what one or more events did to a session.
type Change struct{ Before, After Session }

// Apply returns the session after e, which must be a Start, Interim or Stop of
// that session. Applying the same event again changes nothing, and the order in
// which the events of a session arrive does not change its end, its start or
// its counters.
func Apply(s Session, e Event) Session {
	if !s.Exists() {
		s = Session{
			Key: e.Key(), NASID: e.NASID, AcctSessionID: e.AcctSessionID, MAC: e.MAC,
			StartedAt: startOf(e),
		}
	}
	fill(&s, e)
	if start := startOf(e); start.Before(s.StartedAt) {
		s.StartedAt = start
	}
	if !s.Open() && e.Kind == Interim && e.At.After(s.StoppedAt) {
		if s.Cause != CauseStale {
			return s // a Stop is final
		}
		s.StoppedAt, s.Cause = time.Time{}, 0 // it had only been silent
	}
	// A reordered Interim must not lower a total: the highest report counts.
	s.In = grow(s.In, e.In)
	s.Out = grow(s.Out, e.Out)
	if e.Seconds != nil {
		s.Seconds = max(s.Seconds, *e.Seconds)
	}
	if e.At.After(s.UpdatedAt) {
		s.UpdatedAt = e.At
	}
	if e.Kind == Stop {
		s = end(s, e.At, e.Cause)
	}
	return s
}

// Restart returns the session after an Accounting-On or -Off of its NAS (or of
// its access point when e is scoped). A session that started after the restart
// stays open. RFC 2866 §5.1.
func Restart(s Session, e Event) Session {
	if !s.Open() || s.NASID != e.NASID || e.Scoped && s.AccessPointID != e.AccessPointID || s.StartedAt.After(e.At) {
		return s
	}
	return end(s, s.UpdatedAt, CauseNASRestart)
}

// Supersede ends s because its device started a new session at that instant.
func Supersede(s Session) Session {
	if !s.Open() {
		return s
	}
	return end(s, s.UpdatedAt, CauseSuperseded)
}

// Expire ends s because nothing was heard of it; the last sign of life is its end.
func Expire(s Session) Session {
	if !s.Open() {
		return s
	}
	return end(s, s.UpdatedAt, CauseStale)
}

// end closes s. A Stop of the NAS itself always wins over an end that we
// concluded; of two the later one counts, so that the order does not matter.
func end(s Session, at time.Time, cause uint32) Session {
	concluded, was := cause >= CauseNASRestart, s.Cause >= CauseNASRestart
	switch {
	case s.StoppedAt.IsZero(), was && !concluded:
	case concluded && !was:
		return s
	case !at.After(s.StoppedAt):
		return s
	}
	s.StoppedAt, s.Cause = at, cause
	return s
}

// fill keeps the first value of what a session is about, and adds what an
// earlier event did not say.
func fill(s *Session, e Event) {
	set := func(to *string, v string) {
		if *to == "" {
			*to = v
		}
	}
	set(&s.Login, e.Login)
	set(&s.AccessPointID, e.AccessPointID)
	set(&s.ZoneID, e.ZoneID)
	set(&s.DwellingID, e.DwellingID)
	if s.MAC.IsZero() {
		s.MAC = e.MAC
	}
}

func startOf(e Event) time.Time {
	if e.Kind == Start || e.Seconds == nil {
		return e.At
	}
	return e.At.Add(-time.Duration(*e.Seconds) * time.Second)
}

func grow(total uint64, reported *uint64) uint64 {
	if reported == nil {
		return total
	}
	return max(total, *reported)
}
