package client

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"fmt"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

const headerLen = 20

// encode makes the octets of r. authenticator is random; it is what an
// Access-Request and a Status-Server carry, and what hides a User-Password.
// The others carry a hash instead (RFC 2866 §3, RFC 5176 §2.3).
func encode(r *Request, id byte, authenticator [16]byte, secret directory.Secret) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	p := &wire.Packet{Code: wire.Code(r.code), Identifier: id, Authenticator: authenticator, Secret: []byte(secret.Reveal())}
	signed := r.code != AccountingRequest // RFC 2869 §5.19: not in accounting
	if signed {
		// First, so that no prefix of an attacker's choice stands before it.
		p.Add(wire.Type(MessageAuthenticator), make([]byte, md5.Size))
	}
	for i, a := range r.attrs {
		p.Attributes = append(p.Attributes, a)
		if i == 0 && r.password != nil { // behind User-Name, where readers expect it
			hidden, err := wire.NewUserPassword([]byte(r.password.Reveal()), p.Secret, authenticator[:])
			if err != nil {
				return nil, fmt.Errorf("hide the password: %w", err)
			}
			p.Add(wire.Type(UserPassword), hidden)
		}
	}
	b, err := p.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	random := r.code == AccessRequest || r.code == StatusServer
	if !random {
		clear(b[4:headerLen])
	}
	if signed {
		// RFC 5176 §2.3: over a zero authenticator in CoA and Disconnect.
		copy(b[headerLen+2:], messageAuthenticator(b, secret))
	}
	if !random {
		h := md5.New()
		h.Write(b)
		h.Write(p.Secret)
		copy(b[4:headerLen], h.Sum(nil))
	}
	return b, nil
}

// messageAuthenticator is the HMAC-MD5 over b, in which the attribute's value
// and the Authenticator field are as RFC 3579 §3.2 wants them already.
func messageAuthenticator(b []byte, secret directory.Secret) []byte {
	h := hmac.New(md5.New, []byte(secret.Reveal()))
	h.Write(b)
	return h.Sum(nil)
}

// packetLength returns the Length of a datagram, so that what a peer padded
// behind it is not read (RFC 2865 §3); ok is false when it cannot be a packet.
func packetLength(b []byte) (n int, ok bool) {
	if len(b) < headerLen {
		return 0, false
	}
	n = int(binary.BigEndian.Uint16(b[2:4]))
	return n, n >= headerLen && n <= wire.MaxPacketLength && n <= len(b)
}
