package demo

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"parvis/internal/directory"
)

// asked is a request as a server reads it, with arithmetic of its own.
type asked struct {
	from   netip.Addr
	code   byte
	auth   [16]byte
	attrs  map[byte][][]byte
	secret []byte
}

func (a asked) text(t byte) string {
	if len(a.attrs[t]) == 0 {
		return ""
	}
	return string(a.attrs[t][0])
}

func (a asked) number(t byte) uint32 {
	if len(a.attrs[t]) == 0 || len(a.attrs[t][0]) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(a.attrs[t][0])
}

func (a asked) mac() directory.MAC {
	m, _ := directory.ParseMAC(a.text(31))
	return m
}

// proves reports whether the User-Password or CHAP response is of password.
func (a asked) proves(password string) bool {
	if chap := a.text(3); len(chap) == 17 {
		sum := md5.Sum([]byte(chap[:1] + password + a.text(60)))
		return string(sum[:]) == chap[1:]
	}
	hidden, last, plain := []byte(a.text(2)), a.auth[:], []byte(nil)
	for ; len(hidden) >= 16; hidden = hidden[16:] {
		pad := md5.Sum(append(append([]byte(nil), a.secret...), last...))
		for i := range 16 {
			plain = append(plain, hidden[i]^pad[i])
		}
		last = hidden[:16]
	}
	for len(plain) > 0 && plain[len(plain)-1] == 0 {
		plain = plain[:len(plain)-1]
	}
	return string(plain) == password
}

// attribute spells one for a reply.
func attribute(t byte, value ...byte) []byte {
	return append([]byte{t, byte(len(value) + 2)}, value...)
}

// radiusServer answers at a loopback address until the test ends; the handler
// returns the reply's code, 0 for none, and its attributes. Requests are handled
// one after the other.
func radiusServer(t *testing.T, secrets map[netip.Addr]string, handle func(asked) (code byte, attrs []byte)) string {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadBuffer(1 << 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			secret, ok := secrets[from.Addr().Unmap()]
			if !ok {
				t.Errorf("a packet comes from %s, which is no NAS", from)
				continue
			}
			a := readAsked(t, from.Addr().Unmap(), buf[:n], []byte(secret))
			if code, attrs := handle(a); code != 0 {
				conn.WriteToUDPAddrPort(reply(a, buf[1], code, attrs), from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().String()
}

func readAsked(t *testing.T, from netip.Addr, b, secret []byte) asked {
	a := asked{from: from, code: b[0], auth: [16]byte(b[4:20]), attrs: map[byte][][]byte{}, secret: secret}
	for rest := b[20:]; len(rest) > 1; rest = rest[rest[1]:] {
		a.attrs[rest[0]] = append(a.attrs[rest[0]], append([]byte(nil), rest[2:rest[1]]...))
	}
	c := append([]byte(nil), b...)
	if a.code == 1 {
		if b[20] != 80 {
			t.Errorf("an Access-Request does not begin with Message-Authenticator but with %d", b[20])
			return a
		}
		clear(c[22:38])
		if string(sign(c, secret)) != a.text(80) {
			t.Error("the Message-Authenticator does not fit")
		}
		return a
	}
	clear(c[4:20])
	if md5.Sum(append(c, secret...)) != a.auth {
		t.Error("the Accounting-Request's authenticator does not fit")
	}
	return a
}

func reply(a asked, id, code byte, attrs []byte) []byte {
	b := append([]byte{code, id, 0, 0}, a.auth[:]...)
	b = append(b, attribute(80, make([]byte, 16)...)...)
	b = append(b, attrs...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[22:], sign(b, a.secret))
	sum := md5.Sum(append(append([]byte(nil), b...), a.secret...))
	copy(b[4:], sum[:])
	return b
}

func sign(b, secret []byte) []byte {
	h := hmac.New(md5.New, secret)
	h.Write(b)
	return h.Sum(nil)
}

func secretsOf(s Sample) map[netip.Addr]string {
	all := map[netip.Addr]string{}
	for _, n := range s.NASes {
		all[n.Prefix.Addr()] = n.Secret.Reveal()
	}
	return all
}
