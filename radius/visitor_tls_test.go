package radius

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/peers"
	"parvis/radius/proxy"
)

// The partner has a radsecproxy, which takes TLS and asks its server over UDP.
func TestVisitorOverTLS(t *testing.T) {
	files := newPKI(t)
	home := newPartnerServer(t)
	_, homePort, err := net.SplitHostPort(home.addr)
	if err != nil {
		t.Fatal(err)
	}
	port := peers.FreePort(t)
	peers.Radsecproxy(t, fmt.Sprintf(`
ListenTLS 127.0.0.1:%d
tls default {
	CACertificateFile %s
	CertificateFile %s
	CertificateKeyFile %s
}
client nobody {
	type udp
	host 127.0.0.2
	secret unused
}
client parvis {
	type tls
	host 127.0.0.1
	secret radsec
	CertificateNameCheck off
}
server home {
	type udp
	host 127.0.0.1
	port %s
	secret %q
}
realm * {
	server home
	AccountingServer home
}
`, port, files.file("clients.pem"), files.file("server.pem"), files.file("server.key"), homePort, homeSecret))
	home.say(func(asked *wire.Packet) (wire.Code, []attr) {
		key := string(appendHidden(nil, [2]byte{0x80, 1}, []byte(strings.Repeat("s", 32)), []byte(homeSecret), asked.Authenticator[:]))
		password, err := wire.UserPassword(asked.Get(typeUserPassword), []byte(homeSecret), asked.Authenticator[:])
		if err != nil || string(password) != "opensesame and more than sixteen octets" {
			return codeAccessReject, nil
		}
		return codeAccessAccept, []attr{{typeClass, "theirs"}, vsa(vendorMicrosoft, msMPPESendKey, key)}
	})
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	secure := files.client(files.issue("ville.example"))
	v := visiting(t, func(o *proxy.Options) { o.Try = time.Second }, proxy.Server{Address: addr, TLS: secure})

	a := visitor(attr{typeProxyState, "one"})
	b := a.encode(t)
	v.nas.send(b)
	reply := v.nas.receive()
	if reply[0] != codeAccessAccept {
		t.Fatalf("%x", reply)
	}
	got := checkReply(t, reply, b)
	if key := revealed(t, vendorValue(got, vendorMicrosoft, msMPPESendKey), b[4:20]); string(key) != strings.Repeat("s", 32) {
		t.Errorf("the key is %q", key)
	}
	if states := all(got, typeProxyState); len(states) != 1 || states[0] != "one" {
		t.Errorf("Proxy-State %q", states)
	}
	if names := all(home.last().Attributes, typeOperatorName); len(names) != 1 || names[0] != "1ville.example" {
		t.Errorf("Operator-Name %q", names)
	}
	nas := dial(t, "127.0.0.1", v.AcctAddrs()[0])
	b = ask{code: codeAccountingRequest, id: 3, attrs: at(bssid, user(guest), number(typeAcctStatusType, 1), attr{typeAcctSessionID, "s-1"})}.encode(t)
	nas.send(b)
	checkReply(t, nas.receive(), b)
	v.await(t, 1)
}

// A server whose certificate another CA signed gets no password.
func TestVisitorOverTLSToStranger(t *testing.T) {
	theirs, ours := newPKI(t), newPKI(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{theirs.issue("radius.example")}})
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan int, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(read)
				return
			}
			n, _ := conn.Read(make([]byte, 100))
			read <- n
			conn.Close()
		}
	}()
	v := visiting(t, nil, proxy.Server{Address: listener.Addr().String(), TLS: ours.client(ours.issue("ville.example"))})
	v.exchange(t, visitor(), codeAccessReject)
	v.refusedFor(t, "proxy_unreachable", 1)
	listener.Close()
	for n := range read {
		if n > 0 {
			t.Errorf("a stranger got %d octets", n)
		}
	}
}
