package dialect

// DynamicAuth is how a family is told to end or to change a session, RFC 5176.
type DynamicAuth struct {
	// Port is the UDP port that it listens on unless it was set up otherwise.
	Port uint16
	// CanChange reports whether the rates of a running session follow a
	// CoA-Request with what Dialect.AppendChange writes. Where it is false, and
	// where the new grant has no limit in a direction, disconnect instead: the
	// device comes back and gets the new grant. (No attribute means no limit in
	// an Access-Accept, but no change in a CoA-Request.)
	CanChange bool
	// Attributes are those, and the only ones, that go into a request, in this
	// order. One whose value is not known is left out. MessageAuthenticator is
	// the first, except where the family refuses it (uspot).
	Attributes []Identify
	// Notes is for people: what is odd about this family.
	Notes string
}

// Has reports whether the family wants or needs that attribute.
func (d DynamicAuth) Has(a Identify) bool {
	for _, have := range d.Attributes {
		if have == a {
			return true
		}
	}
	return false
}

// Identify is an attribute of a Disconnect-Request or CoA-Request. The first
// and the last say that the request is ours and new; those between name the NAS
// and the session, RFC 5176 §3.
type Identify uint8

// The attributes.
const (
	MessageAuthenticator Identify = iota // 80, RFC 5176 §3.4
	UserName                             // 1, as in the accounting of the session
	NASIPAddress                         // 4, or NAS-IPv6-Address 95
	NASIdentifier                        // 32, as in the accounting of the session
	FramedIP                             // 8
	CallingStationID                     // 31, RFC 3580 §3.21: 00-10-A4-23-19-C0
	AcctSessionID                        // 44
	AcctMultiSessionID                   // 50
	EventTimestamp                       // 55, RFC 5176 §3.3: the NAS has a window of 300 s
	identifyCount
)

// String returns the attribute's name.
func (i Identify) String() string {
	if i >= identifyCount {
		return "unknown"
	}
	return [identifyCount]string{
		"Message-Authenticator", "User-Name", "NAS-IP-Address", "NAS-Identifier", "Framed-IP-Address",
		"Calling-Station-Id", "Acct-Session-Id", "Acct-Multi-Session-Id", "Event-Timestamp",
	}[i]
}

// Type returns the RADIUS attribute type; NASIPAddress is the IPv4 one.
func (i Identify) Type() byte {
	if i >= identifyCount {
		return 0
	}
	return [identifyCount]byte{80, 1, 4, 32, 8, 31, 44, 50, 55}[i]
}

// dynAuthPort: RFC 5176 §2. ciscoDynAuthPort is what came before it.
const (
	dynAuthPort      = 3799
	ciscoDynAuthPort = 1700
)

// DynAuth returns the dynamic authorisation of the dialect of that name, and the
// generic one's when there is none of that name.
func DynAuth(name string) DynamicAuth { return orGeneric(name).DynAuth() }
