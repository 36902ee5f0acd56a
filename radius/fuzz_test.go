package radius

import (
	"encoding/binary"
	"testing"
)

func seeds(f *testing.F) [][]byte {
	f.Helper()
	var published [][]byte
	for _, bug := range publishedBugs(f) {
		published = append(published, bug.packet)
	}
	return append(published, [][]byte{
		ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}.encode(f),
		ask{code: codeAccessRequest, attrs: at(bssid, user(device.String())), chap: ptr(device.String())}.encode(f),
		ask{code: codeAccountingRequest, attrs: at(bssid, number(typeAcctStatusType, 2), attr{typeAcctSessionID, "s"}, number(typeAcctInputGigawords, 1))}.encode(f),
		ask{code: codeStatusServer}.encode(f),
		{},
		make([]byte, 20), make([]byte, maxPacket),
		// Known killers of others: a vendor attribute that ends too early, an
		// empty CHAP-Password, an empty EAP-Message, a Length of 65535.
		ask{code: codeAccessRequest, attrs: []attr{{typeVendorSpecific, "\x01\x00\x00\x00"}, {typeCHAPPassword, ""}, {typeEAPMessage, ""}}}.encode(f),
		{1, 0, 0xff, 0xff},
	}...)
}

// No datagram makes the server panic, and none that we did not sign is answered.
func FuzzDatagram(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	w := newWorld(f, nil, nil, nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxPacket {
			b = b[:maxPacket]
		}
		flipped := append([]byte(nil), b...)
		if len(flipped) >= headerLength {
			flipped[4] ^= 1 // a seed that was signed is so no more
		}
		for _, code := range []byte{codeAccessRequest, codeAccountingRequest} {
			if reply := w.give(ask{code: code}, flipped); reply != nil && !signedByChance(flipped) {
				t.Errorf("answered %x with %x", flipped, reply)
			}
		}
	})
}

// signedByChance: whether the fuzzer found, or the flip restored, a signature.
func signedByChance(b []byte) bool {
	form, ok := scan(b[:binary.BigEndian.Uint16(b[2:4])])
	return ok && form.authenticators == 1 && messageAuthenticatorFits(b[:binary.BigEndian.Uint16(b[2:4])], form.offset, []byte(secret))
}

// Attributes behind a right signature: whatever they are, the server does not
// panic, and what it answers is well formed.
func FuzzSignedAttributes(f *testing.F) {
	for _, b := range seeds(f) {
		if len(b) > headerLength {
			f.Add(b[0], b[headerLength:])
		}
	}
	w := newWorld(f, nil, nil, nil)
	id := byte(0)
	f.Fuzz(func(t *testing.T, code byte, attrs []byte) {
		if len(attrs) > maxPacket-headerLength-18 {
			return
		}
		id++
		b := signRaw(code, id, attrs)
		before := w.metricsPanics()
		reply := w.give(ask{code: code}, b)
		if w.metricsPanics() != before {
			t.Fatalf("panic on %x", b)
		}
		if reply != nil {
			checkReply(t, reply, b)
		}
	})
}
