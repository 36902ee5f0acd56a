package radius

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
	"parvis/internal/peers"
)

// radclient asks radsecproxy over UDP, which asks us over TLS: the usual way for
// access points that have no RadSec of their own.
func TestRadsecproxy(t *testing.T) {
	s := securing(t, func(o *Options) { o.Now = time.Now })
	s.write("proxy", s.issue("quay.example"))
	_, port, err := net.SplitHostPort(s.TLSAddrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	proxy := peers.Radsecproxy(t, fmt.Sprintf(`
tls default {
	CACertificateFile %s
	CertificateFile %s
	CertificateKeyFile %s
}
client 127.0.0.1 {
	type udp
	secret %q
}
server parvis {
	type tls
	host 127.0.0.1
	port %s
	secret radsec
	CertificateNameCheck off
	StatusServer on
}
realm * {
	server parvis
	AccountingServer parvis
}
`, s.file("clients.pem"), s.file("proxy.pem"), s.file("proxy.key"), secret, port))

	ask := func(command, request, file string) (string, int) {
		return peers.Radclient(t, []string{"-x", "-r3", "-t5", "-S", file, proxy, command}, request)
	}
	s.writeText("secret", secret)
	where := `Calling-Station-Id = "02-00-00-00-00-07", Called-Station-Id = "` + homeAP.String() + `", Message-Authenticator = 0x00`
	out, code := ask("auth", `User-Name = "`+homeLogin+`", User-Password = "`+homePassword+`", `+where, s.file("secret"))
	if code != 0 || !strings.Contains(out, "Received Access-Accept") || !strings.Contains(out, "Class = ") {
		t.Errorf("PAP: %d\n%s", code, out)
	}
	out, code = ask("auth", `User-Name = "`+homeLogin+`", CHAP-Password = "`+homePassword+`", `+where, s.file("secret"))
	if code != 0 || !strings.Contains(out, "Received Access-Accept") {
		t.Errorf("CHAP: %d\n%s", code, out)
	}
	out, code = ask("auth", `User-Name = "`+homeLogin+`", User-Password = "wrong", `+where, s.file("secret"))
	if code == 0 || !strings.Contains(out, "Received Access-Reject") {
		t.Errorf("wrong password: %d\n%s", code, out)
	}
	out, code = ask("acct", `User-Name = "`+homeLogin+`", Acct-Status-Type = Start, Acct-Session-Id = "s-1"`, s.file("secret"))
	if code != 0 || !strings.Contains(out, "Received Accounting-Response") {
		t.Errorf("accounting: %d\n%s", code, out)
	}
	s.seen(func() {
		if len(s.events) != 1 || s.events[0].AcctSessionID != "s-1" || s.events[0].DwellingID != "d-1" || s.events[0].NASID != "n-1" {
			t.Errorf("events: %+v", s.events)
		}
	})
	if got := testutil.ToFloat64(s.tls.count.handshakes[handshakeOK]); got != 1 {
		t.Errorf("%v connections for all of it", got)
	}

	// The proxy is at another address and known by its certificate only; the
	// connection goes on.
	s.known(func(c *directory.Catalog) {
		c.NASes[0].TLSName, c.NASes[0].Prefix = "quay.example", netip.MustParsePrefix("192.0.2.7/32")
	})
	out, code = ask("auth", `User-Name = "`+homeLogin+`", User-Password = "`+homePassword+`", `+where, s.file("secret"))
	if code != 0 || !strings.Contains(out, "Received Access-Accept") {
		t.Errorf("by certificate: %d\n%s", code, out)
	}
	if got := testutil.ToFloat64(s.tls.count.handshakes[handshakeOK]); got != 1 {
		t.Errorf("%v connections after a change of the register", got)
	}
}
