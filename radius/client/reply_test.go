package client

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	wire "layeh.com/radius"
)

func TestReadReply(t *testing.T) {
	request, err := encode(Status(), 7, [16]byte{1, 2, 3}, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "xyzzy5461"
	good := func() []byte {
		return answer(t, request, AccessAccept, secret, &wire.AVP{Type: 25, Attribute: []byte("token")})
	}
	change := func(i int) []byte { b := good(); b[i] ^= 1; return b }
	// Forged by somebody who could break the MD5 of the Response Authenticator
	// (CVE-2024-3596) but has no key: the HMAC gives it away.
	collided := func() []byte {
		b := good()
		b[22] ^= 1
		p, err := wire.Parse(b, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		copy(p.Authenticator[:], request[4:20])
		b, err = p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other := append([]byte(nil), request...)
	other[4] ^= 1
	for name, tc := range map[string]struct {
		reply    []byte
		unsigned bool
		want     error
	}{
		"signed":                       {reply: good()},
		"padding behind Length":        {reply: append(good(), 0, 0, 0)},
		"another secret":               {reply: answer(t, request, AccessAccept, "other"), want: errAuthenticator},
		"for another request":          {reply: answer(t, other, AccessAccept, secret), want: errAuthenticator},
		"changed authenticator":        {reply: change(5), want: errAuthenticator},
		"changed attribute":            {reply: change(40), want: errAuthenticator},
		"accept turned into reject":    {reply: change(0), want: errCode},
		"another identifier":           {reply: change(1), want: errCode},
		"length beyond the datagram":   {reply: change(2), want: errShape},
		"Message-Authenticator forged": {reply: collided(), want: errMAWrong},
		"forged, and unsigned allowed": {reply: collided(), unsigned: true, want: errMAWrong},
		"without, and not allowed":     {reply: bare(request, AccessAccept, secret), want: errMAMissing},
		"without, and allowed":         {reply: bare(request, AccessAccept, secret), unsigned: true},
		"accounting port, without":     {reply: bare(request, AccountingResponse, secret)},
		"nothing":                      {want: errShape},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readReply(tc.reply, request, testSecret, tc.unsigned)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// Servers differ in what they sign in an Accounting-Response; a zero
// authenticator is believed there, and nowhere else.
func TestZeroAuthenticatorUnderMessageAuthenticator(t *testing.T) {
	for name, tc := range map[string]struct {
		request *Request
		code    Code
		want    error
	}{
		"accounting": {Accounting(Start, Session{ID: "1"}), AccountingResponse, nil},
		"status":     {Status(), AccountingResponse, errMAWrong},
		"access":     {MACAuth(testMAC), AccessAccept, errMAWrong},
		"disconnect": {NewRequest(DisconnectRequest), DisconnectACK, errMAWrong},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := encode(tc.request, 7, [16]byte{1}, testSecret)
			if err != nil {
				t.Fatal(err)
			}
			p := &wire.Packet{Code: wire.Code(tc.code), Identifier: 7, Secret: []byte(testSecret.Reveal())}
			p.Add(80, make([]byte, 16))
			b, err := p.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			p.Set(80, messageAuthenticator(b, testSecret))
			copy(p.Authenticator[:], request[4:20])
			b, err = p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := readReply(b, request, testSecret, false); !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestVendorAttribute(t *testing.T) {
	r := NewRequest(AccessRequest).Vendor(14122, 7, []byte{0, 0, 1, 0}).Vendor(14988, 8, []byte("1M/2M"))
	if r.err != nil {
		t.Fatal(r.err)
	}
	p := &Reply{attrs: append(wire.Attributes{{Type: 26, Attribute: []byte{0, 0}}, {Type: 26, Attribute: []byte{0, 0, 0x37, 0x2a, 7, 0}}}, r.attrs...)}
	if got := string(p.Vendor(14988, 8)); got != "1M/2M" {
		t.Errorf("got %q", got)
	}
	if got := p.Vendor(14122, 7); len(got) != 4 {
		t.Errorf("got % x", got)
	}
	if got := p.Vendor(14122, 8); got != nil {
		t.Errorf("got % x for an attribute that is not there", got)
	}
}

// publishedReply is an answer of the kind that broke another client or proxy.
type publishedReply struct {
	name  string
	reply []byte
	want  error
}

// rawReply signs attributes that no codec would write; the
// Message-Authenticator is over the given authenticator.
func rawReply(request []byte, code Code, over [16]byte, attrs ...byte) []byte {
	b := append([]byte{byte(code), request[1], 0, 0}, over[:]...)
	b = append(b, 80, 18)
	b = append(append(b, make([]byte, 16)...), attrs...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[22:38], messageAuthenticator(b, testSecret))
	copy(b[4:20], request[4:20])
	sum := md5.Sum(append(append([]byte(nil), b...), testSecret.Reveal()...))
	copy(b[4:20], sum[:])
	return b
}

// publishedReplies answer request, a Status-Server.
func publishedReplies(request []byte) []publishedReply {
	own := [16]byte(request[4:20])
	good := rawReply(request, AccessAccept, own)
	length := func(n uint16) []byte {
		b := append([]byte(nil), good...)
		binary.BigEndian.PutUint16(b[2:], n)
		return b
	}
	vendor := func(inside ...byte) []byte {
		return append([]byte{26, byte(6 + len(inside)), 0, 0, 1, 0x37}, inside...)
	}
	concat := bytes.Repeat([]byte{79, 2}, 2000)
	return []publishedReply{
		{"nothing odd", good, nil},
		// toughradius 317: a Length of 65535.
		{"toughradius 317, length 65535", length(0xffff), errShape},
		// radsecproxy 1.10.0: Length was not held against what had come.
		{"radsecproxy 1.10.0, length beyond the datagram", length(39), errShape},
		{"radsecproxy 1.10.0, length below the header", length(19), errShape},
		{"radsecproxy 1.10.0, length 0", length(0), errShape},
		// FR-GV-207: lengths of nothing.
		{"FR-GV-207, attribute length 0", rawReply(request, AccessAccept, own, 18, 0), errShape},
		{"FR-GV-207, attribute length 1", rawReply(request, AccessAccept, own, 18, 1), errShape},
		{"FR-GV-207, empty attributes", rawReply(request, AccessAccept, own, 1, 2, 18, 2, 26, 2, 27, 2), nil},
		{"attribute beyond the packet", rawReply(request, AccessAccept, own, 18, 255, 'x'), errShape},
		{"attribute without a length", rawReply(request, AccessAccept, own, 18), errShape},
		// CVE-2003-0967, CVE-2009-3111: a Tunnel-Password without a tag, without a block.
		{"CVE-2009-3111, Tunnel-Password", rawReply(request, AccessAccept, own, 69, 2, 69, 3, 0, 69, 5, 0, 0x80, 1), nil},
		// CVE-2017-10985 (FR-GV-302): empty attributes to be joined looped for ever.
		{"CVE-2017-10985, two thousand empty EAP-Messages", rawReply(request, AccessAccept, own, concat...), nil},
		// CVE-2017-10984 (FR-GV-301), layeh.com/radius: lengths inside a vendor attribute.
		{"CVE-2017-10984, inner length beyond", rawReply(request, AccessAccept, own, vendor(16, 255)...), nil},
		{"vendor attribute, inner length 0", rawReply(request, AccessAccept, own, vendor(16, 0, 16, 0)...), nil},
		// CVE-2017-10978 (FR-GV-201): a key of nothing behind its salt.
		{"CVE-2017-10978, key without a block", rawReply(request, AccessAccept, own, vendor(16, 4, 0x80, 1)...), nil},
		// radsecproxy 1.11.2: the Message-Authenticator of an Accounting-Response.
		// Here it answers Status-Server, whose own authenticator it is over.
		{"radsecproxy 1.11.2, over the request's authenticator", rawReply(request, AccountingResponse, own), nil},
		{"radsecproxy 1.11.2, over zeroes", rawReply(request, AccountingResponse, [16]byte{}), errMAWrong},
		{"two Message-Authenticators", rawReply(request, AccessAccept, own, append([]byte{80, 18}, make([]byte, 16)...)...), errMAWrong},
		{"Message-Authenticator of no octets", rawReply(request, AccessAccept, own, 80, 2), errMAWrong},
	}
}

// What broke others is refused for its reason or read, in bounded time.
func TestPublishedBugs(t *testing.T) {
	request, err := encode(Status(), 7, [16]byte{9}, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, bug := range publishedReplies(request) {
		t.Run(bug.name, func(t *testing.T) {
			started := time.Now()
			p, err := readReply(bug.reply, request, testSecret, false)
			if !errors.Is(err, bug.want) || (err == nil) != (bug.want == nil) {
				t.Fatalf("got %v, want %v", err, bug.want)
			}
			if err == nil {
				if _, ok := p.Reveal(p.Vendor(311, 16)); ok {
					t.Error("a key out of nothing")
				}
				p.Seconds(27)
				p.All(EAPMessage)
			}
			if took := time.Since(started); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func FuzzReadReply(f *testing.F) {
	request, err := encode(Status(), 7, [16]byte{9}, testSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bare(request, AccessAccept, "xyzzy5461"))
	f.Add(request)
	for _, bug := range publishedReplies(request) {
		f.Add(bug.reply)
	}
	f.Add([]byte{2, 7, 0, 22, 80, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := readReply(b, request, testSecret, false); err == nil {
			p.Vendor(14122, 8)
		}
		// Past the signature, as a server with a broken encoder could send it.
		if n, ok := packetLength(b); ok {
			attrs, err := wire.ParseAttributes(b[headerLen:n])
			if err == nil {
				(&Reply{attrs: attrs}).Vendor(14122, 8)
				checkMessageAuthenticator(b[:n], request, testSecret)
			}
		}
	})
}
