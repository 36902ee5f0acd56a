package radius

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"parvis/internal/directory"
)

// Names of RADIUS in ALPN, RFC 9765 §3.1.
const (
	alpn10 = "radius/1.0"
	alpn11 = "radius/1.1"
)

var (
	errUnknownClient = errors.New("the certificate belongs to no NAS")
	errDowngrade     = errors.New("a session of RADIUS/1.1 is resumed without it")
)

// greeting is a handshake under way.
type greeting struct {
	*tlsServer
	from    netip.AddrPort
	offered []string // by the client, in ALPN
	version []string // that we offer, best first
	was11   bool     // the session that is resumed was of RADIUS/1.1
	nas     *directory.NAS
}

// config is made for each handshake, because it depends on the client, and so
// that the newest files count.
func (g *greeting) config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	g.offered = hello.SupportedProtos
	g.version = []string{alpn10}
	// RFC 9765 §3.4: RADIUS/1.1 needs TLS 1.3.
	if slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
		g.version = []string{alpn11, alpn10}
	}
	files := g.files.current.Load()
	return &tls.Config{
		Time:             g.Server.o.Now,
		Certificates:     []tls.Certificate{files.pair},
		ClientAuth:       tls.RequireAndVerifyClientCert,
		ClientCAs:        files.clientCAs,
		MinVersion:       tls.VersionTLS12,
		NextProtos:       g.version, // nothing in common: alert 120; none offered: RADIUS/1.0
		VerifyConnection: g.verify,
		WrapSession:      g.wrap,
		UnwrapSession:    g.unwrap,
	}, nil
}

// wrap notes in a session ticket that it is of RADIUS/1.1.
func (g *greeting) wrap(state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	session.Extra = append(session.Extra, []byte(state.NegotiatedProtocol))
	return g.tickets.EncryptTicket(state, session)
}

func (g *greeting) unwrap(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	session, err := g.tickets.DecryptTicket(ticket, state)
	if err != nil || session == nil {
		return nil, nil // a full handshake
	}
	g.was11 = slices.ContainsFunc(session.Extra, func(b []byte) bool { return string(b) == alpn11 })
	return session, nil
}

// verify is called once the certificate was found good, also for a resumed session.
func (g *greeting) verify(state tls.ConnectionState) error {
	// RFC 9765 §3.5: nobody in between may talk a client out of RADIUS/1.1.
	if state.DidResume && g.was11 && state.NegotiatedProtocol != alpn11 {
		return errDowngrade
	}
	names := certificateNames(state.PeerCertificates[0])
	g.nas = nasOf(g.Server.o.Register.Snapshot(), names, g.from.Addr())
	if g.nas == nil {
		return errUnknownClient
	}
	return nil
}

// nasOf finds whose certificate it is. A NAS that has a certificate name is not
// found by its address: any certificate of the CA would do then.
func nasOf(snap *directory.Snapshot, names []string, from netip.Addr) *directory.NAS {
	for _, name := range names {
		if n := snap.NASByTLSName(name); n != nil {
			return n
		}
	}
	if n := snap.NASByAddr(from); n != nil && n.TLSName == "" {
		return n
	}
	return nil
}

const fingerprintPrefix = "sha256:"

// certificateNames lists what a certificate may be known by: its fingerprint,
// then the names that its CA vouches for.
func certificateNames(leaf *x509.Certificate) []string {
	sum := sha256.Sum256(leaf.Raw)
	names := []string{fingerprintPrefix + hex.EncodeToString(sum[:])}
	add := func(name string) {
		// A name that looks like a fingerprint would be one that anybody can choose.
		if name = strings.ToLower(name); !strings.HasPrefix(name, fingerprintPrefix) {
			names = append(names, name)
		}
	}
	for _, name := range leaf.DNSNames {
		add(name)
	}
	for _, uri := range leaf.URIs {
		add(uri.String())
	}
	for _, ip := range leaf.IPAddresses {
		add(ip.String())
	}
	return names
}

// cause says which of the closed set of results a failed handshake is.
func (g *greeting) cause(err error) handshakeResult {
	var verification *tls.CertificateVerificationError
	var remote *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return handshakeTimeout
	case errors.Is(err, errUnknownClient):
		return handshakeUnknownClient
	case errors.Is(err, errDowngrade):
		return handshakeDowngrade
	case errors.As(err, &verification):
		return handshakeBadCertificate
	case errors.As(err, &remote) && remote.Op == "remote error":
		return handshakePeerRefused
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), isReset(err):
		return handshakeClosed
	case len(g.offered) > 0 && !slices.ContainsFunc(g.offered, func(p string) bool { return slices.Contains(g.version, p) }):
		return handshakeNoProtocol
	// crypto/tls has no other sign for it.
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return handshakeNoCertificate
	}
	return handshakeProtocol
}

// refused counts a connection that is not taken, and logs each cause at most
// once a minute.
func (t *tlsServer) refused(why handshakeResult, from netip.AddrPort, err error) {
	t.count.handshakes[why].Inc()
	n, ok := t.refusedLog[why].allow(t.Server.o.Now())
	if !ok {
		return
	}
	attrs := []slog.Attr{slog.String("reason", why.String()), slog.Uint64("count", n), slog.String("from", from.String())}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	t.Server.o.Log.LogAttrs(context.Background(), slog.LevelWarn, "TLS connections refused", attrs...)
}
