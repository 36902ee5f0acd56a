package dialect

import "encoding/binary"

// Attributes of RFC 2865 and 2868 that a grant is spelled with.
const (
	typeFilterID             = 11
	typeVendorSpecific       = 26
	typeTunnelType           = 64
	typeTunnelMediumType     = 65
	typeTunnelPrivateGroupID = 81
)

// MaxRole is how many octets of a role name every family can carry. A longer
// one is left out: cut off it would be the name of another role.
const MaxRole = maxVendorValue

// The most that a value holds, RFC 2865 §5 and §5.26.
const (
	maxValue       = 253
	maxVendorValue = 247
)

// appendText appends an attribute of text; what is empty or too long is left out.
func appendText(b []byte, kind byte, value string) []byte {
	if value == "" || len(value) > maxValue {
		return b
	}
	b = append(b, kind, byte(2+len(value)))
	return append(b, value...)
}

// appendUint32 appends an attribute of type integer.
func appendUint32(b []byte, kind byte, v uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, kind, 6), v)
}

// appendVSA appends one vendor-specific attribute, RFC 2865 §5.26, whose value
// is prefix and value together, at most maxVendorValue octets.
//
// layeh.com/radius' generated functions are not used for this: a second Set
// panics, and Del does not return on a malformed attribute.
func appendVSA[T string | []byte](b []byte, vendor uint32, kind byte, prefix string, value T) []byte {
	const header, inner = 6, 2
	n := inner + len(prefix) + len(value)
	b = append(b, typeVendorSpecific, byte(header+n))
	b = binary.BigEndian.AppendUint32(b, vendor)
	b = append(b, kind, byte(n))
	b = append(b, prefix...)
	return append(b, value...)
}

// appendVSAText appends text; what is empty or too long is left out.
func appendVSAText(b []byte, vendor uint32, kind byte, value string) []byte {
	if value == "" || len(value) > maxVendorValue {
		return b
	}
	return appendVSA(b, vendor, kind, "", value)
}

// appendVSAUint32 appends an integer, 0 included.
func appendVSAUint32(b []byte, vendor uint32, kind byte, v uint32) []byte {
	var value [4]byte
	binary.BigEndian.PutUint32(value[:], v)
	return appendVSA(b, vendor, kind, "", value[:])
}

// appendVSALimit appends an integer unless it is 0, which means no limit of ours.
func appendVSALimit(b []byte, vendor uint32, kind byte, v uint32) []byte {
	if v == 0 {
		return b
	}
	return appendVSAUint32(b, vendor, kind, v)
}
