package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"parvis/internal/directory"
)

// listenTLS answers each packet of each connection with what handle returns;
// nil ends the connection.
func listenTLS(t *testing.T, protocols []string, handle func(connection int, request []byte) []byte) Options {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"radius.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: protocols,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := 1; ; i++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for {
					request := make([]byte, 4)
					if _, err := io.ReadFull(conn, request); err != nil {
						return
					}
					request = append(request, make([]byte, int(binary.BigEndian.Uint16(request[2:]))-4)...)
					if _, err := io.ReadFull(conn, request[4:]); err != nil {
						return
					}
					reply := handle(i, request)
					if reply == nil {
						return
					}
					conn.Write(reply)
				}
			}()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return Options{
		Server: l.Addr().String(), Timeout: 5 * time.Second,
		TLS: &tls.Config{RootCAs: roots, ServerName: "radius.example"},
	}
}

func dialing(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestTLSExchange(t *testing.T) {
	o := listenTLS(t, nil, func(_ int, request []byte) []byte { return answer(t, request, AccessAccept, "radsec") })
	c := dialing(t, o)
	done := make(chan error)
	const many = 500 // more than identifiers
	for range many {
		go func() {
			reply, err := c.Exchange(t.Context(), PAP("a", directory.NewSecret("b")))
			if err == nil && !reply.Accepted() {
				err = errors.New("not accepted")
			}
			done <- err
		}()
	}
	for range many {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Stats(); got != (Stats{Sent: many, Replies: many}) {
		t.Errorf("%+v", got)
	}
	if _, ok := c.LocalAddr().(*net.TCPAddr); !ok {
		t.Errorf("it sends from %v", c.LocalAddr())
	}
}

// A reply that was made with another secret, or for another request, is dropped.
func TestTLSDropsWhatDoesNotFit(t *testing.T) {
	o := listenTLS(t, nil, func(_ int, request []byte) []byte {
		other := append([]byte(nil), request...)
		other[1]++
		return append(answer(t, request, AccessAccept, "udp"), append(answer(t, other, AccessAccept, "radsec"), answer(t, request, AccessReject, "radsec")...)...)
	})
	c := dialing(t, o)
	reply, err := c.Exchange(t.Context(), PAP("a", directory.NewSecret("b")))
	if err != nil || reply.Code != AccessReject {
		t.Fatal(reply, err)
	}
	if got := c.Stats().Dropped; got != 2 {
		t.Errorf("%d dropped", got)
	}
}

func TestTLSConnectsAgain(t *testing.T) {
	o := listenTLS(t, nil, func(connection int, request []byte) []byte {
		if connection == 1 {
			return nil
		}
		return answer(t, request, AccessAccept, "radsec")
	})
	if _, err := dialing(t, o).Exchange(t.Context(), Status()); !errors.Is(err, ErrNoReply) {
		t.Errorf("without retries: %v", err)
	}
	o = listenTLS(t, nil, func(connection int, request []byte) []byte {
		if connection == 1 {
			return nil
		}
		return answer(t, request, AccessAccept, "radsec")
	})
	o.Retries = 1
	c := dialing(t, o)
	for range 2 {
		if _, err := c.Exchange(t.Context(), Status()); err != nil {
			t.Error(err)
		}
	}
	if got := c.Stats(); got.Resent != 1 || got.Replies != 2 {
		t.Errorf("%+v", got)
	}
}

func TestTLSErrors(t *testing.T) {
	silent := listenTLS(t, nil, func(int, []byte) []byte { return []byte{} })
	silent.Timeout = 50 * time.Millisecond
	untrusted := listenTLS(t, nil, func(int, []byte) []byte { return nil })
	untrusted.TLS = &tls.Config{ServerName: "radius.example", RootCAs: x509.NewCertPool()}
	nobody := Options{Server: "127.0.0.1:1", TLS: &tls.Config{ServerName: "x"}}
	garbage := listenTLS(t, nil, func(int, []byte) []byte { return []byte{2, 0, 0xff, 0xff} })
	for name, o := range map[string]Options{"silent": silent, "untrusted": untrusted, "nobody": nobody, "garbage": garbage} {
		if _, err := dialing(t, o).Exchange(t.Context(), Status()); !errors.Is(err, ErrNoReply) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dialing(t, silent).Exchange(ctx, Status()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	c := dialing(t, silent)
	c.Close()
	if _, err := c.Exchange(t.Context(), Status()); !errors.Is(err, ErrClosed) && !errors.Is(err, ErrNoReply) {
		t.Errorf("closed: %v", err)
	}
}

// RFC 9765 §4.1, §5.1.1: a Token, and nothing hidden or signed.
func TestTLS11(t *testing.T) {
	want := []byte{1, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 'b', 'o', 'b', 2, 7, 'h', 'e', 'l', 'l', 'o'}
	seen := make(chan []byte, 10)
	o := listenTLS(t, []string{"radius/1.1"}, func(_ int, request []byte) []byte {
		seen <- request
		return append([]byte{2, 0, 0, 25}, append(append([]byte(nil), request[4:20]...), 18, 5, 'a', 'b', 'c')...)
	})
	o.TLS.NextProtos = []string{"radius/1.1", "radius/1.0"}
	c := dialing(t, o)
	for token := range uint32(3) {
		reply, err := c.Exchange(t.Context(), PAP("bob", directory.NewSecret("hello")))
		if err != nil || !reply.Accepted() || reply.Text(ReplyMessage) != "abc" {
			t.Fatal(reply, err)
		}
		binary.BigEndian.PutUint32(want[4:], token+1)
		if got := <-seen; string(got) != string(want) {
			t.Errorf("sent %x\nwant %x", got, want)
		}
	}
}
