// Package dialect spells what a device may use in the words of each family of
// access points and gateways, and says how each is told to end or change a
// session. One file for each family; nothing here knows of packets, secrets or
// sockets. docs/connect/ has a page on each of them.
//
// A new family is a file with a type that has the methods of Dialect, its line
// in all, its rows in the tests' tables, and its page.
package dialect

import "parvis/internal/access"

// Dialect is how one family of NASes is spoken to. The Append functions append
// attributes in wire form to b, allocate nothing when it has room, and leave out
// what is zero in the grant (no limit of ours) or what the family cannot carry.
// What does not fit a unit becomes the most that the unit can say.
type Dialect interface {
	// Name is what directory.NAS.Dialect holds.
	Name() string
	// Carries says what AppendGrant and AppendRedirect can express.
	Carries() Carries
	// DynAuth says how a session is ended or changed.
	DynAuth() DynamicAuth
	// AppendGrant appends the rates, quota, VLAN and role of an Access-Accept,
	// at most MaxGrant octets.
	AppendGrant(b []byte, g access.Grant) []byte
	// AppendRedirect appends what an Access-Accept says in order to send the
	// device's browser to url. ok is false, and nothing is appended, when the
	// family cannot, or the url is empty or too long for it.
	AppendRedirect(b []byte, url string) (_ []byte, ok bool)
	// AppendChange appends what a CoA-Request says, after the attributes that
	// name the session, to change its rates, at most MaxGrant octets; nothing
	// where DynamicAuth.CanChange is false.
	AppendChange(b []byte, g access.Grant) []byte
}

// MaxGrant is how many octets AppendGrant and AppendChange add at most.
const MaxGrant = 512

// RedirectFilter is the access list that a NAS which wants one must have: it
// says what a device may reach while it is sent to the portal.
const RedirectFilter = "parvis-redirect"

// all lists the dialects, the default first.
func all() [13]Dialect {
	return [...]Dialect{
		generic{},
		coova{},
		uspot{},
		hostapd{},
		mikrotik{},
		cisco{},
		catalyst{},
		aruba{},
		ruckus{},
		unifi{},
		omada{},
		meraki{},
		cambium{},
	}
}

// For returns the dialect of that name; the empty name is the generic one. ok
// is false when there is none.
func For(name string) (d Dialect, ok bool) {
	if name == "" {
		return Generic(), true
	}
	for _, d := range all() {
		if d.Name() == name {
			return d, true
		}
	}
	return nil, false
}

// Generic returns the dialect for a NAS of which nothing special is known.
func Generic() Dialect { return generic{} }

// Names lists the names that For knows, the default first.
func Names() []string {
	var names []string
	for _, d := range all() {
		names = append(names, d.Name())
	}
	return names
}

// orGeneric returns the dialect of that name, or the generic one.
func orGeneric(name string) Dialect {
	if d, ok := For(name); ok {
		return d
	}
	return Generic()
}
