package config

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

// Bounds of what one file may name.
const (
	maxRealms       = 256
	maxRealmServers = 8
)

// realms checks the partner networks.
func (r *reader) realms() {
	c := &r.cfg.Radius
	if c.OperatorName != "" && !isRealm(c.OperatorName) {
		r.add("radius.operator_name", "%q is not a realm, for example ville.example.fr", clip(c.OperatorName))
	}
	if len(c.Realms) > maxRealms {
		r.add("radius.realm", "there are more than %d", maxRealms)
		c.Realms = nil
	}
	seen := map[string]bool{}
	for i := range c.Realms {
		realm, key := &c.Realms[i], fmt.Sprintf("radius.realm[%d]", i+1)
		name := strings.ToLower(realm.Name)
		switch {
		case !isRealm(realm.Name):
			r.add(key+".name", "%q is not a realm, for example partner.example", clip(realm.Name))
		case seen[name]:
			r.add(key+".name", "%q is there twice", realm.Name)
		case name == strings.ToLower(c.OperatorName):
			r.add(key+".name", "%q is our own realm in operator_name", realm.Name)
		}
		seen[name] = true
		if n := len(realm.Servers); n == 0 || n > maxRealmServers {
			r.add(key+".server", "there must be 1 to %d of [[radius.realm.server]]", maxRealmServers)
			realm.Servers = nil
		}
		for j := range realm.Servers {
			r.realmServer(&realm.Servers[j], fmt.Sprintf("%s.server[%d]", key, j+1), realm.Acct)
		}
	}
}

func (r *reader) realmServer(s *RealmServer, key string, acct bool) {
	if addr, ok := s.TLS(); ok {
		r.realmServerTLS(s, addr, key)
		return
	}
	for _, a := range []struct{ key, text string }{{"address", s.Address}, {"acct_address", s.AcctAddress}} {
		if a.text == "" && a.key == "acct_address" {
			continue
		}
		// A name could mean another address tomorrow, and UDP does not prove who answers.
		if addr, err := netip.ParseAddrPort(a.text); err != nil || addr.Port() == 0 || addr.Addr().IsUnspecified() {
			r.add(key+"."+a.key, "%q is not an IP address with a port, for example 192.0.2.10:1812, nor tls://host:port", clip(a.text))
		} else if addr.Port() == 1<<16-1 && acct && s.AcctAddress == "" {
			r.add(key+".address", "%s has no port after it for accounting: set acct_address", clip(a.text))
		}
	}
	if s.CA != "" {
		r.add(key+".ca", "a certificate is for tls://host:port only")
	}
	if s.SecretFile == "" {
		r.add(key+".secret_file", "the file with the shared secret is missing")
	}
	s.Secret = r.secret(key+".secret_file", &s.SecretFile)
}

func (r *reader) realmServerTLS(s *RealmServer, addr, key string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || !isPort(port) || port == "0" {
		r.add(key+".address", "%q is not tls://host:port", clip(s.Address))
	}
	for _, other := range []struct {
		key string
		set bool
	}{{"secret_file", s.SecretFile != ""}, {"acct_address", s.AcctAddress != ""}, {"unsigned", s.Unsigned}} {
		if other.set {
			r.add(key+"."+other.key, "over TLS there is none")
		}
	}
	if r.cfg.Radius.TLSCert == "" || r.cfg.Radius.TLSKey == "" {
		r.add(key+".address", "RADIUS over TLS needs our certificate and its key in radius.tls_cert and radius.tls_key")
	}
	if s.CA == "" {
		r.add(key+".ca", "the CA that signs the certificate of the server is missing")
		return
	}
	s.CA = secretPath(r.file, s.CA)
	text, err := os.ReadFile(s.CA)
	switch {
	case err != nil:
		r.add(key+".ca", "%s: %s", s.CA, fileTrouble(err))
	case !x509.NewCertPool().AppendCertsFromPEM(text):
		r.add(key+".ca", "%s holds no certificate", s.CA)
	}
}

// isRealm reports whether s is the realm of a network access identifier, RFC
// 7542 §2.2: a domain name of at least two labels.
func isRealm(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, c := range []byte(l) {
			if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c < 0x80 {
				return false
			}
		}
	}
	return len(labels) > 1 && len(s) <= 250
}
