package radius

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
)

func TestTLSAnswers(t *testing.T) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			s := securing(t, nil)
			config := s.client(s.issue("quay.example"))
			config.MinVersion, config.MaxVersion = version, version
			c := s.connect(config)
			attrs := c.exchange(signIn, codeAccessAccept)
			if attrs.Get(typeClass) == nil {
				t.Error("an Accept without Class")
			}
			wrong := signIn
			wrong.id, wrong.password = 9, ptr("wrong")
			c.exchange(wrong, codeAccessReject)
			c.exchange(ask{code: codeAccessRequest, id: 4, attrs: at(homeAP, user(homeLogin)), chap: ptr(homePassword)}, codeAccessAccept)
			c.exchange(started("s-1"), codeAccountingResponse)
			c.exchange(status, codeAccessAccept)
			s.seen(func() {
				if len(s.events) != 1 || s.events[0].NASID != "n-1" || s.events[0].AcctSessionID != "s-1" {
					t.Errorf("events: %+v", s.events)
				}
			})
			m := &s.metrics.listeners[tlsListener]
			for i, want := range map[responseCode]float64{responseAccept: 3, responseReject: 1, responseAccounting: 1} {
				if got := testutil.ToFloat64(m.responses[i]); got < want-1 || got > want { // the last may not be counted yet
					t.Errorf("%s: %v, want %v", responseCodeNames[i], got, want)
				}
			}
			if got := testutil.ToFloat64(s.tls.count.connections[overTLS]); got != 1 {
				t.Errorf("%v connections", got)
			}
		})
	}
}

// The policy of CVE-2024-3596 is about UDP; a signature that is there must fit.
func TestTLSNeedsNoMessageAuthenticator(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	unsigned := signIn
	unsigned.unsigned = true
	c.exchange(unsigned, codeAccessAccept)
	unsigned.attrs = append(at(homeAP, user(homeLogin)), attr{typeProxyState, "via"})
	unsigned.id = 5
	attrs := c.exchange(unsigned, codeAccessAccept)
	if got := string(attrs.Get(typeProxyState)); got != "via" {
		t.Errorf("Proxy-State %q", got)
	}
	c.exchange(ask{code: codeStatusServer, id: 6, unsigned: true}, codeAccessAccept)
}

func TestTLSRefusals(t *testing.T) {
	stranger := newAuthority(t)
	tests := map[string]struct {
		config func(*secured) *tls.Config
		want   handshakeResult
	}{
		"no certificate": {func(s *secured) *tls.Config { return s.client() }, handshakeNoCertificate},
		"no certificate, 1.2": {func(s *secured) *tls.Config {
			c := s.client()
			c.MaxVersion = tls.VersionTLS12
			return c
		}, handshakeNoCertificate},
		"CA of somebody else": {func(s *secured) *tls.Config {
			c := s.client()
			own := stranger.issue("quay.example")
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
			return c
		}, handshakeBadCertificate},
		"expired": {func(s *secured) *tls.Config {
			return s.client(s.issue("quay.example", func(c *x509.Certificate) { c.NotAfter = morning.Add(-time.Second) }))
		}, handshakeBadCertificate},
		"for servers only": {func(s *secured) *tls.Config {
			return s.client(s.issue("quay.example", func(c *x509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[:1] }))
		}, handshakeBadCertificate},
		"of no NAS": {func(s *secured) *tls.Config { return s.client(s.issue("other.example")) }, handshakeUnknownClient},
		"name in the subject only": {func(s *secured) *tls.Config {
			return s.client(s.issue("quay.example", func(c *x509.Certificate) { c.DNSNames = nil }))
		}, handshakeUnknownClient},
		"a fingerprint as name": {func(s *secured) *tls.Config {
			right := s.issue("quay.example")
			s.known(func(c *directory.Catalog) { c.NASes[0].TLSName = fingerprint(right) })
			wrong, _ := url.Parse(fingerprint(right))
			return s.client(s.issue("other.example", func(c *x509.Certificate) { c.URIs = []*url.URL{wrong} }))
		}, handshakeUnknownClient},
		"TLS 1.1": {func(s *secured) *tls.Config {
			c := s.client(s.issue("quay.example"))
			c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
			return c
		}, handshakeProtocol},
		"a server that it does not trust": {func(s *secured) *tls.Config {
			c := s.client(s.issue("quay.example"))
			c.RootCAs = stranger.pool()
			return c
		}, handshakePeerRefused},
		"HTTP": {func(s *secured) *tls.Config {
			c := s.client(s.issue("quay.example"))
			c.NextProtos = []string{"h2", "http/1.1"}
			return c
		}, handshakeNoProtocol},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := securing(t, nil)
			if got := s.refuses(test.config(s)); got != test.want.String() {
				t.Errorf("%s, want %s", got, test.want)
			}
			if got := testutil.ToFloat64(s.tls.count.handshakes[test.want]); got != 1 {
				t.Errorf("counted %v times", got)
			}
			if len(s.tls.live()) != 0 {
				t.Error("it is live")
			}
		})
	}
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestTLSFindsNAS(t *testing.T) {
	s := securing(t, nil)
	pinned := s.issue("whatever.example")
	s.known(func(c *directory.Catalog) {
		// router is elsewhere by its address, and quay by nothing but its name.
		c.NASes[2].TLSName = fingerprint(pinned)
		c.NASes[0].TLSName, c.NASes[0].Prefix = "quay.example", netip.Prefix{}
	})
	tests := map[string]struct {
		config *tls.Config
		want   string
	}{
		"fingerprint": {s.client(pinned), "n-3"},
		"DNS name":    {s.client(s.issue("quay.example")), "n-1"},
		"DNS name in capitals, second": {s.client(s.issue("first.example", func(c *x509.Certificate) {
			c.DNSNames = append(c.DNSNames, "Quay.Example")
		})), "n-1"},
	}
	for name, test := range tests {
		s.connect(test.config).exchange(started(name), codeAccountingResponse)
		s.seen(func() {
			if e := s.events[len(s.events)-1]; e.NASID != test.want {
				t.Errorf("%s: it is %s, want %s", name, e.NASID, test.want)
			}
		})
	}
	// By its address, when nothing is known of its certificate.
	s.known(func(c *directory.Catalog) {})
	s.connect(s.client(s.issue("any.example"))).exchange(started("address"), codeAccountingResponse)
	s.seen(func() {
		if e := s.events[len(s.events)-1]; e.NASID != "n-1" {
			t.Errorf("by address it is %s", e.NASID)
		}
	})
}

func TestTLSFragmentsAndBatches(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	b := radsec(t, signIn)
	for i := range b {
		c.send(b[i : i+1])
	}
	checkRadsec(t, c.receive(), b, codeAccessAccept)

	var all []byte
	requests := map[byte][]byte{}
	for id := range byte(50) {
		a := signIn
		a.id = id + 100
		requests[a.id] = radsec(t, a)
		all = append(all, requests[a.id]...)
	}
	all = append(all, b[:30]...) // and the beginning of another
	c.send(all)
	for range 50 {
		reply := c.receive()
		checkRadsec(t, reply, requests[reply[1]], codeAccessAccept)
		delete(requests, reply[1])
	}
	if len(requests) != 0 {
		t.Errorf("%d without an answer", len(requests))
	}
}

func TestTLSGarbageCloses(t *testing.T) {
	length := func(n uint16) func() []byte {
		return func() []byte {
			b := radsec(t, signIn)
			binary.BigEndian.PutUint16(b[2:], n)
			return b
		}
	}
	tests := map[string]struct {
		octets func() []byte
		why    discard
	}{
		"length 0":      {length(0), discardBadLength},
		"length 19":     {length(19), discardBadLength},
		"length 4097":   {length(4097), discardBadLength},
		"length 65535":  {length(65535), discardBadLength},
		"HTTP":          {func() []byte { return []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") }, discardBadLength},
		"only a length": {func() []byte { return []byte{1, 0, 0xff, 0xff} }, discardBadLength},
		"unknown code": {func() []byte {
			b := radsec(t, signIn)
			b[0] = 200
			return b
		}, discardBadCode},
		"attributes end too early": {func() []byte {
			b := radsec(t, signIn)
			b[21] = 200
			return b
		}, discardBadAttribute},
		"attribute of length 0": {func() []byte {
			b := radsec(t, signIn)
			b[21] = 0
			return b
		}, discardBadAttribute},
		"wrong Message-Authenticator": {func() []byte {
			b := radsec(t, signIn)
			b[25] ^= 1
			return b
		}, discardBadMessageAuthenticator},
		"wrong accounting authenticator": {func() []byte {
			b := radsec(t, started("s"))
			b[5] ^= 1
			return b
		}, discardBadAuthenticator},
		"secret of UDP": {func() []byte { return started("s").encode(t) }, discardBadAuthenticator},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := securing(t, nil)
			c, neighbour := s.connect(nil), s.connect(nil)
			c.exchange(status, codeAccessAccept)
			c.send(test.octets())
			c.ends()
			if why := s.said.await(t, saidEnded); why != closedMalformed.String() {
				t.Errorf("closed for %s", why)
			}
			if got := testutil.ToFloat64(s.metrics.listeners[tlsListener].discarded[test.why]); got != 1 {
				t.Errorf("%s was counted %v times", test.why, got)
			}
			if got := testutil.ToFloat64(s.tls.count.closed[closedMalformed]); got != 1 {
				t.Errorf("closed: %v", got)
			}
			neighbour.exchange(status, codeAccessAccept)
			if len(s.tls.live()) != 1 {
				t.Errorf("%d connections left", len(s.tls.live()))
			}
		})
	}
}

// An answer to nothing is late, not wrong.
func TestTLSIgnoresAnswers(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	for _, code := range []byte{2, 3, 5, 11, 41, 42, 44, 45} {
		b := radsec(t, status)
		b[0] = code
		c.send(b)
	}
	c.exchange(status, codeAccessAccept)
	if got := testutil.ToFloat64(s.metrics.listeners[tlsListener].discarded[discardBadCode]); got != 8 {
		t.Errorf("%v discarded", got)
	}
}

// The same octets on another connection are another request.
func TestTLSDuplicatesAreOfOneConnection(t *testing.T) {
	s := securing(t, nil)
	b := radsec(t, started("s"))
	one, two := s.connect(nil), s.connect(nil)
	one.send(b)
	first := one.receive()
	one.send(b)
	if again := one.receive(); !bytes.Equal(first, again) {
		t.Error("a retransmission got other octets")
	}
	two.send(b)
	checkRadsec(t, two.receive(), b, codeAccountingResponse)
	s.seen(func() {
		if len(s.events) != 2 {
			t.Errorf("%d events", len(s.events))
		}
	})
}

// An accounting record is acknowledged once the journal has it, and meanwhile
// others go on. What was read before the end of a connection, or of the server,
// is answered.
func TestTLSAcknowledgesAfterTheJournal(t *testing.T) {
	hold := make(chan struct{})
	s := securing(t, nil)
	s.hold = hold
	c := s.connect(nil)
	record := radsec(t, started("s"))
	c.send(record)
	<-s.entered
	c.exchange(status, codeAccessAccept) // and so the record has no answer yet
	c.conn.(*tls.Conn).CloseWrite()
	close(hold)
	checkRadsec(t, c.receive(), record, codeAccountingResponse)
	c.ends()
	if why := s.said.await(t, saidEnded); why != closedPeer.String() {
		t.Errorf("ended for %s", why)
	}
}

func TestTLSFinishesAtTheStop(t *testing.T) {
	p, hold := newPKI(t), make(chan struct{})
	w := newWorld(t, func(o *Options) { o.TLS = p.options() }, nil, nil)
	w.hold = hold
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx) }()
	s := &secured{world: w, pki: p}
	c := s.connect(nil)
	record := radsec(t, started("s"))
	c.send(record)
	<-w.entered
	cancel()
	close(hold)
	checkRadsec(t, c.receive(), record, codeAccountingResponse)
	c.ends()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", w.TLSAddrs()[0].String()); err == nil {
		t.Error("it still listens")
	}
}

func TestTLSFollowsTheRegister(t *testing.T) {
	s := securing(t, nil)
	c := s.connect(nil)
	c.exchange(status, codeAccessAccept)
	s.known(func(c *directory.Catalog) { c.NASes[0].TLSName = "other.example" })
	c.send(radsec(t, signIn))
	c.ends()
	if why := s.said.await(t, saidEnded); why != closedUnknownClient.String() {
		t.Errorf("ended for %s", why)
	}
	// One that says nothing is found as well.
	s.known(func(c *directory.Catalog) { c.NASes[0].TLSName = "quay.example" })
	silent := s.connect(nil)
	silent.exchange(status, codeAccessAccept)
	s.known(func(c *directory.Catalog) { c.NASes[0].TLSName = "other.example" })
	if err := s.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	silent.ends()
}

func TestTLSMetricsAreCleanAndSeeded(t *testing.T) {
	registry := prometheus.NewRegistry()
	p := newPKI(t)
	w := newWorld(t, func(o *Options) { o.Registerer, o.TLS = registry, p.options() }, nil, nil)
	t.Cleanup(w.Close)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
	for name, want := range map[string]int{
		"parvis_radius_tls_connections":                          2,
		"parvis_radius_tls_handshakes_total":                     int(handshakeResults),
		"parvis_radius_tls_closed_total":                         int(closings),
		"parvis_radius_tls_certificate_expiry_timestamp_seconds": 1,
		"parvis_radius_requests_total":                           3 * 3,
		"parvis_radius_queue_length":                             3,
	} {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n != want {
			t.Errorf("%s: %d series, want %d (%v)", name, n, want, err)
		}
	}
	err = testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP parvis_radius_tls_certificate_expiry_timestamp_seconds When the certificate of the TLS listener expires, in Unix seconds.
# TYPE parvis_radius_tls_certificate_expiry_timestamp_seconds gauge
parvis_radius_tls_certificate_expiry_timestamp_seconds 4.1024448e+09
`), "parvis_radius_tls_certificate_expiry_timestamp_seconds")
	if err != nil {
		t.Error(err)
	}
}

func TestTLSNeedsItsFiles(t *testing.T) {
	p := newPKI(t)
	p.writePEM("other.pem", "CERTIFICATE", []byte("nonsense"))
	tests := map[string]func(*TLS){
		"no CA":             func(o *TLS) { o.ClientCAFile = "" },
		"no certificate":    func(o *TLS) { o.CertFile = "" },
		"no key":            func(o *TLS) { o.KeyFile = "" },
		"missing file":      func(o *TLS) { o.ClientCAFile = p.file("absent.pem") },
		"CA is nonsense":    func(o *TLS) { o.ClientCAFile = p.file("other.pem") },
		"key of another":    func(o *TLS) { o.CertFile = p.file("clients.pem") },
		"address is taken":  func(o *TLS) { o.Addrs = append(o.Addrs, taken(t)) },
		"not an IP address": func(o *TLS) { o.Addrs = []string{"127.0.0.1:x"} },
	}
	for name, change := range tests {
		o := Options{Register: directory.NewRegister(1), Tickets: &world{}, Presence: &world{}, Journal: &world{}, TLS: p.options()}
		change(&o.TLS)
		if s, err := Listen(o, []string{"127.0.0.1:0"}, nil); err == nil {
			s.Close()
			t.Errorf("%s: it listens", name)
		}
	}
}

func taken(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
