package client

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// Reply is an answer whose signatures fitted.
type Reply struct {
	Code  Code
	attrs wire.Attributes

	// What hides values in it.
	secret  directory.Secret
	request [16]byte // the authenticator of the request
}

// Accepted reports whether the reply is an Access-Accept.
func (r *Reply) Accepted() bool { return r.Code == AccessAccept }

// Bytes returns the first attribute of type t, nil when there is none.
func (r *Reply) Bytes(t Type) []byte { return r.attrs.Get(wire.Type(t)) }

// All returns every attribute of type t, in order.
func (r *Reply) All(t Type) [][]byte {
	var all [][]byte
	for _, a := range r.attrs {
		if a.Type == wire.Type(t) {
			all = append(all, a.Attribute)
		}
	}
	return all
}

// Text returns the first attribute of type t as text, "" when there is none.
func (r *Reply) Text(t Type) string { return string(r.Bytes(t)) }

// Uint32 returns the first attribute of type t as an integer; ok is false when
// there is none of four octets.
func (r *Reply) Uint32(t Type) (v uint32, ok bool) {
	b := r.Bytes(t)
	if len(b) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(b), true
}

// Seconds returns the first attribute of type t as a duration, 0 when there is
// none.
func (r *Reply) Seconds(t Type) time.Duration {
	v, _ := r.Uint32(t)
	return time.Duration(v) * time.Second
}

// Vendor returns the first attribute t of the vendor, nil when there is none.
func (r *Reply) Vendor(vendor uint32, t Type) []byte {
	for _, b := range r.All(VendorSpecific) {
		if len(b) < 4 || binary.BigEndian.Uint32(b) != vendor {
			continue
		}
		for b = b[4:]; len(b) >= 2 && int(b[1]) >= 2 && int(b[1]) <= len(b); b = b[b[1]:] {
			if Type(b[0]) == t {
				return b[2:b[1]]
			}
		}
	}
	return nil
}

var (
	errShape         = errors.New("not a RADIUS packet")
	errCode          = errors.New("a code that does not answer the request")
	errAuthenticator = errors.New("the Response Authenticator does not fit")
	errMAWrong       = errors.New("the Message-Authenticator does not fit")
	errMAMissing     = errors.New("the Message-Authenticator is missing")
)

// readReply checks b, an answer to the request that was sent as request, and
// reads it. unsigned also believes an Accept, Reject or Challenge without
// Message-Authenticator, which CVE-2024-3596 can forge.
func readReply(b, request []byte, secret directory.Secret, unsigned bool) (*Reply, error) {
	n, ok := packetLength(b)
	if !ok {
		return nil, errShape
	}
	b = b[:n]
	code := Code(b[0])
	if b[1] != request[1] || !code.answers(Code(request[0])) {
		return nil, errCode
	}
	// RFC 2865 §3: MD5(Code+ID+Length+RequestAuth+Attributes+Secret).
	h := md5.New()
	h.Write(b[:4])
	h.Write(request[4:headerLen])
	h.Write(b[headerLen:])
	h.Write([]byte(secret.Reveal()))
	if subtle.ConstantTimeCompare(h.Sum(nil), b[4:headerLen]) != 1 {
		return nil, errAuthenticator
	}
	attrs, err := wire.ParseAttributes(b[headerLen:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errShape, err)
	}
	signed, err := checkMessageAuthenticator(b, request, secret)
	if err != nil {
		return nil, err
	}
	access := code == AccessAccept || code == AccessReject || code == AccessChallenge
	if access && !signed && !unsigned {
		return nil, errMAMissing
	}
	return &Reply{Code: code, attrs: attrs, secret: secret, request: [16]byte(request[4:headerLen])}, nil
}

// checkMessageAuthenticator reports whether b, whose attributes are well
// formed, has a Message-Authenticator. It is over the reply with the request's
// authenticator in its header, RFC 3579 §3.2. No standard says what stands there
// in an Accounting-Response: FreeRADIUS has zeroes, other servers the request's
// authenticator, so both are keyed proof enough.
func checkMessageAuthenticator(b, request []byte, secret directory.Secret) (bool, error) {
	at := 0
	for i := headerLen; i < len(b); i += int(b[i+1]) {
		if Type(b[i]) != MessageAuthenticator {
			continue
		}
		if at != 0 || b[i+1] != 2+md5.Size {
			return false, errMAWrong
		}
		at = i + 2
	}
	if at == 0 {
		return false, nil
	}
	c := append([]byte(nil), b...)
	copy(c[4:headerLen], request[4:headerLen])
	clear(c[at : at+md5.Size])
	if subtle.ConstantTimeCompare(messageAuthenticator(c, secret), b[at:at+md5.Size]) == 1 {
		return true, nil
	}
	if Code(request[0]) == AccountingRequest {
		clear(c[4:headerLen])
		if subtle.ConstantTimeCompare(messageAuthenticator(c, secret), b[at:at+md5.Size]) == 1 {
			return true, nil
		}
	}
	return false, errMAWrong
}
