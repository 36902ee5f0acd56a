// Package dialect spells what a device may use in the words of each family of
// access points and gateways. One file for each family; nothing here knows of
// packets, secrets or sockets.
//
// Vendor-specific attributes are written by one function here. The generated
// ones of layeh.com/radius are not used: a second Set panics, and Del does not
// return on a malformed attribute.
package dialect

import (
	"encoding/binary"
	"math"

	"parvis/internal/access"
)

// Dialect is how one family of NASes is told a rate.
type Dialect interface {
	// Name is what directory.NAS.Dialect holds.
	Name() string
	// AppendRate appends the grant's rates to a list of attributes in wire
	// form. A rate of 0 means no limit and is left out. It adds at most 64 octets.
	AppendRate(b []byte, g access.Grant) []byte
	// AppendChange appends what a CoA-Request says, after the attributes that
	// name the session, to change its rates; nothing where DynamicAuth.CanChange
	// is false. It adds at most 64 octets.
	AppendChange(b []byte, g access.Grant) []byte
}

// all lists the dialects, the default first.
func all() [3]Dialect { return [...]Dialect{generic{}, coova{}, mikrotik{}} }

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

// appendVSA appends one vendor-specific attribute, RFC 2865 §5.26. value has at
// most 247 octets.
func appendVSA(b []byte, vendor uint32, kind byte, value []byte) []byte {
	const vendorSpecific, header, inner = 26, 6, 2
	b = append(b, vendorSpecific, byte(header+inner+len(value)))
	b = binary.BigEndian.AppendUint32(b, vendor)
	b = append(b, kind, byte(inner+len(value)))
	return append(b, value...)
}

func appendVSAUint32(b []byte, vendor uint32, kind byte, v uint32) []byte {
	var value [4]byte
	binary.BigEndian.PutUint32(value[:], v)
	return appendVSA(b, vendor, kind, value[:])
}

// bitsPerSecond converts kbit/s; what does not fit is as much as the attribute
// can say, 4.29 Gbit/s.
func bitsPerSecond(kbps uint32) uint32 {
	return uint32(min(uint64(kbps)*1000, math.MaxUint32))
}
