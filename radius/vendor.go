package radius

import (
	"encoding/binary"

	wire "layeh.com/radius"
)

// Vendor numbers (IANA private enterprise numbers).
const (
	vendorCisco     = 9
	vendorMicrosoft = 311
	vendorRedback   = 2352
	vendorADSLForum = 3561
	vendorJuniperBB = 4874 // ERX, Juniper's broadband gateways
)

const vendorIDOctets = 4

// vendorValues calls yield for the attributes of one vendor that are spelled as
// RFC 2865 §5.26 suggests (type, length, value), until it returns false. A
// vendor attribute of another shape is passed over: it is not ours to judge.
func vendorValues(attrs wire.Attributes, vendor uint32, yield func(kind byte, value []byte) bool) {
	for _, a := range attrs {
		v := a.Attribute
		if a.Type != typeVendorSpecific || len(v) < vendorIDOctets || binary.BigEndian.Uint32(v) != vendor {
			continue
		}
		for v = v[vendorIDOctets:]; len(v) >= 2; {
			length := int(v[1])
			if length < 2 || length > len(v) {
				break
			}
			if !yield(v[0], v[2:length]) {
				return
			}
			v = v[length:]
		}
	}
}

// vendorValue returns the first attribute of that kind, nil when there is none.
func vendorValue(attrs wire.Attributes, vendor uint32, kind byte) (value []byte) {
	vendorValues(attrs, vendor, func(k byte, v []byte) bool {
		if k != kind {
			return true
		}
		value = v
		return false
	})
	return value
}

// addVendor appends a vendor-specific attribute; value has at most 247 octets.
func (p *reply) addVendor(vendor uint32, kind byte, value []byte) {
	p.b = append(p.b, typeVendorSpecific, byte(2+vendorIDOctets+2+len(value)))
	p.b = binary.BigEndian.AppendUint32(p.b, vendor)
	p.b = append(p.b, kind, byte(2+len(value)))
	p.b = append(p.b, value...)
}
