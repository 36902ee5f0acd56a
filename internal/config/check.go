package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// check looks at what every value means, resolves file names and reads secrets.
func (r *reader) check() {
	c := r.cfg
	name, err := directory.ParseName("name", c.Commune)
	if err != nil {
		r.add("commune", "%v", err)
	}
	c.Commune = name
	if c.DataDir == "" {
		r.add("data_dir", "the directory is missing")
	}
	c.DataDir = beside(r.file, c.DataDir)
	r.keyFile()
	r.store()
	r.live()
	r.listeners()
	r.publicURL()
	r.certificate("radius", &c.Radius.TLSCert, &c.Radius.TLSKey)
	r.clientCA()
	r.realms()
	r.certificate("portal", &c.Portal.TLSCert, &c.Portal.TLSKey)
	r.certificate("console", &c.Console.TLSCert, &c.Console.TLSKey)
	r.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	r.oneOf("log.format", c.Log.Format, "text", "json")
	r.between("radius.max_devices", c.Radius.MaxDevices, 1, 50_000_000)
	r.between("live.db", c.Live.DB, 0, 65535)
	if d := c.Metrics.APDownAfter; d != 0 && (d < 10*time.Second || d > 24*time.Hour) {
		r.add("metrics.ap_down_after", "%s is not between 10s and 24h, nor 0s", d)
	}
}

func (r *reader) between(key string, v, least, most int) {
	if v < least || v > most {
		r.add(key, "%d is not between %d and %d", v, least, most)
	}
}

func (r *reader) oneOf(key, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		r.add(key, "%q is not known: use %s", clip(v), strings.Join(allowed, " or "))
	}
}

func (r *reader) keyFile() {
	c := r.cfg
	if c.KeyFile == "" {
		r.add("key_file", "the key file is missing")
		return
	}
	c.KeyFile = secretPath(r.file, c.KeyFile)
	if _, err := os.Stat(c.KeyFile); errors.Is(err, fs.ErrNotExist) {
		r.add("key_file", "%s does not exist: parvis migrate makes it for a new installation", c.KeyFile)
		return
	}
	k, err := LoadKeys(c.KeyFile)
	if err != nil {
		r.add("key_file", "%s: %v", c.KeyFile, err)
	}
	c.Keys = k
}

// secret reads the secret file of a key; nothing when it is not set.
func (r *reader) secret(key string, path *string) directory.Secret {
	if *path == "" {
		return directory.Secret{}
	}
	*path = secretPath(r.file, *path)
	text, err := readSecretFile(*path)
	if err != nil {
		r.add(key, "%s: %v", *path, err)
	}
	return directory.NewSecret(text)
}

func (r *reader) store() {
	s := &r.cfg.Store
	r.oneOf("store.engine", s.Engine, EngineSQLite, EnginePostgres)
	s.URL = r.secret("store.url_file", &s.URLFile)
	switch {
	case s.Engine == EngineSQLite && s.URLFile != "":
		r.add("store.url_file", "the sqlite engine takes no URL: it is kept in data_dir")
	case s.Engine == EnginePostgres && s.URLFile == "":
		r.add("store.url_file", "the postgres engine needs a file with its URL")
	case s.Engine == EnginePostgres && !s.URL.IsZero():
		u, err := url.Parse(s.URL.Reveal()) // its error would hold the password
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			r.add("store.url_file", "%s does not hold one postgres:// URL", s.URLFile)
		}
	}
}

func (r *reader) live() {
	l := &r.cfg.Live
	r.oneOf("live.engine", l.Engine, EngineMemory, EngineRedis)
	l.Password = r.secret("live.password_file", &l.PasswordFile)
	host, port, err := net.SplitHostPort(l.Address)
	if err != nil || host == "" || !isPort(port) || port == "0" {
		r.add("live.address", "%q is not host:port", clip(l.Address))
	}
}

// listener is one address on which the program listens.
type listener struct {
	key, network string
	addr         netip.AddrPort // the unspecified address means all
}

func (r *reader) listeners() {
	c := r.cfg
	var all []listener
	add := func(key, network, text string) (loopback bool) {
		l, ok := r.address(key, text)
		if !ok {
			return true // one sentence about it is enough
		}
		l.network = network
		for _, other := range all {
			if l.network == other.network && overlap(l.addr, other.addr) {
				r.add(key, "%s is taken by %s already", text, other.key)
			}
		}
		all = append(all, l)
		return l.addr.Addr().IsLoopback()
	}
	for _, list := range []struct {
		key   string
		addrs []string
	}{{"radius.auth", c.Radius.Auth}, {"radius.acct", c.Radius.Acct}} {
		if len(list.addrs) == 0 || len(list.addrs) > 64 {
			r.add(list.key, "there must be 1 to 64 addresses")
			continue
		}
		for _, text := range list.addrs {
			add(list.key, "udp", text)
		}
	}
	if len(c.Radius.TLS) > 64 {
		r.add("radius.tls", "there must be at most 64 addresses")
		c.Radius.TLS = nil
	}
	for _, text := range c.Radius.TLS {
		add("radius.tls", "tcp", text)
	}
	add("portal.listen", "tcp", c.Portal.Listen)
	if !add("console.listen", "tcp", c.Console.Listen) && !c.Console.Secure() {
		r.add("console.listen", "passwords would cross the network in the clear on %s: set tls_cert and tls_key, or behind_tls_proxy", c.Console.Listen)
	}
	if !add("metrics.listen", "tcp", c.Metrics.Listen) && !c.Metrics.InsecureListen {
		r.add("metrics.listen", "%s is not on loopback, and anybody who reaches it could read: set insecure_listen if that is meant", c.Metrics.Listen)
	}
}

// address reads host:port, where the host is an IP address, localhost or nothing.
func (r *reader) address(key, text string) (listener, bool) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || !isPort(port) {
		r.add(key, "%q is not an address with a port, for example 127.0.0.1:8080 or :8080", clip(text))
		return listener{}, false
	}
	addr := netip.IPv6Unspecified()
	switch host {
	case "":
	case "localhost":
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		addr, err = netip.ParseAddr(host)
		if err != nil {
			r.add(key, "%q is not an IP address: a name could mean another address tomorrow", clip(host))
			return listener{}, false
		}
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return listener{key: key, addr: netip.AddrPortFrom(addr.Unmap(), uint16(n))}, true
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// overlap reports whether both cannot be bound at once. Port 0 is any free one,
// and [::] takes the IPv4 addresses too.
func overlap(a, b netip.AddrPort) bool {
	if a.Port() != b.Port() || a.Port() == 0 {
		return false
	}
	x, y := a.Addr(), b.Addr()
	covers := func(x, y netip.Addr) bool { return x.IsUnspecified() && (x.Is6() || y.Is4()) }
	return x == y || covers(x, y) || covers(y, x)
}

func (r *reader) publicURL() {
	text := r.cfg.Portal.PublicURL
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		r.add("portal.public_url", "%q is not an http or https URL without a path, for example https://wifi.example.fr", clip(text))
	}
	r.cfg.Portal.PublicURL = strings.TrimSuffix(text, "/")
}

// certificate checks a pair of files, both or none.
func (r *reader) certificate(section string, cert, key *string) {
	switch {
	case *cert == "" && *key == "":
		return
	case *cert == "":
		r.add(section+".tls_key", "a key needs its certificate in tls_cert")
		return
	case *key == "":
		r.add(section+".tls_cert", "a certificate needs its key in tls_key")
		return
	}
	*cert, *key = secretPath(r.file, *cert), secretPath(r.file, *key)
	_, err := readSecretFile(*key)
	if err != nil {
		r.add(section+".tls_key", "%s: %v", *key, err)
		return
	}
	if _, err := os.Stat(*cert); err != nil {
		r.add(section+".tls_cert", "%s: %s", *cert, fileTrouble(err))
		return
	}
	_, err = tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		r.add(section+".tls_cert", "%s and %s are not a certificate and its key", *cert, *key)
	}
}

// clientCA checks what RADIUS over TLS needs besides its certificate.
func (r *reader) clientCA() {
	c := &r.cfg.Radius
	if len(c.TLS) > 0 && c.TLSCert == "" && c.TLSKey == "" {
		r.add("radius.tls", "RADIUS over TLS needs a certificate and its key in tls_cert and tls_key")
	}
	if c.TLSClientCA == "" {
		if len(c.TLS) > 0 {
			r.add("radius.tls", "RADIUS over TLS needs the CA that signs the certificates of the NASes in tls_client_ca")
		}
		return
	}
	c.TLSClientCA = secretPath(r.file, c.TLSClientCA)
	text, err := os.ReadFile(c.TLSClientCA)
	switch {
	case err != nil:
		r.add("radius.tls_client_ca", "%s: %s", c.TLSClientCA, fileTrouble(err))
	case !x509.NewCertPool().AppendCertsFromPEM(text):
		r.add("radius.tls_client_ca", "%s holds no certificate", c.TLSClientCA)
	}
}

// clip keeps a bad value short enough for one line.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "?") + "…"
	}
	return s
}
