// Package extended reads what came to RADIUS after its 255 types were spent:
// extended attributes (RFC 6929) and the data types of RFC 8044. It judges
// nothing: what it does not understand is passed over, never fatal.
package extended

import (
	"encoding/binary"

	wire "layeh.com/radius"
)

// Extended attributes, RFC 6929 §2: four types whose first octet is another
// type, and two which may also go on in the next attribute.
const (
	firstExtended     = 241
	firstLongExtended = 245
	lastExtended      = 246

	// extendedVendor is the extended type of a vendor's own attributes, §2.4.
	extendedVendor = 26
	// vendorHead is a vendor's number and its own type.
	vendorHead = 5
	// moreFragments says that the value goes on in the next attribute, §2.2.
	moreFragments = 0x80
)

// Number names an attribute in the extended space: 241.1, or a vendor's
// 245.26.11344.1, whose Vendor and VendorType are set as well.
type Number struct {
	Type, Extended byte
	Vendor         uint32
	VendorType     byte
}

// Attributes calls yield for the extended attributes, their fragments joined, in
// order, until it returns false. What RFC 6929 §2 calls an invalid attribute (a
// value that is too short, or a fragment whose continuation is missing) is
// passed over and not fatal, as §1.2 has it for whatever a server does not know.
func Attributes(attrs wire.Attributes, yield func(n Number, value []byte) bool) {
	for i := 0; i < len(attrs); i++ {
		a := attrs[i]
		if a.Type < firstExtended || a.Type > lastExtended || len(a.Attribute) < 1 {
			continue
		}
		value := a.Attribute[1:]
		if a.Type >= firstLongExtended {
			var ok bool
			if value, i, ok = joined(attrs, i); !ok {
				continue
			}
		}
		n := Number{Type: byte(a.Type), Extended: a.Attribute[0]}
		if n.Extended == extendedVendor {
			if len(value) < vendorHead {
				continue
			}
			n.Vendor, n.VendorType, value = binary.BigEndian.Uint32(value), value[vendorHead-1], value[vendorHead:]
		}
		if !yield(n, value) {
			return
		}
	}
}

// joined puts the fragments from attrs[i] on together and returns the place of
// the last one. They follow each other and have the same two types; a packet
// bounds how long they can become.
func joined(attrs wire.Attributes, i int) (value []byte, last int, ok bool) {
	first := attrs[i]
	for last = i; ; last++ {
		if last == len(attrs) {
			return nil, last - 1, false
		}
		a := attrs[last]
		switch {
		case a.Type != first.Type, len(a.Attribute) < 2, a.Attribute[0] != first.Attribute[0]:
			return nil, max(i, last-1), false // the one that does not fit is looked at by itself
		case i == last && a.Attribute[1]&moreFragments == 0:
			return a.Attribute[2:], last, true
		}
		value = append(value, a.Attribute[2:]...)
		if a.Attribute[1]&moreFragments == 0 {
			return value, last, true
		}
	}
}

// TLVs calls yield for the attributes inside one of data type tlv, RFC 6929
// §2.3, until it returns false; ok is false when they do not fill it exactly.
func TLVs(value []byte, yield func(kind byte, value []byte) bool) (ok bool) {
	for len(value) > 0 {
		if len(value) < 2 || int(value[1]) < 2 || int(value[1]) > len(value) {
			return false
		}
		if !yield(value[0], value[2:value[1]]) {
			return true
		}
		value = value[value[1]:]
	}
	return true
}
