package directory

import (
	"fmt"
	"time"
)

// Role is what a console user may do.
type Role string

const (
	RoleAdmin    Role = "admin"    // everything, and users
	RoleNetwork  Role = "network"  // access points, sessions, refusals; no dwellings, no charges
	RoleOperator Role = "operator" // the dwellings and charges of one operator
	RoleDesk     Role = "desk"     // cards, and nothing else
)

// ParseRole reads a role as it is written on the command line.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleAdmin, RoleNetwork, RoleOperator, RoleDesk:
		return r, nil
	}
	return "", fmt.Errorf("%q is not a role: use admin, network, operator or desk", clip(s))
}

// User is somebody who signs in to the console.
type User struct {
	ID, Name     string // Name is the login
	Role         Role
	OperatorID   string // set for RoleOperator, and only then
	PasswordHash string // argon2id in PHC form
	Disabled     bool
}

// Consent is a device's acceptance of a zone's terms. Each is kept, with the
// version of the text and the language in which it was read.
type Consent struct {
	Device   Device
	Language string
	CardID   string // the card that was shown, empty for one tap
}

// DwellingState is a dwelling with the lease of a day; Lease is nil when vacant.
type DwellingState struct {
	Dwelling Dwelling
	Lease    *Lease
}

// ResidenceState is a residence with its operator, sector and the number of its
// dwellings in stock and of those that are let on a day.
type ResidenceState struct {
	Residence     Residence
	Sector        Sector
	Operator      Operator
	Dwellings     int
	Let           int
	AgreementEnds Date // zero: open, or no agreement; see Agreed
	Agreed        bool // an agreement covers the day
}

// AuditEntry says who did what to what, when.
type AuditEntry struct {
	At      time.Time
	Actor   string // user name, or "parvis" for the program itself
	Action  string // for example "nas.add"
	Subject string // id
	Detail  string // no secrets
}
