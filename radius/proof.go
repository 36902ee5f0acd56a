package radius

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"strings"

	"parvis/internal/access"
	"parvis/internal/directory"
)

// maxPassword is the longest User-Password, RFC 2865 §5.2.
const maxPassword = 128

// proof is what a request offers to show who asks: at most one of a password,
// a CHAP response and an MS-CHAPv2 response.
type proof struct {
	method    access.Method // MethodNone, MethodPAP, MethodCHAP or MethodMSCHAP
	malformed bool          // offered, but of a wrong shape: fits nothing
	other     bool          // offers only what this server cannot verify

	password  [maxPassword]byte
	length    int
	chap      []byte // CHAP ident and response, 17 octets
	challenge []byte
	ms        msCHAP2
	proven    directory.Secret // what it was made from, once fits has said so
	// again reads the password anew with the NAS's other secret; nil when the
	// signature has shown which one it uses.
	again func()
}

// read takes the proof from an Access-Request; p is empty before.
func (p *proof) read(q *inquiry) {
	password, pap := q.attrs.Lookup(typeUserPassword)
	response, chap := q.attrs.Lookup(typeCHAPPassword)
	switch {
	case pap && chap: // RFC 2865 §4.1: must not contain both
	case pap:
		p.method = access.MethodPAP
		if q.over == overTLS11 { // RFC 9765 §5.1.1: as it is, without padding
			p.malformed = len(password) == 0 || len(password) > maxPassword
			p.length = copy(p.password[:], password)
		} else {
			p.malformed = !p.reveal(password, []byte(q.secret.Reveal()), q.authenticator())
		}
		if !q.signed && q.over == overUDP && q.hasOldSecret() {
			p.again = func() {
				q.otherSecret()
				p.reveal(password, []byte(q.secret.Reveal()), q.authenticator())
			}
		}
	case chap:
		p.method = access.MethodCHAP
		p.chap = response
		p.malformed = len(response) != 1+md5.Size
		// RFC 2865 §5.40: without CHAP-Challenge the Authenticator is the challenge.
		p.challenge = q.authenticator()
		if c := q.attrs.Get(typeCHAPChallenge); len(c) > 0 {
			p.challenge = c
		} else if q.over == overTLS11 { // RFC 9765 §5.1.2: it must be there
			p.malformed = true
		}
	default:
		p.readMicrosoft(q)
	}
}

// readMicrosoft looks for a response to MS-CHAPv2; one to MS-CHAP, whose
// LAN-manager hashes fall in seconds, is not taken.
func (p *proof) readMicrosoft(q *inquiry) {
	response := vendorValue(q.attrs, vendorMicrosoft, msCHAP2Response)
	if response == nil {
		_, arap := q.attrs.Lookup(typeARAPPassword)
		p.other = arap || vendorValue(q.attrs, vendorMicrosoft, msCHAPResponse) != nil
		return
	}
	p.method = access.MethodMSCHAP
	var ok bool
	p.ms, ok = parseMSCHAP2(vendorValue(q.attrs, vendorMicrosoft, msCHAPChallenge), response, q.attrs.Get(typeUserName))
	p.malformed = !ok
}

// reveal undoes the hiding of User-Password, RFC 2865 §5.2. Only the padding is
// cut off: what follows a NUL inside the password still counts.
func (p *proof) reveal(hidden, secret, authenticator []byte) bool {
	if len(hidden) == 0 || len(hidden) > maxPassword || len(hidden)%md5.Size != 0 {
		return false
	}
	last := authenticator
	for i := 0; i < len(hidden); i += md5.Size {
		sum := md5Of(secret, last)
		last = hidden[i : i+md5.Size]
		subtle.XORBytes(p.password[i:], last, sum[:])
	}
	p.length = len(hidden)
	for p.length > 0 && p.password[p.length-1] == 0 {
		p.length--
	}
	return true
}

// fits reports whether the proof was made from the secret. An empty secret
// never fits: it would mean that none is set.
func (p *proof) fits(secret directory.Secret) bool {
	if secret.IsZero() || !p.fitsText(secret) {
		return false
	}
	p.proven = secret
	return true
}

func (p *proof) fitsText(secret directory.Secret) bool {
	switch {
	case p.malformed:
		return false
	case p.method == access.MethodPAP:
		if secret.Equal(string(p.password[:p.length])) {
			return true
		}
		if p.again == nil {
			return false
		}
		p.again()
		if secret.Equal(string(p.password[:p.length])) {
			return true
		}
		p.again()
	case p.method == access.MethodCHAP:
		// RFC 2865 §2.2: MD5 over ident, password and challenge.
		h := md5.New()
		h.Write(p.chap[:1])
		h.Write([]byte(secret.Reveal()))
		h.Write(p.challenge)
		var sum [md5.Size]byte
		h.Sum(sum[:0])
		return subtle.ConstantTimeCompare(sum[:], p.chap[1:]) == 1
	case p.method == access.MethodMSCHAP:
		return p.ms.fits(ntHash(secret.Reveal()))
	}
	return false
}

// Service-Types that mark MAC authentication, RFC 2865 §5.6.
const (
	serviceFramed    = 2  // CoovaChilli's macauth; its portal logins say 1
	serviceCallCheck = 10 // the NAS asks about a caller, not on behalf of a user
)

// asksForMAC decides which Access-Requests are MAC authentication. All of:
//
//  1. There is no EAP-Message (the caller has looked).
//  2. User-Name is a MAC in any spelling, and Calling-Station-Id is the same
//     MAC. This is what makes it safe: the NAS itself vouches for the address,
//     so nobody can type another's address into a login page.
//  3. Service-Type is Framed or Call-Check, with whatever password (gateways
//     have a fixed one, or none); or the password is empty or the same MAC in
//     any spelling, or the NAS's own password for this; or the CHAP or
//     MS-CHAPv2 response is made from one of those. (An answer to MS-CHAPv2
//     proves the password to the device, so there none is made up.)
//
// Whatever else has a MAC as User-Name is a login with a password. A MAC is no
// secret, so this proves nothing but presence: access.Decide gives for it only
// what a tap on the welcome page gives, and never a dwelling.
func asksForMAC(q *inquiry, user string, calling directory.MAC, p *proof) bool {
	if calling.IsZero() || p.other {
		return false
	}
	if mac, err := directory.ParseMAC(user); err != nil || mac != calling {
		return false
	}
	if v := q.attrs.Get(typeServiceType); len(v) == 4 && p.method != access.MethodMSCHAP {
		if t := binary.BigEndian.Uint32(v); t == serviceFramed || t == serviceCallCheck {
			return true
		}
	}
	switch {
	case p.malformed:
		return false
	case p.fits(q.nas.MACPassword):
		return true
	case p.method == access.MethodPAP:
		if p.length == 0 {
			return true
		}
		mac, err := directory.ParseMAC(string(p.password[:p.length]))
		return err == nil && mac == calling
	case p.method == access.MethodCHAP, p.method == access.MethodMSCHAP:
		return p.fitsText(directory.NewSecret("")) && p.method == access.MethodCHAP || p.fitsSpelling(user, calling)
	}
	return false
}

// fitsSpelling tries the spellings of a MAC that gateways use as password.
func (p *proof) fitsSpelling(user string, mac directory.MAC) bool {
	dashes := mac.String()
	for _, text := range []string{user, dashes, strings.ReplaceAll(dashes, "-", ":"), strings.ReplaceAll(dashes, "-", "")} {
		for _, spelling := range []string{text, strings.ToLower(text)} {
			if p.fits(directory.NewSecret(spelling)) {
				return true
			}
		}
	}
	return false
}
