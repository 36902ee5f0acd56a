package client

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// Request is what is asked, before it has an identifier and signatures. It may
// be exchanged several times, but not changed while it is.
type Request struct {
	code     Code
	attrs    wire.Attributes
	password *directory.Secret // hidden under the packet's own authenticator
	err      error             // the first attribute that does not fit
}

// NewRequest returns an empty request of that code.
func NewRequest(code Code) *Request { return &Request{code: code} }

// PAP asks with a User-Password, RFC 2865 §5.2.
func PAP(user string, password directory.Secret) *Request {
	r := NewRequest(AccessRequest).Text(UserName, user)
	switch n := len(password.Reveal()); {
	case user == "":
		r.fail(errors.New("an Access-Request needs a user name"))
	case n > 128:
		r.fail(fmt.Errorf("a User-Password has at most 128 octets, not %d", n))
	}
	r.password = &password
	return r
}

// CHAP asks with a CHAP-Password over a random challenge, RFC 2865 §5.3.
func CHAP(user string, password directory.Secret) *Request {
	var random [17]byte
	rand.Read(random[:])
	ident, challenge := random[0], random[1:]
	return CHAPResponse(user, ident, chapResponse(ident, password, challenge), challenge)
}

// CHAPResponse asks with a response that somebody else computed: a gateway that
// was handed it by a browser.
func CHAPResponse(user string, ident byte, response [16]byte, challenge []byte) *Request {
	return NewRequest(AccessRequest).Text(UserName, user).
		Bytes(CHAPPassword, append([]byte{ident}, response[:]...)).
		Bytes(CHAPChallenge, challenge)
}

func chapResponse(ident byte, password directory.Secret, challenge []byte) [16]byte {
	h := md5.New()
	h.Write([]byte{ident})
	h.Write([]byte(password.Reveal()))
	h.Write(challenge)
	return [16]byte(h.Sum(nil))
}

// MACAuth asks for a device by its address, as CoovaChilli and hostapd do: the
// MAC is the user and the password, and Service-Type is Framed.
func MACAuth(mac directory.MAC) *Request {
	return PAP(mac.String(), directory.NewSecret(mac.String())).
		Uint32(ServiceType, ServiceFramed).
		Text(CallingStationID, mac.String())
}

// Status asks whether the server is there, RFC 5997 §3.
func Status() *Request { return NewRequest(StatusServer) }

// Text adds a text attribute; an empty text adds nothing, RFC 2865 §5.
func (r *Request) Text(t Type, text string) *Request {
	if text == "" {
		return r
	}
	return r.Bytes(t, []byte(text))
}

// Uint32 adds an integer attribute.
func (r *Request) Uint32(t Type, v uint32) *Request {
	return r.Bytes(t, binary.BigEndian.AppendUint32(nil, v))
}

// Time adds a time attribute, whole seconds; a zero time adds nothing.
func (r *Request) Time(t Type, at time.Time) *Request {
	if at.IsZero() {
		return r
	}
	return r.Uint32(t, uint32(at.Unix()))
}

// IPv4 adds an address attribute; an address that is not IPv4 adds nothing.
func (r *Request) IPv4(t Type, addr netip.Addr) *Request {
	if addr = addr.Unmap(); !addr.Is4() {
		return r
	}
	return r.Bytes(t, addr.AsSlice())
}

// Bytes adds an attribute of 1 to 253 octets. One that does not fit makes
// Exchange fail.
func (r *Request) Bytes(t Type, value []byte) *Request {
	switch {
	case len(value) == 0 || len(value) > maxValue:
		r.fail(fmt.Errorf("attribute %d has %d octets: 1 to %d fit", t, len(value), maxValue))
	case t == MessageAuthenticator:
		r.fail(fmt.Errorf("attribute %d is added by Exchange", t))
	default:
		r.attrs.Add(wire.Type(t), append(wire.Attribute(nil), value...))
	}
	return r
}

// Vendor adds a vendor's attribute in the form that RFC 2865 §5.26 recommends.
func (r *Request) Vendor(vendor uint32, t Type, value []byte) *Request {
	if len(value) > maxVendorValue {
		r.fail(fmt.Errorf("attribute %d of vendor %d has %d octets: %d fit", t, vendor, len(value), maxVendorValue))
		return r
	}
	b := binary.BigEndian.AppendUint32(nil, vendor)
	b = append(b, byte(t), byte(len(value)+2))
	return r.Bytes(VendorSpecific, append(b, value...))
}

// Encoded adds attributes that are in wire form already, as radius/dialect writes
// them. A list that ends within an attribute makes Exchange fail.
func (r *Request) Encoded(list []byte) *Request {
	for len(list) > 0 {
		if len(list) < 2 || int(list[1]) < 2 || int(list[1]) > len(list) {
			r.fail(errors.New("the encoded attributes end within one"))
			return r
		}
		r.Bytes(Type(list[0]), list[2:list[1]])
		list = list[list[1]:]
	}
	return r
}

func (r *Request) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}
