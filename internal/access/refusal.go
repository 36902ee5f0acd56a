package access

import (
	"time"

	"parvis/internal/directory"
)

// Refusal is one refused request, kept for a short while so that an
// administrator can see who does not get in, and why.
type Refusal struct {
	At          time.Time
	Reason      Reason
	Method      Method
	MAC         directory.MAC
	Login       string // the User-Name as sent, cut to 64 characters; never a password
	NAS         string // name
	AccessPoint string // name; empty when not known
}
