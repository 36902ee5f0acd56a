package radius

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	wire "layeh.com/radius"

	"parvis/internal/access"
	"parvis/internal/directory"
)

// typeChargeableUserIdentity: RFC 4372.
const typeChargeableUserIdentity = 89

// cuiLabel keeps what the class key makes here apart from Class, whose text
// begins with its version.
const cuiLabel = "chargeable-user-identity\x00"

// cuiOctets of the hash are used: enough that no two of a city meet.
const cuiOctets = 18

// operatorName reads Operator-Name: a name space, which is a digit, and the name
// of whoever runs the network that a visitor is in. ok is false when it is
// absent or misshapen.
func operatorName(attrs wire.Attributes) (space byte, name string, ok bool) {
	v := attrs.Get(typeOperatorName)
	if len(v) < 2 || v[0] < '0' || v[0] > '9' {
		return 0, "", false
	}
	return v[0], text(v[1:]), true
}

// addCUI gives whoever runs the network a name for whom they serve, when they
// ask for one (RFC 4372 §2.1: the attribute, mostly a NUL, in the request). It
// says nothing of who that is; it is the same each time, so that abuse can be
// stopped; and it is another one for each operator, so that two of them cannot
// compare their lists.
func (p *reply) addCUI(key directory.Key, g access.Grant) {
	if _, asked := p.q.attrs.Lookup(typeChargeableUserIdentity); !asked {
		return
	}
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(cuiLabel))
	if space, name, ok := operatorName(p.q.attrs); ok {
		h.Write([]byte{space})
		h.Write([]byte(name))
	}
	h.Write([]byte{0})
	if g.DwellingID != "" {
		h.Write([]byte{classDwelling})
		h.Write([]byte(g.DwellingID))
	} else {
		mac := callingMAC(p.q.attrs)
		if mac.IsZero() {
			return
		}
		h.Write([]byte{classZone})
		h.Write(mac[:])
	}
	var sum [sha256.Size]byte
	p.add(typeChargeableUserIdentity, []byte(base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0])[:cuiOctets])))
}
