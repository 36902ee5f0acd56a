package radius

import (
	"encoding/binary"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/access"
	upstream "parvis/radius/client"
	"parvis/radius/dialect"
)

// homeSays is what of a partner's answer concerns our NAS. Whatever is not here
// is dropped: a partner knows neither our VLANs nor our rates nor our filters,
// and must not be able to put its people into the network of the town hall.
type homeSays struct {
	session, idle time.Duration // zero: it does not say
	class         [][]byte
	carried       []wire.AVP // in order, unchanged
	microsoft     []wire.AVP // of vendor 311, unchanged
	keys          []wire.AVP // of vendor 311, in the clear
}

// maxKey is the longest value that can be hidden in an attribute of a vendor:
// 247 octets hold a salt and fifteen blocks, one octet of which is the length.
const maxKey = 15*16 - 1

// readHome picks out of an answer what may pass.
func readHome(answer *upstream.Reply) homeSays {
	var h homeSays
	var vendors wire.Attributes
	for _, a := range answer.Attributes() {
		switch a.Type {
		case upstream.SessionTimeout:
			h.session = homeSeconds(a.Value)
		case upstream.IdleTimeout:
			h.idle = homeSeconds(a.Value)
		case upstream.Class:
			h.class = append(h.class, a.Value)
		case upstream.State, upstream.ReplyMessage, upstream.EAPMessage, upstream.ChargeableUser:
			h.carried = append(h.carried, wire.AVP{Type: wire.Type(a.Type), Attribute: a.Value})
		case upstream.VendorSpecific:
			vendors = append(vendors, &wire.AVP{Type: wire.Type(a.Type), Attribute: a.Value})
		}
	}
	vendorValues(vendors, vendorMicrosoft, func(kind byte, value []byte) bool {
		switch kind {
		case msMPPESendKey, msMPPERecvKey:
			if key, ok := answer.Reveal(value); ok && len(key) <= maxKey {
				h.keys = append(h.keys, wire.AVP{Type: wire.Type(kind), Attribute: key})
			}
		case msCHAPError, msCHAP2Success, msMPPEEncryptionPolicy, msMPPEEncryptionTypes:
			h.microsoft = append(h.microsoft, wire.AVP{Type: wire.Type(kind), Attribute: value})
		}
		return true
	})
	return h
}

// homeSeconds reads a time; one of a wrong length says nothing.
func homeSeconds(v []byte) time.Duration {
	if len(v) != 4 {
		return 0
	}
	return time.Duration(binary.BigEndian.Uint32(v)) * time.Second
}

// addHome adds what the NAS gets in any answer of the partner.
func (p *reply) addHome(h *homeSays) {
	for _, a := range h.carried {
		p.add(byte(a.Type), a.Attribute)
	}
	for _, a := range h.microsoft {
		p.addVendor(vendorMicrosoft, byte(a.Type), a.Attribute)
	}
	for _, a := range h.keys { // hidden anew, under the secret of the NAS
		p.addKey(byte(a.Type), a.Attribute)
	}
}

// acceptVisitor writes an Access-Accept with the partner's proof and our grant.
func (s *Server) acceptVisitor(q *inquiry, h *homeSays, g access.Grant) ([]byte, discard) {
	p := newReply(nil, codeAccessAccept, q)
	p.addHome(h)
	p.addSeconds(typeSessionTimeout, g.SessionTime)
	p.addSeconds(typeIdleTimeout, g.IdleTime)
	if g.Interim > 0 {
		p.addSeconds(typeAcctInterimInterval, max(g.Interim, minInterim))
	}
	// The partner wants its Class back in the accounting; ours is for us.
	for _, class := range h.class {
		p.add(typeClass, class)
	}
	if subject := subjectOf(g); subject.id != "" {
		if token, ok := newClass(s.o.ClassKey, subject); ok {
			p.add(typeClass, token)
		}
	}
	d, ok := dialect.For(q.nas.Dialect)
	if !ok {
		d = dialect.Generic()
	}
	p.b = d.AppendGrant(p.b, g)
	return p.sign()
}

// rejectVisitor passes the partner's refusal on.
func rejectVisitor(q *inquiry, h *homeSays) ([]byte, discard) {
	p := newReply(nil, codeAccessReject, q)
	p.addHome(h)
	return p.sign()
}
