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
	NASAddress         string // where its first event came from that said so
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
// that session (see Event.Key). What holds is said in the package comment.
func Apply(s Session, e Event) Session {
	if !s.Exists() {
		s = Session{
			Key: e.Key(), NASID: e.NASID, AcctSessionID: e.AcctSessionID, MAC: e.MAC,
			StartedAt: startOf(e), UpdatedAt: e.At,
		}
	}
	if !s.Open() && e.Kind != Stop && e.At.After(s.StoppedAt) {
		switch s.Cause {
		default:
			return s // the NAS said itself that it was over
		case CauseStale:
			s.StoppedAt, s.Cause = time.Time{}, 0 // it had only been silent
		case CauseNASRestart, CauseSuperseded:
			// Overtaken on its way by what ended the session: the usage counts,
			// and the last sign of life is the end.
			s.StoppedAt = e.At
		}
	}
	fill(&s, e)
	if start := startOf(e); start.Before(s.StartedAt) {
		s.StartedAt = start
	}
	if e.At.After(s.UpdatedAt) {
		s.UpdatedAt = e.At
	}
	// A reordered Interim must not lower a total: the highest report counts.
	s.In = grow(s.In, e.In)
	s.Out = grow(s.Out, e.Out)
	if e.Seconds != nil {
		s.Seconds = max(s.Seconds, *e.Seconds)
	}
	if e.Kind == Stop {
		s = stop(s, e.At, e.Cause)
	}
	return s
}

// stop closes s because the NAS said so, which wins over an end that we
// concluded. Of two Stops the later one counts, and at one instant the higher
// cause, so that their order does not matter.
func stop(s Session, at time.Time, cause uint32) Session {
	if concluded(cause) {
		cause = 0 // a NAS cannot send ours: it would unmake its own Stop
	}
	switch {
	case s.Open(), concluded(s.Cause), at.After(s.StoppedAt):
		s.StoppedAt, s.Cause = at, cause
	case at.Equal(s.StoppedAt):
		s.Cause = max(s.Cause, cause)
	}
	return s
}

func concluded(cause uint32) bool { return cause >= CauseNASRestart && cause <= CauseStale }

// Restart returns the session after an Accounting-On or -Off of its NAS (or of
// its access point when e is scoped). A session that started with the restart
// or later stays open: the instants are whole seconds, and an On that is sent
// again must not end what has begun since. RFC 2866 §5.1.
func Restart(s Session, e Event) Session {
	if s.NASID != e.NASID || e.Scoped && s.AccessPointID != e.AccessPointID || !s.StartedAt.Before(e.At) {
		return s
	}
	return conclude(s, CauseNASRestart)
}

// Supersede ends s because its device started a new session elsewhere.
func Supersede(s Session) Session { return conclude(s, CauseSuperseded) }

// Expire ends s because nothing was heard of it for long.
func Expire(s Session) Session { return conclude(s, CauseStale) }

// conclude ends an open session whose Stop did not come; its last sign of life
// is its end, because what came after it is not known.
func conclude(s Session, cause uint32) Session {
	if s.Open() {
		s.StoppedAt, s.Cause = s.UpdatedAt, cause
	}
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
	set(&s.NASAddress, e.NASAddress)
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
