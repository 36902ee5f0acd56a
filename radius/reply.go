package radius

import (
	"encoding/binary"
	"time"

	"parvis/internal/access"
	"parvis/radius/dialect"
)

// reply is an answer being written. Message-Authenticator is always its first
// attribute (CVE-2024-3596), then the Proxy-States.
type reply struct {
	b     []byte
	q     *inquiry
	salts salts
}

const messageAuthenticatorOffset = headerLength + 2

// newReply starts an answer in out, with every Proxy-State unchanged and in
// order, RFC 2865 §5.33.
func newReply(out []byte, code byte, q *inquiry) *reply {
	p := &q.answer
	*p = reply{b: append(out[:0], code, q.identifier(), 0, 0), q: q}
	p.b = append(p.b, q.authenticator()...)
	if p.carriesMA() {
		var zero [messageAuthenticatorOctet]byte
		p.add(typeMessageAuthenticator, zero[:])
	}
	for _, a := range q.attrs {
		if a.Type == typeProxyState {
			p.add(typeProxyState, a.Attribute)
		}
	}
	return p
}

// carriesMA reports whether the answer has a Message-Authenticator. In
// RADIUS/1.1 it must not, RFC 9765 §5.2. Over TLS the answer to an
// Accounting-Request goes without: it protects nothing there, and radsecproxy
// before 1.11.2 computes it otherwise than FreeRADIUS and drops the answer.
func (p *reply) carriesMA() bool {
	return p.q.over == overUDP || p.q.over == overTLS && p.q.code() != codeAccountingRequest
}

// add appends an attribute; value has at most 253 octets.
func (p *reply) add(kind byte, value []byte) {
	p.b = append(p.b, kind, byte(2+len(value)))
	p.b = append(p.b, value...)
}

func (p *reply) addUint32(kind byte, v uint32) {
	p.b = append(p.b, kind, 6)
	p.b = binary.BigEndian.AppendUint32(p.b, v)
}

// addSeconds appends a duration unless it is zero, which means no limit of ours.
func (p *reply) addSeconds(kind byte, d time.Duration) {
	if d > 0 {
		p.addUint32(kind, uint32(min(d/time.Second, 1<<32-1)))
	}
}

// sign completes the answer. It fails only when the NAS sent so many
// Proxy-States that the answer would be longer than a RADIUS packet may be.
func (p *reply) sign() ([]byte, discard) {
	if len(p.b) > maxPacket {
		return nil, discardTooLong
	}
	secret := []byte(p.q.secret.Reveal())
	binary.BigEndian.PutUint16(p.b[2:4], uint16(len(p.b)))
	if p.q.over == overTLS11 { // RFC 9765 §4.1: the header has the Token of the request
		return p.b, discardNone
	}
	if p.carriesMA() {
		// RFC 3579 §3.2: computed with the request's Authenticator in its place. No
		// standard says what it is in the answer to an Accounting-Request;
		// FreeRADIUS, which checks it, has zeroes there as in the request. (In the
		// answer to a Status-Server it has not.)
		var zero [16]byte
		authenticator := p.q.authenticator()
		if p.q.code() == codeAccountingRequest {
			authenticator = zero[:]
		}
		mac := hmacMD5Of(secret, p.b[:4], authenticator, p.b[headerLength:])
		copy(p.b[messageAuthenticatorOffset:], mac[:])
	}
	// RFC 2865 §3: Response Authenticator, likewise.
	sum := md5Of(p.b, secret)
	copy(p.b[4:headerLength], sum[:])
	return p.b, discardNone
}

// minInterim: RFC 2869 §5.16, Acct-Interim-Interval must not be smaller.
const minInterim = time.Minute

// accept writes an Access-Accept with what the grant allows.
func (s *Server) accept(q *inquiry, by *proof, g access.Grant, out []byte) ([]byte, discard) {
	p := newReply(out, codeAccessAccept, q)
	if by.method == access.MethodMSCHAP && !by.proven.IsZero() {
		p.addMSCHAP2(&by.ms, by.proven.Reveal())
	}
	p.addSeconds(typeSessionTimeout, g.SessionTime)
	p.addSeconds(typeIdleTimeout, g.IdleTime)
	if g.Interim > 0 {
		p.addSeconds(typeAcctInterimInterval, max(g.Interim, minInterim))
	}
	if subject := subjectOf(g); subject.id != "" {
		if token, ok := newClass(s.o.ClassKey, subject); ok {
			p.add(typeClass, token)
		}
	}
	p.addCUI(s.o.ClassKey, g)
	d, ok := dialect.For(q.nas.Dialect)
	if !ok {
		d = dialect.Generic()
	}
	p.b = d.AppendGrant(p.b, g)
	return p.sign()
}

// EAP-Failure, RFC 3748 §4.2.
const eapFailure = 4

// reject writes an Access-Reject that says no more than a stranger may know.
func reject(q *inquiry, by *proof, reason access.Reason, out []byte) ([]byte, discard) {
	p := newReply(out, codeAccessReject, q)
	if by.method == access.MethodMSCHAP && !by.malformed {
		p.addVendor(vendorMicrosoft, msCHAPError, by.ms.failure())
	}
	if message := reason.Reply(); message != "" {
		p.add(typeReplyMessage, []byte(message))
	}
	// RFC 3579 §2.6.3: the conversation ends with an EAP packet inside.
	if eap := q.attrs.Get(typeEAPMessage); len(eap) >= 2 {
		p.add(typeEAPMessage, []byte{eapFailure, eap[1], 0, 4})
	}
	return p.sign()
}
