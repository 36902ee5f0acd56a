package radius

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"
)

// A renewed certificate is used for new connections, and the others go on.
func TestTLSReload(t *testing.T) {
	s := securing(t, nil)
	live := s.connect(nil)
	live.exchange(signIn, codeAccessAccept)
	serial := func() string {
		c := s.connect(nil)
		c.exchange(status, codeAccessAccept)
		defer c.conn.Close()
		return c.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	renewed := s.issue("radius.example")
	s.write("server", renewed)
	if got := serial(); got != before {
		t.Error("the files were read before they were looked at")
	}
	if err := s.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != renewed.Leaf.SerialNumber.String() {
		t.Errorf("serial %s, want %s", got, renewed.Leaf.SerialNumber)
	}
	live.exchange(signIn, codeAccessAccept)

	// Half-written files change nothing.
	if err := os.WriteFile(s.file("server.key"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.ReloadTLS(); err == nil {
		t.Error("half a key was read")
	}
	if err := os.Remove(s.file("clients.pem")); err != nil {
		t.Fatal(err)
	}
	if err := s.ReloadTLS(); err == nil {
		t.Error("no CA was read")
	}
	if got := serial(); got != renewed.Leaf.SerialNumber.String() {
		t.Errorf("serial %s after a failure", got)
	}
	live.exchange(signIn, codeAccessAccept)
}

// When the CAs of clients change, each connection is judged again.
func TestTLSReloadsClientCAs(t *testing.T) {
	s := securing(t, nil)
	next := newAuthority(t)
	old := s.client(s.issue("quay.example"))
	old.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	before := s.connect(old)
	before.exchange(signIn, codeAccessAccept)

	// Both, while the NASes are given new certificates.
	both := append(pemOf(t, s.file("clients.pem")), pemEncode(next.cert)...)
	if err := os.WriteFile(s.file("clients.pem"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	renewed := s.client(next.issue("quay.example"))
	after := s.connect(renewed)
	after.exchange(signIn, codeAccessAccept)
	before.exchange(signIn, codeAccessAccept)

	// The new one only: also a session that could be resumed is over.
	s.writePEM("clients.pem", "CERTIFICATE", next.cert.Raw)
	if err := s.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	before.ends()
	if why := s.said.await(t, saidEnded); why != closedCertificate.String() {
		t.Errorf("ended for %s", why)
	}
	after.exchange(signIn, codeAccessAccept)
	own := old.Certificates[0]
	old.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
	if why := s.refuses(old); why != handshakeBadCertificate.String() {
		t.Errorf("refused for %s", why)
	}
	s.connect(renewed).exchange(status, codeAccessAccept)
}

// A connection does not outlive the certificate that opened it.
func TestTLSCertificateExpires(t *testing.T) {
	s := securing(t, nil)
	short := s.client(s.issue("quay.example", func(c *x509.Certificate) { c.NotAfter = morning.Add(time.Hour) }))
	short.Time = s.clock
	c := s.connect(short)
	c.exchange(signIn, codeAccessAccept)
	if err := s.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	c.exchange(signIn, codeAccessAccept)
	s.advance(time.Hour + time.Second)
	if err := s.ReloadTLS(); err != nil {
		t.Fatal(err)
	}
	c.ends()
	if why := s.said.await(t, saidEnded); why != closedCertificate.String() {
		t.Errorf("ended for %s", why)
	}
}

func pemOf(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
