package client

import (
	"crypto/md5"
	"net"
	"testing"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

var testSecret = directory.NewSecret("xyzzy5461")

// respond answers each datagram at a loopback address with the datagrams that
// handle returns, until the test ends.
func respond(t *testing.T, handle func(n int, request []byte) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for i := 1; ; i++ {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			for _, b := range handle(i, append([]byte(nil), buf[:n]...)) {
				conn.WriteTo(b, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().String()
}

// answer makes a reply with the codec's own arithmetic, Message-Authenticator
// first, so that the client is not checked against itself.
func answer(t *testing.T, request []byte, code Code, secret string, more ...*wire.AVP) []byte {
	t.Helper()
	p := &wire.Packet{Code: wire.Code(code), Identifier: request[1], Secret: []byte(secret)}
	copy(p.Authenticator[:], request[4:20])
	p.Add(80, make([]byte, 16))
	p.Attributes = append(p.Attributes, more...)
	b, err := p.MarshalBinary() // still with the request's authenticator
	if err != nil {
		t.Fatal(err)
	}
	p.Set(80, messageAuthenticator(b, directory.NewSecret(secret)))
	b, err = p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bare makes a reply without Message-Authenticator.
func bare(request []byte, code Code, secret string) []byte {
	b := append([]byte{byte(code), request[1], 0, 20}, request[4:20]...)
	h := md5.New()
	h.Write(b)
	h.Write([]byte(secret))
	copy(b[4:], h.Sum(nil))
	return b
}

func open(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Secret.IsZero() {
		o.Secret = testSecret
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
