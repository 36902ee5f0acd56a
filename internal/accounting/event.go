// Package accounting says what an accounting event changes in a session. It is
// pure: no clock, no SQL.
//
// What holds:
//   - In, Out and Seconds never go down, and UpdatedAt only moves forward; a
//     counter that an event does not carry changes nothing: missing is not zero.
//   - The same event again changes nothing.
//   - The events of one session may arrive in any order, also with Restart,
//     Supersede and Expire in between: its start, its counters and the end that
//     its Stop gives are the same. (StartedAt is the earliest start that any
//     event implies. Of two different Logins or places the first to arrive stays.)
//   - A Stop is final: a Start or Interim of a later instant changes nothing, one
//     of an earlier instant was late and still counts.
//   - An end that we concluded is not: a Stop replaces it, a sign of life after
//     CauseStale opens the session again, and after CauseNASRestart or
//     CauseSuperseded it counts and moves the end.
//
// What does not: a NAS that gives an ended session's key to a new one within its
// Class, or without Class its Acct-Session-Id and MAC, is not told apart from
// a late packet; the new session is not opened.
package accounting

import (
	"time"

	"parvis/internal/directory"
)

// Kind is an Acct-Status-Type, RFC 2866 §5.1.
type Kind uint8

// The kinds; String gives the metric label.
const (
	Start Kind = iota + 1
	Interim
	Stop
	On
	Off
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Start, Interim, Stop, On, Off} }

// String returns the metric label.
func (k Kind) String() string {
	if k < Start || k > Off {
		return "unknown"
	}
	return [...]string{"start", "interim", "stop", "on", "off"}[k-Start]
}

// Event is one Accounting-Request, with the place and the subject that it
// belongs to already found. It is what the journal keeps.
type Event struct {
	Kind     Kind
	Received time.Time // by us
	At       time.Time // when it happened: Event-Timestamp, else Received minus Acct-Delay-Time

	NASID         string
	AcctSessionID string
	Class         string // the token of the Class that we issued; empty when the NAS sent none of ours
	MAC           directory.MAC
	NASAddress    string // IP address that the NAS sent it from; empty when not known
	Login         string // User-Name as sent; may be an outer identity such as "anonymous"

	AccessPointID      string // empty when not known
	ZoneID, DwellingID string // who it is counted for; both may be empty

	// Scoped says that an On or Off is about AccessPointID only, not the whole NAS.
	Scoped bool

	// Nil where the NAS did not report it. Bytes are totals with Gigawords
	// (RFC 2869 §5.1–5.2): In from the device, Out towards it.
	In, Out *uint64
	Seconds *uint32 // Acct-Session-Time

	Cause uint32 // Acct-Terminate-Cause, 0 when absent
}

// Key names the session that the event belongs to: the Class that we issued
// plus Acct-Session-Id, because some NASes carry one Class across linked
// sessions; without Class the NAS, Acct-Session-Id and MAC.
func (e Event) Key() string {
	if e.Class != "" {
		return "c/" + e.Class + "/" + e.AcctSessionID
	}
	return "n/" + e.NASID + "/" + e.AcctSessionID + "/" + e.MAC.String()
}
