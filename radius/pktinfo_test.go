package radius

import (
	"context"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"parvis/internal/directory"
)

// serveOn is serving, on an address of the test's choice.
func serveOn(t testing.TB, address string, change func(*Options)) *world {
	t.Helper()
	w := newWorld(t, change, []string{address}, []string{address})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return w
}

// The clients' sockets are connected: the kernel hands them an answer only when
// it comes from the very address that they asked.
func TestAnswerFromTheAddressThatWasAsked(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells which address was asked")
	}
	for _, c := range []struct{ listen, asked, from string }{
		{"0.0.0.0:0", "127.0.0.1", "127.0.0.1"},
		{"0.0.0.0:0", "127.0.0.42", "127.0.0.1"},
		{":0", "127.0.0.42", "127.0.0.1"},
		{"[::]:0", "127.0.0.43", "127.0.0.1"},
		{"[::]:0", "::1", "::1"},
		{"[::1]:0", "::1", "::1"},
		{"127.0.0.42:0", "127.0.0.42", "127.0.0.1"},
	} {
		t.Run(c.listen+" asked at "+c.asked, func(t *testing.T) {
			if strings.Contains(c.listen+c.asked, "::1") {
				needIPv6(t)
			}
			w := serveOn(t, c.listen, one)
			w.nases(t, directory.NAS{ID: "n-6", Name: "six", Prefix: prefix("::1/128"), Secret: directory.NewSecret(secret), ZoneID: "z-port"})
			for i, to := range []netip.AddrPort{w.AuthAddrs()[0], w.AcctAddrs()[0]} {
				nas := dial(t, c.from, netip.AddrPortFrom(netip.MustParseAddr(c.asked), to.Port()))
				for id := range 3 {
					b := ask{code: []byte{codeAccessRequest, codeAccountingRequest}[i], id: byte(id), attrs: at(homeAP, user(homeLogin), number(typeAcctStatusType, 7))}.encode(t)
					nas.send(b)
					checkReply(t, nas.receive(), b)
				}
			}
		})
	}
}

func needIPv6(t testing.TB) {
	t.Helper()
	conn, err := listenUDP("[::1]:0")
	if err != nil {
		t.Skipf("this system has no IPv6: %v", err)
	}
	conn.Close()
}

// A NAS that speaks IPv6, by address and by range, with a whole sign-in.
func TestIPv6(t *testing.T) {
	needIPv6(t)
	for _, p := range []string{"::1/128", "::/64"} {
		t.Run(p, func(t *testing.T) {
			w := serveOn(t, "[::1]:0", nil)
			w.nases(t, directory.NAS{ID: "n-6", Name: "six", Prefix: prefix(p), Secret: directory.NewSecret(secret)})
			nas := dial(t, "::1", w.AuthAddrs()[0])
			b := ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}.encode(t)
			nas.send(b)
			reply := nas.receive()
			checkReply(t, reply, b)
			if reply[0] != codeAccessAccept {
				t.Errorf("code %d", reply[0])
			}
			nas.send(b) // a retransmission from the same IPv6 address and port
			if again := nas.receive(); string(again) != string(reply) {
				t.Error("the retransmission got another answer")
			}
			acct := dial(t, "::1", w.AcctAddrs()[0])
			b = ask{code: codeAccountingRequest, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}}.encode(t)
			acct.send(b)
			checkReply(t, acct.receive(), b)
			w.seen(func() {
				if len(w.events) != 1 || w.events[0].NASID != "n-6" || w.events[0].NASAddress != "::1" {
					t.Errorf("events %+v", w.events)
				}
			})
		})
	}
}

func FuzzSameAddress(f *testing.F) {
	f.Add([]byte("\x1c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x7f\x00\x00\x2a\x7f\x00\x00\x2a"))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, control []byte) {
		var out [askedOctets]byte
		if n := sameAddress(&out, control); n < 0 || n > len(out) {
			t.Errorf("%d octets of %d", n, len(out))
		}
	})
}
