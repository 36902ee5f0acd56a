package client

import (
	"crypto/md5"
	"crypto/subtle"
	"fmt"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// What a proxy needs: to carry attributes that somebody else wrote.

// Attribute is one attribute as it is on the wire.
type Attribute struct {
	Type  Type
	Value []byte
}

// Attributes returns all attributes of the reply, in order.
func (r *Reply) Attributes() []Attribute {
	all := make([]Attribute, len(r.attrs))
	for i, a := range r.attrs {
		all[i] = Attribute{Type(a.Type), a.Attribute}
	}
	return all
}

// saltOctets begin a value that is hidden as RFC 2868 §3.5 says.
const saltOctets = 2

// Reveal undoes the hiding of RFC 2548 §2.4.2 and RFC 2868 §3.5 (an MPPE key, a
// Tunnel-Password without its tag) in a value of this reply. ok is false when
// it is not of that shape. In RADIUS/1.1 nothing is hidden (RFC 9765 §5.1.3).
func (r *Reply) Reveal(hidden []byte) (value []byte, ok bool) {
	if r.secret.IsZero() {
		return hidden, len(hidden) > 0
	}
	return reveal(hidden, r.secret, r.request)
}

func reveal(hidden []byte, secret directory.Secret, request [16]byte) (value []byte, ok bool) {
	if len(hidden) < saltOctets+md5.Size || (len(hidden)-saltOctets)%md5.Size != 0 {
		return nil, false
	}
	salt, body := hidden[:saltOctets], hidden[saltOctets:]
	plain := make([]byte, len(body))
	h := md5.New()
	h.Write([]byte(secret.Reveal()))
	h.Write(request[:])
	h.Write(salt)
	var sum [md5.Size]byte
	for i := 0; i < len(body); i += md5.Size {
		subtle.XORBytes(plain[i:], body[i:i+md5.Size], h.Sum(sum[:0]))
		h.Reset()
		h.Write([]byte(secret.Reveal()))
		h.Write(body[i : i+md5.Size])
	}
	if n := int(plain[0]); n < len(plain) {
		return plain[1 : 1+n], true
	}
	return nil, false
}

// Password sets the User-Password, which Exchange hides under the secret of the
// server and puts behind the first attribute. It has at most 128 octets.
func (r *Request) Password(password directory.Secret) *Request {
	if n := len(password.Reveal()); n > maxPassword {
		r.fail(fmt.Errorf("a User-Password has at most %d octets, not %d", maxPassword, n))
	}
	r.password = &password
	return r
}

const maxPassword = 128

// Carry adds an attribute as somebody else wrote it. Other than with Bytes it
// may be empty, as EAP-Message is at the start of a conversation (RFC 3579 §2.1).
func (r *Request) Carry(t Type, value []byte) *Request {
	if len(value) > 0 {
		return r.Bytes(t, value)
	}
	if t != MessageAuthenticator {
		r.attrs.Add(wire.Type(t), nil)
	}
	return r
}
