package directory

import (
	"net/netip"
	"time"
)

// Plan is what a device gets once it is in.
type Plan struct {
	ID, Name string
	// DownKbps and UpKbps are kbit/s towards and from the device; 0 means no limit.
	DownKbps, UpKbps uint32
	// VLAN is 1 to 4094; 0 means none.
	VLAN uint16
	// DeviceSlots is how many devices of one dwelling may be on at once; 0 means no limit.
	DeviceSlots int
	// SessionTime, IdleTime and Interim are whole seconds; 0 means that the NAS decides.
	SessionTime, IdleTime, Interim time.Duration
}

// Entry is how a zone lets a device in that it does not know yet.
type Entry string

const (
	EntryTap  Entry = "tap"  // one button
	EntryCard Entry = "card" // a code printed on a paper card
)

// Zone is a part of the city with public WiFi.
type Zone struct {
	ID, Name, SSID, PlanID string
	Entry                  Entry
	// Terms is the version of the text that a device accepts. Zones with the
	// same terms recognise each other's devices.
	Terms string
	// Remember is for how long a device that accepted is let in again without a page.
	Remember time.Duration
}

// Gateway kinds: how a NAS hands a browser over to the portal.
const (
	GatewayNone    = ""
	GatewayCoova   = "coova"   // UAM, as CoovaChilli speaks it
	GatewayGeneric = "generic" // a plain redirect, and a form posted to LoginURL
)

// NAS is a RADIUS client: a gateway, a controller or an access point.
type NAS struct {
	ID, Name string
	// Prefix is where its packets come from; one address (/32, /128) or a range.
	Prefix netip.Prefix
	Secret Secret
	// Dialect names a file of radius/dialect.
	Dialect string
	// Legacy accepts Access-Requests without Message-Authenticator. Such a NAS
	// is open to CVE-2024-3596 (BlastRADIUS).
	Legacy bool
	// Identifier is the NAS-Identifier it sends, which the portal sees as nasid.
	Identifier string
	// ZoneID is where its devices are when no access point is named or known; may be empty.
	ZoneID string
	// Gateway, GatewaySecret and LoginURL say how a browser comes from it and goes back.
	Gateway       string
	GatewaySecret Secret
	LoginURL      string
}

// AccessPoint is one radio box, in a zone or in a residence.
type AccessPoint struct {
	ID, Name            string
	NASID               string
	BSSID               MAC
	Identifier          string // NAS-Identifier that it sends itself; may be empty
	ZoneID, ResidenceID string // exactly one of the two
	Vendor, Model       string
	Capacity            int // planned maximum of sessions; 0 means not planned
	Latitude, Longitude float64
	Enabled             bool
}

// Operator is a housing operator (bailleur social): the one who pays.
type Operator struct {
	ID, Name string
	SIREN    string // nine digits; may be empty
}

// Sector is a part of an operator's stock that votes as one.
type Sector struct{ ID, OperatorID, Name string }

// Forms of an agreement, loi 86-1290 art. 42.
const (
	AgreementVote   = "vote"   // proposed to the tenants, approved by most of those who answered
	AgreementAccord = "accord" // accord collectif signed with the tenants' associations
)

// Agreement is the legal base of a sector: outside its period nothing is billed.
type Agreement struct {
	ID, SectorID string
	Form         string // AgreementVote or AgreementAccord
	Reference    string // where the signed document is found
	Period       Period
}

// Residence is a group of buildings with one WiFi network.
type Residence struct{ ID, SectorID, Name, Address, SSID, PlanID string }

// Dwelling is what is billed, and what a tenant connects from.
type Dwelling struct {
	ID, ResidenceID string
	Ref             string // the operator's own identifier
	Door            string // building, stair, floor, door, as people say it
	Login           string
	Password        Secret
	// Stock is from when to when the dwelling belongs to the operator's stock.
	Stock Period
}

// Lease says from when to when somebody lives in a dwelling. It holds no name:
// Ref is the operator's opaque reference.
type Lease struct {
	ID, DwellingID, Ref string
	Period              Period
}

// Card is a paper code from a desk. Only a keyed hash of its code is kept.
type Card struct {
	ID, ZoneID string
	Hash       string
	Until      time.Time // not valid from this instant on
	Revoked    bool
}

// Device is the memory that a MAC accepted a zone's terms.
type Device struct {
	MAC        MAC
	Terms      string
	ZoneID     string
	AcceptedAt time.Time
	Until      time.Time // forgotten from this instant on
}
