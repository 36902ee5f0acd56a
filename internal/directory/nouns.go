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
	// QuotaBytes is what one session may carry in both directions together; 0 means no limit.
	QuotaBytes uint64
	// Role is the name of a role or group policy that the NAS knows; may be empty.
	Role string
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
	// same terms recognise each other's devices; hence one with cards does not
	// share those of one without.
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

// Signature is whether a NAS must sign its Access-Requests with a
// Message-Authenticator. One that need not is open to CVE-2024-3596 (BlastRADIUS).
type Signature string

const (
	SignatureYes  Signature = "yes"  // unsigned requests are dropped; the empty value means the same
	SignatureAuto Signature = "auto" // becomes yes at the first proof that the NAS can sign
	SignatureNo   Signature = "no"   // unsigned requests are answered
)

// NAS is a RADIUS client: a gateway, a controller or an access point.
type NAS struct {
	ID, Name string
	// Prefix is where its packets come from; one address (/32, /128) or a range.
	// It may be missing when TLSName is there.
	Prefix netip.Prefix
	// Secret is the shared secret for UDP.
	Secret Secret
	// OldSecret is valid beside Secret before OldSecretUntil, while the NAS is
	// being given its new secret. OldSecretUsed is about when a request last came with it.
	OldSecret      Secret
	OldSecretUntil time.Time
	OldSecretUsed  time.Time
	// TLSName is what its certificate shows on RADIUS over TLS: a DNS name of
	// the certificate, in small letters, or "sha256:" and the certificate's
	// SHA-256 in hexadecimal. Empty when it does not use TLS.
	TLSName string
	// Dialect names a file of radius/dialect.
	Dialect   string
	Signature Signature
	// DynAuthPort is where it takes CoA and Disconnect requests; 0 means the dialect's port.
	DynAuthPort uint16
	// MACPassword is the shared password that it gives in MAC authentication; may be empty.
	MACPassword Secret
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

// Outlet is a wired port that serves one dwelling, without a login.
type Outlet struct {
	ID, DwellingID, NASID string
	// Port is the NAS-Port-Id, or the circuit id (RFC 4679 §3.3.1, DHCP option 82)
	// that the NAS reports, as Parvis shows it: octets that are not text are %XX.
	Port string
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
