package radius

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// signRaw makes a request out of attributes that no codec would write: both
// signatures fit, and Message-Authenticator comes first.
func signRaw(code, id byte, attrs []byte) []byte {
	b := append([]byte{code, id, 0, 0}, make([]byte, 16)...)
	b = append(b, typeMessageAuthenticator, 18)
	b = append(append(b, make([]byte, 16)...), attrs...)
	binary.BigEndian.PutUint16(b[2:4], uint16(len(b)))
	copy(b[22:38], hmacMD5(secret, b))
	if code == codeAccountingRequest {
		signAccounting(b)
	}
	return b
}

// signAccounting is RFC 2866 §3.
func signAccounting(b []byte) {
	clear(b[4:20])
	sum := md5.Sum(append(bytes.Clone(b), secret...))
	copy(b[4:20], sum[:])
}

// rawVendor is a vendor attribute whose inside is as given.
func rawVendor(vendor uint32, inside string) string {
	v := binary.BigEndian.AppendUint32(nil, vendor)
	return string(append(v, inside...))
}

// raw writes attributes whatever their values are.
func raw(attrs ...attr) []byte {
	var b []byte
	for _, a := range attrs {
		b = append(append(b, a.kind, byte(2+len(a.value))), a.value...)
	}
	return b
}

// publishedBug is a packet of the kind that broke another server.
type publishedBug struct {
	name   string
	packet []byte
	reply  byte    // code of the answer, 0 when there is none
	why    discard // when there is none
}

// publishedBugs are octets of our own in the shape of the published ones.
func publishedBugs(t testing.TB) []publishedBug {
	t.Helper()
	access := func(attrs ...attr) []byte { return signRaw(codeAccessRequest, 1, raw(attrs...)) }
	acct := func(attrs ...attr) []byte { return signRaw(codeAccountingRequest, 1, raw(attrs...)) }
	name := attr{typeUserName, homeLogin}
	start := []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}

	signed := access(name)
	header := func(length uint16) []byte {
		b := bytes.Clone(signed)
		binary.BigEndian.PutUint16(b[2:4], length)
		return b
	}
	// The HMAC over the Authenticator that is sent, not over zeroes.
	overAuthenticator := acct(start...)
	clear(overAuthenticator[22:38])
	copy(overAuthenticator[22:38], hmacMD5(secret, overAuthenticator))
	signAccounting(overAuthenticator)

	unsigned := append([]byte{codeAccessRequest, 1, 0, 0}, make([]byte, 16)...)
	unsigned = append(unsigned, raw(name, attr{typeProxyState, "x"})...)
	binary.BigEndian.PutUint16(unsigned[2:4], uint16(len(unsigned)))

	empty := make([]attr, 0, 256)
	for kind := range 256 {
		if kind != typeMessageAuthenticator && kind != typeEAPMessage {
			empty = append(empty, attr{byte(kind), ""})
		}
	}
	var concat []attr
	for range 2000 {
		concat = append(concat, attr{typeEAPMessage, ""})
	}
	return []publishedBug{
		// Lengths of the packet.
		// toughradius 317: a Length of 65535 was allocated, and kept in a pool.
		{"toughradius 317, length 65535", header(0xffff), 0, discardTooLong},
		// radsecproxy 1.10.0: Length was not held against what had come.
		{"radsecproxy 1.10.0, length beyond the datagram", header(uint16(len(signed) + 1)), 0, discardBadLength},
		{"radsecproxy 1.10.0, length below the header", header(19), 0, discardBadLength},
		{"radsecproxy 1.10.0, length 0", header(0), 0, discardBadLength},
		// Lengths of attributes.
		// FR-GV-207: a length of nothing made an allocation of nothing.
		{"FR-GV-207, every type with an empty value", access(empty...), codeAccessReject, 0},
		{"FR-GV-207, attribute length 0", signRaw(codeAccessRequest, 1, []byte{1, 0}), 0, discardBadAttribute},
		{"FR-GV-207, attribute length 1", signRaw(codeAccessRequest, 1, []byte{1, 1}), 0, discardBadAttribute},
		{"attribute beyond the packet", signRaw(codeAccessRequest, 1, []byte{1, 0xff, 'a'}), 0, discardBadAttribute},
		{"attribute without a length", signRaw(codeAccessRequest, 1, []byte{1}), 0, discardBadAttribute},
		// CVE-2003-0967: a tagged string shorter than its tag crashed rad_decode.
		{"CVE-2003-0967, tagged attributes without a tag", access(name, attr{69, ""}, attr{typeTunnelPrivateGroupID, ""}, attr{typeTunnelType, ""}), codeAccessReject, 0},
		// CVE-2009-3111: the same again, a Tunnel-Password of nothing.
		{"CVE-2009-3111, empty Tunnel-Password", access(name, attr{69, ""}), codeAccessReject, 0},
		{"FreeRADIUS 2015, Tunnel-Password without a block", access(name, attr{69, "\x00\x80"}, attr{69, "\x00\x80\x01"}), codeAccessReject, 0},
		// CVE-2017-10978 (FR-GV-201): make_secret wrote behind a password that is too long.
		{"CVE-2017-10978, User-Password of 253 octets", access(name, attr{typeUserPassword, strings.Repeat("x", 253)}), codeAccessReject, 0},
		{"CVE-2017-10978, User-Password of 144 octets", access(name, attr{typeUserPassword, strings.Repeat("x", 144)}), codeAccessReject, 0},
		// CVE-2014-2015: a hashed password that is too long overran a stack.
		{"CVE-2014-2015, User-Password of 128 octets", access(name, attr{typeUserPassword, strings.Repeat("{", 128)}), codeAccessReject, 0},
		// FR-AD-001: memcmp read behind the shorter of two strings.
		{"FR-AD-001, User-Name with a NUL behind it", access(attr{typeUserName, homeLogin + "\x00"}, attr{typeUserPassword, strings.Repeat("x", 16)}), codeAccessReject, 0},
		{"FR-AD-001, User-Name cut short", access(attr{typeUserName, homeLogin[:3]}, attr{typeUserPassword, strings.Repeat("x", 16)}), codeAccessReject, 0},
		{"empty and short proofs", access(name, attr{typeCHAPPassword, ""}, attr{typeCHAPChallenge, ""}), codeAccessReject, 0},
		{"short MS-CHAP", access(name, attr{typeVendorSpecific, rawVendor(vendorMicrosoft, "\x19\x03x\x0b\x02")}), codeAccessReject, 0},
		// FR-GV-305: integers of other lengths, and as signed ones negative.
		{"FR-GV-305, counters of all ones", acct(append(start, number(typeAcctInputOctets, 1<<32-1), number(typeAcctInputGigawords, 1<<32-1), number(typeAcctSessionTime, 1<<32-1), number(typeAcctDelayTime, 1<<32-1), number(typeEventTimestamp, 1<<31))...), codeAccountingResponse, 0},
		{"FR-GV-305, counters of three octets", acct(append(start, attr{typeAcctInputOctets, "abc"}, attr{typeAcctSessionTime, "\xff\xff\xff"}, attr{typeEventTimestamp, "\xff"})...), codeAccountingResponse, 0},
		{"FR-GV-305, Acct-Status-Type of one octet", acct(attr{typeAcctStatusType, "\x01"}, attr{typeAcctSessionID, "s"}), 0, discardBadAttribute},
		// Vendor attributes.
		// CVE-2017-10979 (FR-GV-202): rad_coalesce joined WiMAX fragments into too little room.
		{"CVE-2017-10979, WiMAX fragments that never end", access(name, attr{typeVendorSpecific, rawVendor(24757, "\x01\xf7\x80"+strings.Repeat("x", 244))}, attr{typeVendorSpecific, rawVendor(24757, "\x01\x04\x80x")}), codeAccessReject, 0},
		// CVE-2017-10984 (FR-GV-301): a WiMAX length was not held against its attribute.
		{"CVE-2017-10984, WiMAX length beyond", access(name, attr{typeVendorSpecific, rawVendor(24757, "\x01\xff\x00x")}, attr{typeVendorSpecific, rawVendor(24757, "\x01\x02")}), codeAccessReject, 0},
		// CVE-2022-41861: a malformed abinary (Ascend-Data-Filter) crashed the decoder.
		{"CVE-2022-41861, abinary", access(name, attr{242, "\x01"}, attr{typeVendorSpecific, rawVendor(529, "\xf2\x03\x01")}), codeAccessReject, 0},
		// layeh.com/radius' setters panicked or looped on these.
		{"vendor attribute shorter than its vendor", access(name, attr{typeVendorSpecific, ""}, attr{typeVendorSpecific, "\x00\x00\x01"}), codeAccessReject, 0},
		{"vendor attribute, inner length 0", access(name, attr{typeVendorSpecific, rawVendor(vendorMicrosoft, "\x19\x00\x19\x00")}), codeAccessReject, 0},
		{"vendor attribute, inner length beyond", access(name, attr{typeVendorSpecific, rawVendor(vendorMicrosoft, "\x19\xff")}), codeAccessReject, 0},
		// EAP, which goes on to nobody here.
		// CVE-2017-10985 (FR-GV-302): empty attributes to be joined looped for ever.
		{"CVE-2017-10985, two thousand empty EAP-Messages", access(concat...), codeAccessReject, 0},
		// radsecproxy 1.11.0: the Length inside EAP was believed.
		{"radsecproxy 1.11.0, EAP length beyond", access(name, attr{typeEAPMessage, "\x02\x01\xff\xff\x01a"}), codeAccessReject, 0},
		{"radsecproxy 1.11.0, EAP without a length", access(name, attr{typeEAPMessage, "\x02"}), codeAccessReject, 0},
		// CVE-2012-4445: the TLS Message Length inside EAP-TLS.
		{"CVE-2012-4445, TLS Message Length", access(name, attr{typeEAPMessage, "\x02\x01\x00\x0a\x0d\x80\xff\xff\xff\xff"}), codeAccessReject, 0},
		// CVE-2022-41860: an option of EAP-SIM that is not known.
		{"CVE-2022-41860, EAP-SIM option", access(name, attr{typeEAPMessage, "\x02\x01\x00\x0c\x12\x0a\x00\x00\x7f\x00\x00\x00"}), codeAccessReject, 0},
		// CVE-2006-1354: a client told the server that it had succeeded.
		{"CVE-2006-1354, EAP-Success of the client", access(name, attr{typeState, strings.Repeat("s", 16)}, attr{typeEAPMessage, "\x03\x01\x00\x04"}), codeAccessReject, 0},
		{"CVE-2006-1354, State of nobody instead of a proof", access(name, attr{typeState, strings.Repeat("s", 16)}), codeAccessReject, 0},
		// Message-Authenticator.
		// radsecproxy 1.11.3: in an Accounting-Request it is over zeroes.
		{"radsecproxy 1.11.3, accounting, over zeroes", acct(start...), codeAccountingResponse, 0},
		{"radsecproxy 1.11.3, accounting, over the authenticator", overAuthenticator, 0, discardBadMessageAuthenticator},
		{"two Message-Authenticators", access(name, attr{typeMessageAuthenticator, strings.Repeat("x", 16)}), 0, discardBadMessageAuthenticator},
		{"Message-Authenticator of no octets", access(name, attr{typeMessageAuthenticator, ""}), 0, discardBadMessageAuthenticator},
		// CVE-2024-3596: what the collision needs, unsigned.
		{"CVE-2024-3596, unsigned with Proxy-State", unsigned, 0, discardMissingMessageAuthenticator},
	}
}

// What broke others (reference: the published parser bugs) neither crashes this
// server nor keeps it busy, and each has the outcome that is written down.
func TestPublishedBugs(t *testing.T) {
	for _, bug := range publishedBugs(t) {
		t.Run(bug.name, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			kind := kindOf(bug.packet[0])
			r := &request{n: len(bug.packet), from: netip.MustParseAddrPort("127.0.0.1:50000"), at: w.clock(), link: &datagram{}}
			copy(r.buf[:], bug.packet)
			started := time.Now()
			var reply []byte
			why := w.admit(kind, r)
			if why == discardNone {
				reply = w.answer(t.Context(), kind, r, make([]byte, 0, maxPacket))
				for d, c := range w.metrics.listeners[kind].discarded {
					if c != nil && testutil.ToFloat64(c) > 0 {
						why = discard(d)
					}
				}
			}
			if took := time.Since(started); took > time.Second {
				t.Errorf("it took %v", took)
			}
			if w.metricsPanics() != 0 {
				t.Fatal("panic")
			}
			if why != bug.why {
				t.Errorf("discarded for %q, want %q", why, bug.why)
			}
			switch {
			case (reply == nil) != (bug.reply == 0):
				t.Fatalf("answer %x, want code %d", reply, bug.reply)
			case reply != nil:
				checkReply(t, reply, bug.packet)
				if reply[0] != bug.reply {
					t.Errorf("code %d, want %d", reply[0], bug.reply)
				}
			}
		})
	}
}

// radsecproxy 1.7.2 took requests with one identifier from several source ports
// for one, and dropped all but the first.
func TestPublishedBugSeveralSourcePorts(t *testing.T) {
	w := serving(t, nil)
	a := ask{code: codeAccessRequest, id: 1, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}
	b := a.encode(t)
	for range 3 {
		n := dial(t, "127.0.0.1", w.AuthAddrs()[0])
		n.send(b)
		checkReply(t, n.receive(), b)
	}
	w.seen(func() {
		if len(w.attempts) != 3 || len(w.repeats) != 0 {
			t.Errorf("attempts %v, retransmitted %v", w.attempts, w.repeats)
		}
	})
}

// CVE-2010-3697: FreeRADIUS crashed when its database was down. Here nothing is
// acknowledged that was not kept, and the retransmission is handled afresh.
func TestPublishedBugStoreDown(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	b := signRaw(codeAccountingRequest, 1, raw(number(typeAcctStatusType, 1), attr{typeAcctSessionID, "s"}))
	w.appendNo = errors.New("down")
	if reply := w.give(ask{code: codeAccountingRequest}, b); reply != nil {
		t.Fatalf("acknowledged: %x", reply)
	}
	w.appendNo = nil
	if w.give(ask{code: codeAccountingRequest}, b) == nil || len(w.events) != 1 || w.metricsPanics() != 0 {
		t.Errorf("%d events, %v panics", len(w.events), w.metricsPanics())
	}
}

// publishedStreams are the same for a stream: how many packets it has, and what
// ends it.
func publishedStreams(t testing.TB) []struct {
	name    string
	stream  []byte
	packets int
} {
	t.Helper()
	good := encode11(ask{code: codeStatusServer}, 7, 0)
	behind := func(tail ...byte) []byte { return append(bytes.Clone(good), tail...) }
	return []struct {
		name    string
		stream  []byte
		packets int
	}{
		// toughradius 317: 65535 was allocated before anything had come.
		{"toughradius 317, length 65535", []byte{1, 0, 0xff, 0xff}, 0},
		// radsecproxy 1.10.0: after a Length that cannot be, the stream was read on.
		{"radsecproxy 1.10.0, length 0", behind(1, 0, 0, 0, 1, 1, 1, 1), 1},
		{"radsecproxy 1.10.0, length 19", behind(1, 0, 0, 19), 1},
		{"radsecproxy 1.10.0, length 4097", behind(1, 0, 0x10, 1), 1},
		{"not RADIUS at all", []byte("GET / HTTP/1.1\r\n\r\n"), 0},
	}
}

func TestPublishedStreamBugs(t *testing.T) {
	for _, bug := range publishedStreams(t) {
		t.Run(bug.name, func(t *testing.T) {
			in := bufio.NewReaderSize(bytes.NewReader(bug.stream), maxPacket)
			for n := 0; ; n++ {
				p, err := nextFrame(in, func(bool) {})
				if err == nil {
					in.Discard(len(p))
					continue
				}
				if !errors.Is(err, errFrame) || n != bug.packets {
					t.Errorf("%d packets, then %v", n, err)
				}
				return
			}
		})
	}
}

// radsecproxy went on after what it could not decode: RFC 6613 §2.6.4 has the
// connection closed, for a signature that does not fit too.
func TestPublishedBugDecodeErrorCloses(t *testing.T) {
	for name, b := range map[string][]byte{
		"attribute length 0":    {codeAccessRequest, 1, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0},
		"length 65535":          {codeAccessRequest, 1, 0xff, 0xff},
		"another secret's HMAC": ask{code: codeStatusServer, id: 1, secret: "wrong"}.encode(t),
	} {
		t.Run(name, func(t *testing.T) {
			c := securing(t, nil).connect(nil)
			c.send(b)
			c.ends()
		})
	}
}
