package radius

import (
	"bytes"
	"crypto/md5"
	"crypto/tls"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// RFC 9765 §3.3.2: what is agreed on, by what the client offers and the version of TLS.
func TestTLSVersionNegotiation(t *testing.T) {
	tests := []struct {
		offers  []string
		tls     uint16
		want    string
		refused bool
	}{
		{nil, tls.VersionTLS13, "", false},
		{[]string{"radius/1.0"}, tls.VersionTLS13, "radius/1.0", false},
		{[]string{"radius/1.1"}, tls.VersionTLS13, "radius/1.1", false},
		{[]string{"radius/1.0", "radius/1.1"}, tls.VersionTLS13, "radius/1.1", false},
		{[]string{"radius/1.1", "radius/1.0"}, tls.VersionTLS13, "radius/1.1", false},
		{[]string{"radius/1.2", "radius/1.0"}, tls.VersionTLS13, "radius/1.0", false},
		{[]string{"radius/1.2"}, tls.VersionTLS13, "", true},
		{nil, tls.VersionTLS12, "", false},
		{[]string{"radius/1.0"}, tls.VersionTLS12, "radius/1.0", false},
		{[]string{"radius/1.1"}, tls.VersionTLS12, "", true},
		{[]string{"radius/1.1", "radius/1.0"}, tls.VersionTLS12, "radius/1.0", false},
	}
	s := securing(t, nil)
	leaf := s.issue("quay.example")
	refused := 0.0
	for _, test := range tests {
		config := s.client(leaf)
		config.NextProtos, config.MaxVersion = test.offers, test.tls
		conn, err := tls.Dial("tcp", s.TLSAddrs()[0].String(), config)
		if test.refused {
			// RFC 7301 §3.2: alert 120.
			if err == nil || err.Error() != "remote error: tls: no application protocol" {
				t.Errorf("%v on %x: %v", test.offers, test.tls, err)
			}
			refused++
			continue
		}
		if err != nil {
			t.Errorf("%v on %x: %v", test.offers, test.tls, err)
			continue
		}
		if got := conn.ConnectionState().NegotiatedProtocol; got != test.want {
			t.Errorf("%v on %x: %q, want %q", test.offers, test.tls, got, test.want)
		}
		c := &stream{t, conn}
		if test.want == "radius/1.1" {
			c.exchange11(plain(signIn), 77, codeAccessAccept)
		} else {
			c.exchange(signIn, codeAccessAccept)
		}
		conn.Close()
		s.said.await(t, saidEnded)
	}
	if got := testutil.ToFloat64(s.tls.count.handshakes[handshakeNoProtocol]); got != refused {
		t.Errorf("%v without a protocol, want %v", got, refused)
	}
}

// plain encodes the attributes of a request of RADIUS/1.1: nothing is hidden,
// nothing is signed.
func plain(a ask) ask {
	if a.password != nil {
		a.attrs = append(slices.Clone(a.attrs), attr{typeUserPassword, *a.password})
	}
	return a
}

// encode11: RFC 9765 §4.1.
func encode11(a ask, token uint32, reserved byte) []byte {
	b := []byte{a.code, reserved, 0, 0}
	b = binary.BigEndian.AppendUint32(b, token)
	b = append(b, bytes.Repeat([]byte{reserved}, 12)...)
	for _, at := range a.attrs {
		b = append(append(b, at.kind, byte(2+len(at.value))), at.value...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

func (c *stream) exchange11(a ask, token uint32, code byte) []byte {
	c.t.Helper()
	c.send(encode11(a, token, 0))
	return check11(c.t, c.receive(), token, code)
}

// check11 checks the header of a reply, and returns its attributes.
func check11(t testing.TB, reply []byte, token uint32, code byte) []byte {
	t.Helper()
	want := []byte{code, 0}
	want = binary.BigEndian.AppendUint16(want, uint16(len(reply)))
	want = binary.BigEndian.AppendUint32(want, token)
	want = append(want, make([]byte, 12)...)
	if !bytes.Equal(reply[:20], want) {
		t.Fatalf("header %x, want %x", reply[:20], want)
	}
	if form, ok := scan(reply); !ok || form.authenticators != 0 {
		t.Errorf("badly formed, or with a Message-Authenticator: %x", reply)
	}
	return reply[20:]
}

func (s *secured) connect11() *stream {
	config := s.client(s.issue("quay.example"))
	config.NextProtos = []string{"radius/1.1"}
	return s.connect(config)
}

func TestRADIUS11(t *testing.T) {
	s := securing(t, nil)
	c := s.connect11()
	c.exchange11(plain(signIn), 1, codeAccessAccept)
	wrong := signIn
	wrong.password = ptr("wrong")
	c.exchange11(plain(wrong), 2, codeAccessReject)
	wrong.password = ptr(homePassword + "\x00") // no padding is cut off
	c.exchange11(plain(wrong), 3, codeAccessReject)

	// RFC 9765 §5.1.2: CHAP needs its own challenge.
	chap := func(challenge string, with bool) ask {
		sum := md5.Sum([]byte("\x07" + homePassword + challenge))
		a := ask{code: codeAccessRequest, attrs: append(at(homeAP, user(homeLogin)), attr{typeCHAPPassword, "\x07" + string(sum[:])})}
		if with {
			a.attrs = append(a.attrs, attr{typeCHAPChallenge, challenge})
		}
		return a
	}
	c.exchange11(chap("sixteen octets..", true), 4, codeAccessAccept)
	header := encode11(ask{}, 5, 0)[4:20] // where RADIUS/1.0 has its challenge
	c.exchange11(chap(string(header), false), 5, codeAccessReject)

	c.exchange11(ask{code: codeStatusServer}, 6, codeAccessAccept)
	c.exchange11(started("s-11"), 7, codeAccountingResponse)
	s.seen(func() {
		if len(s.events) != 1 || s.events[0].AcctSessionID != "s-11" {
			t.Errorf("events: %+v", s.events)
		}
	})
	if got := testutil.ToFloat64(s.tls.count.connections[overTLS11]); got != 1 {
		t.Errorf("%v connections", got)
	}
}

// RFC 9765 §4.1, §5.2: reserved octets and a Message-Authenticator are ignored,
// and Proxy-State comes back.
func TestRADIUS11IgnoresWhatMeansNothing(t *testing.T) {
	s := securing(t, nil)
	c := s.connect11()
	a := plain(signIn)
	a.attrs = append(a.attrs, attr{typeMessageAuthenticator, "not a signature."}, attr{typeProxyState, "one"}, attr{typeProxyState, "two"})
	c.send(encode11(a, 0xdeadbeef, 0xff))
	attrs := check11(t, c.receive(), 0xdeadbeef, codeAccessAccept)
	if want := []byte("\x21\x05one\x21\x05two"); !bytes.HasPrefix(attrs, want) {
		t.Errorf("%x does not begin with %x", attrs, want)
	}
}

// Requests are told apart by their Token, all four octets of it. The same octets
// again get the same answer; another request with a Token that was used gets its own.
func TestRADIUS11Tokens(t *testing.T) {
	s := securing(t, nil)
	c := s.connect11()
	var all []byte
	want := map[uint32]bool{}
	for i := range uint32(300) { // more than Identifiers
		token := i*0x01000100 + 5
		want[token] = true
		all = append(all, encode11(plain(signIn), token, 0)...)
	}
	c.send(all)
	for range len(want) {
		reply := c.receive()
		token := binary.BigEndian.Uint32(reply[4:])
		check11(t, reply, token, codeAccessAccept)
		if !want[token] {
			t.Errorf("token %x twice, or never asked", token)
		}
		delete(want, token)
	}
	first := c.exchange11(started("s-1"), 9, codeAccountingResponse)
	if again := c.exchange11(started("s-1"), 9, codeAccountingResponse); !bytes.Equal(first, again) {
		t.Error("not the same answer")
	}
	c.exchange11(started("s-2"), 9, codeAccountingResponse)
	s.seen(func() {
		if len(s.events) != 2 {
			t.Errorf("%d events", len(s.events))
		}
	})
	accepted := plain(signIn)
	c.exchange11(accepted, 10, codeAccessAccept)
	refused := signIn
	refused.password = ptr("wrong")
	c.exchange11(plain(refused), 10, codeAccessReject)
}

func TestTLSResumption(t *testing.T) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			s := securing(t, nil)
			config := s.client(s.issue("quay.example"))
			config.MaxVersion, config.ClientSessionCache = version, tls.NewLRUClientSessionCache(4)
			for i := range 3 {
				c := s.connect(config)
				c.exchange(signIn, codeAccessAccept)
				if got := c.conn.(*tls.Conn).ConnectionState().DidResume; got != (i > 0) {
					t.Errorf("connection %d: resumed: %v", i, got)
				}
			}
		})
	}
}

// RFC 9765 §3.5: a session of RADIUS/1.1 is not resumed as another.
func TestTLSResumptionDoesNotFallBack(t *testing.T) {
	for name, offers := range map[string][]string{"nothing": nil, "1.0": {"radius/1.0"}} {
		t.Run(name, func(t *testing.T) {
			s := securing(t, nil)
			config := s.client(s.issue("quay.example"))
			config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			config.NextProtos = []string{"radius/1.1"}
			for i := range 2 {
				c := s.connect(config)
				c.exchange11(plain(signIn), 5, codeAccessAccept)
				if got := c.conn.(*tls.Conn).ConnectionState().DidResume; got != (i > 0) {
					t.Errorf("connection %d: resumed: %v", i, got)
				}
			}
			config.NextProtos = offers
			if why := s.refuses(config); why != handshakeDowngrade.String() {
				t.Errorf("refused for %s", why)
			}
			// The other way is an improvement.
			config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			s.connect(config).exchange(signIn, codeAccessAccept)
			config.NextProtos = []string{"radius/1.1"}
			s.connect(config).exchange11(plain(signIn), 6, codeAccessAccept)
		})
	}
}
