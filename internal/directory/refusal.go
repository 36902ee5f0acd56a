package directory

import "time"

// Refusal is one refused Access-Request, kept for a short while so that an
// administrator can see who does not get in, and why.
type Refusal struct {
	At          time.Time
	Reason      string // key of access.Reason
	Method      string // label of access.Method
	MAC         MAC
	Login       string // the User-Name as sent, cut to 64 octets; never a password
	NAS         string // name
	AccessPoint string // name; empty when not known
	ZoneID      string // where; both empty when not known
	ResidenceID string
}
