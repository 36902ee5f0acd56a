package client

import (
	"errors"
	"testing"

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

func FuzzReadReply(f *testing.F) {
	request, err := encode(Status(), 7, [16]byte{9}, testSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bare(request, AccessAccept, "xyzzy5461"))
	f.Add(request)
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
