package radius

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
	"parvis/internal/peers"
	"parvis/radius/proxy"
)

// homeFreeRADIUS is the configuration of a partner's FreeRADIUS, which knows
// guest@partner.example by the password opensesame and says which server it is.
func homeFreeRADIUS(auth, acct int, name string) string {
	return fmt.Sprintf(`
client parvis {
	ipaddr = 127.0.0.1
	secret = %q
	require_message_authenticator = yes
}
modules {
	pap { }
	chap { }
	always ok { rcode = ok }
}
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = %d
	}
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = %d
	}
	authorize {
		if (&User-Name == "guest@partner.example" && &Operator-Name == "1ville.example") {
			update control {
				Cleartext-Password := "opensesame"
			}
		}
		chap
		pap
	}
	authenticate {
		Auth-Type PAP { 
			pap 
		}
		Auth-Type CHAP { 
			chap 
		}
	}
	post-auth {
		update reply {
			Message-Authenticator := 0x00
			Session-Timeout := 600
			Class := 0x7468656972
			Reply-Message := %q
			Tunnel-Type := VLAN
			Tunnel-Medium-Type := IEEE-802
			Tunnel-Private-Group-Id := "66"
		}
		Post-Auth-Type REJECT {
			update reply {
				Message-Authenticator := 0x00
			}
		}
	}
	accounting {
		ok
	}
}
`, homeSecret, auth, acct, name)
}

// A visitor's FreeRADIUS is behind us; radclient is the NAS in front.
func TestFreeRADIUSBehind(t *testing.T) {
	first, second := peers.FreeUDPPort(t), peers.FreeUDPPort(t)
	acct := [2]int{peers.FreeUDPPort(t), peers.FreeUDPPort(t)}
	stop := peers.FreeRADIUS(t, homeFreeRADIUS(first, acct[0], "first"))
	peers.FreeRADIUS(t, homeFreeRADIUS(second, acct[1], "second"))
	server := func(i, port int) proxy.Server {
		return proxy.Server{
			Address: fmt.Sprintf("127.0.0.1:%d", port), AcctAddress: fmt.Sprintf("127.0.0.1:%d", acct[i]), Secret: directory.NewSecret(homeSecret),
		}
	}
	v := visiting(t, func(o *proxy.Options) { o.Try = 500 * time.Millisecond }, server(0, first), server(1, second))
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(command, request string) (string, int) {
		addr := v.AuthAddrs()[0]
		if command == "acct" {
			addr = v.AcctAddrs()[0]
		}
		return peers.Radclient(t, []string{"-x", "-r3", "-t3", "-S", file, addr.String(), command}, request)
	}
	where := `, Called-Station-Id = "` + bssid.String() + `", Proxy-State = 0x6f6e65, Proxy-State = 0x74776f, Message-Authenticator = 0x00`
	pap := `User-Name = "guest@partner.example", User-Password = "opensesame"` + where

	out, code := ask("auth", pap)
	_, reply, _ := strings.Cut(out, "Received Access-Accept")
	for _, want := range []string{"Session-Timeout = 600", "Class = 0x7468656972", `"first"`, "Proxy-State = 0x6f6e65", "Proxy-State = 0x74776f"} {
		if code != 0 || !strings.Contains(reply, want) {
			t.Errorf("PAP: %d, no %s\n%s", code, want, out)
		}
	}
	if strings.Contains(reply, "Tunnel") || strings.Count(reply, "Proxy-State") != 2 {
		t.Errorf("PAP: %s", reply)
	}
	if out, code = ask("auth", `User-Name = "guest@partner.example", CHAP-Password = "opensesame"`+where); code != 0 {
		t.Errorf("CHAP: %d\n%s", code, out)
	}
	if out, code = ask("auth", `User-Name = "guest@partner.example", User-Password = "wrong"`+where); code == 0 || !strings.Contains(out, "Received Access-Reject") {
		t.Errorf("wrong password: %d\n%s", code, out)
	}
	v.refusedFor(t, "proxy_refused", 1)
	record := `User-Name = "guest@partner.example", Acct-Status-Type = Start, Acct-Session-Id = "s-1", Called-Station-Id = "` + bssid.String() + `"`
	if out, code = ask("acct", record); code != 0 {
		t.Errorf("accounting: %d\n%s", code, out)
	}
	v.await(t, 1)

	stop()
	out, code = ask("auth", pap)
	if code != 0 || !strings.Contains(out, `"second"`) {
		t.Errorf("after the first server died: %d\n%s", code, out)
	}
	if out, code = ask("auth", pap); code != 0 || strings.Count(out, "Sent Access-Request") != 1 {
		t.Errorf("once that is known: %d\n%s", code, out)
	}
}

// await polls the counter of records that the partner has acknowledged, with a
// deadline: it is another process.
func (v *visited) await(t testing.TB, want float64) {
	t.Helper()
	const sent = `
# HELP parvis_radius_proxy_accounting_total Accounting records for a partner, by what came of them.
# TYPE parvis_radius_proxy_accounting_total counter
parvis_radius_proxy_accounting_total{realm="partner.example",result="dropped"} 0
parvis_radius_proxy_accounting_total{realm="partner.example",result="failed"} 0
parvis_radius_proxy_accounting_total{realm="partner.example",result="sent"} %v
`
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		err = testutil.GatherAndCompare(v.registry, strings.NewReader(fmt.Sprintf(sent, want)), "parvis_radius_proxy_accounting_total")
		if err == nil {
			return
		}
	}
	t.Error(err)
}

// FreeRADIUS is a proxy in front of us, with Status-Server as its check.
func TestFreeRADIUSInFront(t *testing.T) {
	w := serving(t, func(o *Options) { o.Now = time.Now })
	port := func(addr fmt.Stringer) string {
		_, port, err := net.SplitHostPort(addr.String())
		if err != nil {
			t.Fatal(err)
		}
		return port
	}
	auth, acct := peers.FreeUDPPort(t), peers.FreeUDPPort(t)
	peers.FreeRADIUS(t, fmt.Sprintf(`
client nas {
	ipaddr = 127.0.0.1
	secret = "between NAS and proxy"
}
home_server auth {
	type = auth
	ipaddr = 127.0.0.1
	port = %s
	secret = %q
	status_check = status-server
}
home_server acct {
	type = acct
	ipaddr = 127.0.0.1
	port = %s
	secret = %q
	response_window = 1
	zombie_period = 20
	status_check = status-server
	check_interval = 6
	num_answers_to_alive = 3
}
home_server_pool auth {
	home_server = auth
}
home_server_pool acct {
	home_server = acct
}
realm parvis {
	auth_pool = auth
	acct_pool = acct
	nostrip
}
modules {
}
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = %d
	}
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = %d
	}
	authorize {
		update control {
			Proxy-To-Realm := "parvis"
		}
	}
	preacct {
		update control {
			Proxy-To-Realm := "parvis"
		}
	}
}
`, port(w.AuthAddrs()[0]), secret, port(w.AcctAddrs()[0]), secret, auth, acct))
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("between NAS and proxy"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(command string, port int, request string) (string, int) {
		return peers.Radclient(t, []string{"-x", "-r2", "-t4", "-S", file, fmt.Sprintf("127.0.0.1:%d", port), command}, request)
	}
	where := `, Called-Station-Id = "` + homeAP.String() + `", Calling-Station-Id = "` + device.String() + `", Proxy-State = 0x6f6e65`
	out, code := ask("auth", auth, `User-Name = "`+homeLogin+`", User-Password = "`+homePassword+`"`+where)
	_, reply, _ := strings.Cut(out, "Received Access-Accept")
	if code != 0 || !strings.Contains(reply, "Class = ") || strings.Count(reply, "Proxy-State") != 1 || !strings.Contains(reply, "Proxy-State = 0x6f6e65") {
		t.Errorf("PAP: %d\n%s", code, out)
	}
	if out, code = ask("auth", auth, `User-Name = "`+homeLogin+`", CHAP-Password = "`+homePassword+`"`+where); code != 0 {
		t.Errorf("CHAP: %d\n%s", code, out)
	}
	if out, code = ask("acct", acct, `User-Name = "`+homeLogin+`", Acct-Status-Type = Start, Acct-Session-Id = "s-1"`); code != 0 {
		t.Errorf("accounting: %d\n%s", code, out)
	}
	w.seen(func() {
		if len(w.events) != 1 || w.events[0].AcctSessionID != "s-1" {
			t.Errorf("events: %+v", w.events)
		}
	})
	// What we do not answer makes the proxy ask for our status, which we answer.
	w.seen(func() { w.appendNo = errors.New("the disk is full") })
	if out, code = ask("acct", acct, `User-Name = "`+homeLogin+`", Acct-Status-Type = Start, Acct-Session-Id = "s-2"`); code == 0 {
		t.Errorf("what was not recorded is acknowledged\n%s", out)
	}
	status := w.metrics.listeners[acctListener].requests[typeStatus]
	for end := time.Now().Add(10 * time.Second); testutil.ToFloat64(status) == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if testutil.ToFloat64(status) == 0 {
		t.Error("the proxy did not ask for our status")
	}
}
