package radius

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

var (
	certBegin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	certEnd   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// authority is a CA of one test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: rand.Text()}, NotBefore: certBegin, NotAfter: certEnd,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue makes a certificate with name as its DNS name.
func (a *authority) issue(name string, change ...func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: certBegin, NotAfter: certEnd, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, f := range change {
		f(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// pki is the files of a server, and the CA that signs its clients.
type pki struct {
	*authority
	dir string
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{newAuthority(t), t.TempDir()}
	p.write("server", p.issue("radius.example"))
	p.writePEM("clients.pem", "CERTIFICATE", p.cert.Raw)
	return p
}

func (p *pki) file(name string) string { return filepath.Join(p.dir, name) }

func (p *pki) writePEM(name, kind string, der []byte) {
	p.t.Helper()
	err := os.WriteFile(p.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pki) write(name string, c tls.Certificate) {
	p.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		p.t.Fatal(err)
	}
	p.writePEM(name+".pem", "CERTIFICATE", c.Certificate[0])
	p.writePEM(name+".key", "PRIVATE KEY", der)
}

func (p *pki) options() TLS {
	return TLS{
		Addrs:    []string{"127.0.0.1:0"},
		CertFile: p.file("server.pem"), KeyFile: p.file("server.key"), ClientCAFile: p.file("clients.pem"),
	}
}

// client is how a NAS with that certificate connects.
func (p *pki) client(certs ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: p.pool(), ServerName: "radius.example", Certificates: certs}
}

// spoken is a log that a test can wait for.
type spoken struct {
	slog.Handler
	lines chan map[string]string
}

func newSpoken() *spoken {
	return &spoken{slog.DiscardHandler, make(chan map[string]string, 1000)}
}

func (*spoken) Enabled(context.Context, slog.Level) bool { return true }

func (s *spoken) Handle(_ context.Context, r slog.Record) error {
	line := map[string]string{"msg": r.Message}
	r.Attrs(func(a slog.Attr) bool { line[a.Key] = a.Value.String(); return true })
	select {
	case s.lines <- line:
	default:
	}
	return nil
}

// await returns the reason in the next line with that message.
func (s *spoken) await(t testing.TB, message string) string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case line := <-s.lines:
			if line["msg"] == message {
				return line["reason"]
			}
		case <-late:
			t.Fatalf("nobody said %q", message)
		}
	}
}

const (
	saidRefused = "TLS connections refused"
	saidEnded   = "TLS connection ended"
)

// secured is a server with TLS, and what it says.
type secured struct {
	*world
	*pki
	said *spoken
}

// securing starts a server with TLS. The NAS of our address is known by the name
// quay.example in its certificate, and so not by its address.
func securing(t testing.TB, change func(*Options)) *secured {
	t.Helper()
	s := &secured{pki: newPKI(t), said: newSpoken()}
	s.world = serving(t, func(o *Options) {
		o.TLS, o.Log = s.options(), slog.New(s.said)
		if change != nil {
			change(o)
		}
	})
	s.known(func(c *directory.Catalog) { c.NASes[0].TLSName = "quay.example" })
	return s
}

func (s *secured) known(change func(*directory.Catalog)) {
	s.t.Helper()
	c := catalog()
	change(&c)
	snap, err := directory.NewSnapshot(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.register.Swap(snap)
}

// connect opens a connection as quay.example, or as config says.
func (s *secured) connect(config *tls.Config) *stream {
	s.t.Helper()
	if config == nil {
		config = s.client(s.issue("quay.example"))
	}
	conn, err := tls.Dial("tcp", s.TLSAddrs()[0].String(), config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &stream{s.t, conn}
}

// refuses connects and returns the reason for which the server does not take it.
func (s *secured) refuses(config *tls.Config) string {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.TLSAddrs()[0].String(), config)
	if err == nil { // TLS 1.3: the client is told only afterwards
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, readErr := conn.Read(make([]byte, 1))
		conn.Close()
		if err = readErr; err == nil || os.IsTimeout(err) {
			s.t.Fatalf("the connection was taken: %d octets, %v", n, err)
		}
	}
	s.t.Logf("the client is told: %v", err)
	return s.said.await(s.t, saidRefused)
}

// stream is a NAS on TLS.
type stream struct {
	t    testing.TB
	conn net.Conn
}

func (c *stream) send(b []byte) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *stream) receive() []byte {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	head := make([]byte, 4)
	if _, err := io.ReadFull(c.conn, head); err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	b := append(head, make([]byte, int(binary.BigEndian.Uint16(head[2:]))-4)...)
	if _, err := io.ReadFull(c.conn, b[4:]); err != nil {
		c.t.Fatalf("half an answer: %v", err)
	}
	return b
}

// ends fails unless the server ends the connection, without a further answer.
func (c *stream) ends() {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if b, err := io.ReadAll(c.conn); len(b) > 0 || os.IsTimeout(err) {
		c.t.Fatalf("the connection goes on: %x, %v", b, err)
	}
}

// radsec encodes a request of RADIUS/1.0 for TLS.
func radsec(t testing.TB, a ask) []byte {
	t.Helper()
	a.secret = radsecSecret
	return a.encode(t)
}

// checkRadsec verifies the signatures and returns the attributes.
func checkRadsec(t testing.TB, reply, request []byte, code byte) wire.Attributes {
	t.Helper()
	p, err := wire.Parse(reply, []byte(radsecSecret))
	if err != nil {
		t.Fatalf("%v: %x", err, reply)
	}
	if reply[0] != code || reply[1] != request[1] || !wire.IsAuthenticResponse(reply, request, []byte(radsecSecret)) {
		t.Fatalf("not an answer with code %d: %x", code, reply)
	}
	if request[0] == codeAccountingRequest {
		if _, signed := p.Attributes.Lookup(80); signed {
			t.Error("radsecproxy 1.9 drops an Accounting-Response with a Message-Authenticator")
		}
		return p.Attributes
	}
	plain := bytes.Clone(reply)
	copy(plain[4:20], request[4:20])
	clear(plain[22:38])
	if len(p.Attributes) == 0 || p.Attributes[0].Type != 80 || !bytes.Equal(hmacMD5(radsecSecret, plain), p.Attributes[0].Attribute) {
		t.Fatalf("Message-Authenticator is not first, or does not fit: %x", reply)
	}
	return p.Attributes
}

// exchange sends a request of RADIUS/1.0 and checks its answer.
func (c *stream) exchange(a ask, code byte) wire.Attributes {
	c.t.Helper()
	b := radsec(c.t, a)
	c.send(b)
	return checkRadsec(c.t, c.receive(), b, code)
}

var (
	signIn = ask{code: codeAccessRequest, id: 1, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}
	status = ask{code: codeStatusServer, id: 2}
)

func started(session string) ask {
	return ask{code: codeAccountingRequest, id: 3, unsigned: true, attrs: at(bssid, number(typeAcctStatusType, 1), attr{typeAcctSessionID, session})}
}

func pemEncode(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func (p *pki) writeText(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.file(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}
