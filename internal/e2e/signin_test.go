package e2e

import (
	"regexp"
	"testing"

	"parvis/cmd/parvis/demo"
)

// A tenant's equipment signs in with the dwelling's login.
func TestSignIn(t *testing.T) {
	w := newTown(t)
	p := startServe(t, w.config)
	name := "User-Name = logement-0001\nCalled-Station-Id = " + demo.GatewayMAC().String() + "\n"
	password := "User-Password = " + demo.Secret + "\n"
	// As the sample's plan for dwellings says: 30 and 10 Mbit/s, a day, an hour.
	grant := []string{
		"Received Access-Accept", `WISPr-Bandwidth-Max-Down = 30000000\b`, `WISPr-Bandwidth-Max-Up = 10000000\b`,
		`Session-Timeout = 86400\b`, `Idle-Timeout = 3600\b`, `Acct-Interim-Interval = 600\b`, `Class = 0x[0-9a-f]+`,
		// BlastRADIUS: the signature is the first attribute.
		`Received Access-Accept .*\n\tMessage-Authenticator = `,
	}
	const silence = `No reply from server`
	for _, c := range []struct {
		name, kind, secret, attributes string
		code                           int
		want                           []string
		dropped                        string // counted so
	}{
		{"PAP", "auth", demo.Secret, name + password + signed, 0, grant, ""},
		{"CHAP", "auth", demo.Secret, name + "CHAP-Password = " + demo.Secret + "\n" + signed, 0, grant, ""},
		{"wrong password, PAP", "auth", demo.Secret, name + "User-Password = wrong\n" + signed, 1, []string{"Received Access-Reject"}, ""},
		{"wrong password, CHAP", "auth", demo.Secret, name + "CHAP-Password = wrong\n" + signed, 1, []string{"Received Access-Reject"}, ""},
		{"unknown login", "auth", demo.Secret, "User-Name = logement-9999\n" + password + signed, 1, []string{"Received Access-Reject"}, ""},
		{"wrong secret", "auth", "not-the-secret", name + password + signed, 1, []string{silence}, `listener="auth",reason="bad_message_authenticator"`},
		{"not signed", "auth", demo.Secret, name + password, 1, []string{silence}, `listener="auth",reason="missing_message_authenticator"`},
		{"unknown address", "auth", demo.Secret, name + password + signed + "Packet-Src-IP-Address = 127.0.0.99\n", 1, []string{silence}, `listener="auth",reason="unknown_client"`},
		{"accounting from an unknown address", "acct", demo.Secret, "Acct-Status-Type = Start\nAcct-Session-Id = x\nPacket-Src-IP-Address = 127.0.0.99\n", 1, []string{silence}, `listener="acct",reason="unknown_client"`},
		{"accounting with a wrong secret", "acct", "not-the-secret", "Acct-Status-Type = Start\nAcct-Session-Id = x\n", 1, []string{silence}, `listener="acct",reason="bad_authenticator"`},
		{"status of authentication", "status", demo.Secret, signed, 0, []string{"Received Access-Accept"}, ""},
		{"status of accounting", "status of acct", demo.Secret, signed, 0, []string{"Received Accounting-Response"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, kind := p.auth, c.kind
			switch c.kind {
			case "acct":
				address = p.acct
			case "status of acct":
				address, kind = p.acct, "status"
			}
			tries := []string{"-r", "5", "-t", "3"}
			before := 0.0
			if c.dropped != "" {
				tries = []string{"-r", "1", "-t", "0.5"}
				before = p.metric("parvis_radius_discarded_total", c.dropped)
			}
			out, code := radclient(t, address, kind, c.secret, c.attributes, tries...)
			if sent := regexp.MustCompile(`(?s)Sent .*?Message-Authenticator`).MatchString(out); c.name == "not signed" && sent {
				t.Skip("this radclient signs whatever it is told")
			}
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("no %q", want)
				}
			}
			if c.dropped != "" {
				poll(t, eventually, "the drop is counted", func() bool {
					return p.metric("parvis_radius_discarded_total", c.dropped) == before+1
				})
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
	for label, want := range map[string]float64{
		`method="pap",reason="accepted",result="accept"`:        1,
		`method="chap",reason="accepted",result="accept"`:       1,
		`method="pap",reason="wrong_password",result="reject"`:  1,
		`method="chap",reason="wrong_password",result="reject"`: 1,
	} {
		if got := p.metric("parvis_auth_attempts_total", label); got != want {
			t.Errorf("attempts with %s: %v, want %v", label, got, want)
		}
	}
}
