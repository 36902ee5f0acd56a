package radius

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/accounting"
	"parvis/internal/peers"
)

// FreeRADIUS' radclient checks the signatures of our answers with its own code.
func TestRadclient(t *testing.T) {
	signed := "\nMessage-Authenticator = 0x00\n"
	home := "Called-Station-Id = 02-AA-BB-CC-DD-02:Parvis\nCalling-Station-Id = " + device.String() + "\n"
	city := "Called-Station-Id = 02-AA-BB-CC-DD-01:Parvis\nCalling-Station-Id = " + device.String() + "\n"
	name := "User-Name = " + homeLogin + "\n"
	for _, c := range []struct {
		name, mode, secret, input string
		code                      int
		want                      []string
	}{
		{"PAP", "auth", secret, home + name + `User-Password = "` + homePassword + `"` + signed, 0, []string{
			"Received Access-Accept", "WISPr-Bandwidth-Max-Down = 100000000", "WISPr-Bandwidth-Max-Up = 50000000",
			`Tunnel-Private-Group-Id(:0)? = "120"`, "Tunnel-Type(:0)? = VLAN", "Acct-Interim-Interval = 60", "Class = 0x01",
		}},
		{"CHAP", "auth", secret, home + name + `CHAP-Password = "` + homePassword + `"` + signed, 0, []string{"Received Access-Accept", "WISPr-Bandwidth-Max-Down"}},
		{"wrong password", "auth", secret, home + name + `User-Password = "wrong"` + signed, 1, []string{"Received Access-Reject", "Reply-Message = \"Access refused\""}},
		{"MAC", "auth", secret, city + "User-Name = 020000000007\nUser-Password = 020000000007" + signed, 0, []string{"Received Access-Accept", "Session-Timeout = 3600", "Idle-Timeout = 600"}},
		{"Proxy-State", "auth", secret, home + name + "Proxy-State = 0x0102\nProxy-State = 0x03\nUser-Password = wrong" + signed, 1, []string{"Proxy-State = 0x0102[\\s\\S]*Proxy-State = 0x03"}},
		{"status of auth", "status", secret, "Message-Authenticator = 0x00\n", 0, []string{"Received Access-Accept"}},
		{"wrong secret", "auth", "wrong", home + name + "User-Password = x" + signed, 1, []string{"(?i)no (reply|response)"}},
		{"accounting, wrong secret", "acct", "wrong", "Acct-Status-Type = Start\nAcct-Session-Id = s9\n", 1, []string{"(?i)no (reply|response)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := serving(t, nil)
			remember(w)
			out, code := radclient(t, w, c.mode, c.secret, c.input)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("no %q", want)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

func radclient(t *testing.T, w *world, mode, secret, input string) (string, int) {
	t.Helper()
	var addr netip.AddrPort
	if addr = w.AuthAddrs()[0]; mode == "acct" {
		addr = w.AcctAddrs()[0]
	}
	return peers.Radclient(t, []string{"-x", "-r1", "-t1", addr.String(), mode, secret}, input)
}

// Without Message-Authenticator there is no answer. Later versions of radclient
// sign whatever they are told; those are answered.
func TestRadclientUnsigned(t *testing.T) {
	w := serving(t, nil)
	out, code := radclient(t, w, "auth", secret, "User-Name = "+homeLogin+"\nUser-Password = x\n")
	sent, _, _ := strings.Cut(out, "Received")
	signed := strings.Contains(sent, "Message-Authenticator")
	if answered := strings.Contains(out, "Received Access-Reject"); code != 1 || answered != signed {
		t.Errorf("code %d, signed %v:\n%s", code, signed, out)
	}
}

func TestRadclientAccounting(t *testing.T) {
	w := serving(t, nil)
	session := "Acct-Session-Id = s-1\nUser-Name = anonymous\nCalled-Station-Id = 02-AA-BB-CC-DD-02:Parvis\nCalling-Station-Id = " + device.String() + "\n"
	out, code := radclient(t, w, "auth", secret, "User-Name = "+homeLogin+"\nUser-Password = \""+homePassword+"\"\nMessage-Authenticator = 0x00\n")
	class := regexp.MustCompile(`Class = (0x[0-9a-f]+)`).FindStringSubmatch(out)
	if code != 0 || class == nil {
		t.Fatalf("no Class:\n%s", out)
	}
	session += "Class = " + class[1] + "\n"
	for _, event := range []string{
		"Acct-Status-Type = Start\n",
		"Acct-Status-Type = Interim-Update\nAcct-Input-Octets = 10\nAcct-Output-Octets = 20\nAcct-Session-Time = 60\n",
		"Acct-Status-Type = Stop\nAcct-Input-Octets = 1\nAcct-Input-Gigawords = 1\nAcct-Output-Octets = 40\nAcct-Session-Time = 120\nAcct-Terminate-Cause = User-Request\nMessage-Authenticator = 0x00\n",
	} {
		if out, code := radclient(t, w, "acct", secret, session+event); code != 0 || !strings.Contains(out, "Received Accounting-Response") {
			t.Fatalf("code %d:\n%s", code, out)
		}
	}
	var s accounting.Session
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.At.Sub(e.Received) > time.Second {
			t.Errorf("at %v, received %v", e.At, e.Received)
		}
		s = accounting.Apply(s, e)
	}
	got := fmt.Sprintf("%d events, %s on %s by %s: in %d out %d, %d s, cause %d, open %v",
		len(w.events), s.DwellingID, s.AccessPointID, s.MAC, s.In, s.Out, s.Seconds, s.Cause, s.Open())
	want := "3 events, d-1 on ap-2 by 02-00-00-00-00-07: in 4294967297 out 40, 120 s, cause 1, open false"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
