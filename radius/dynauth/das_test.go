package dynauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	wire "layeh.com/radius"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

const dasSecret = "das-secret"

var secretUntil = time.Now().Add(time.Hour)

var testMAC = directory.MAC{2, 0xaa, 0xbb, 0xcc, 0xdd, 1}

// das is a dynamic authorisation server of a test. It keeps every datagram.
type das struct {
	addr netip.AddrPort
	mu   sync.Mutex
	got  [][]byte
}

// listen answers each datagram with those that answer returns, until the test ends.
func listen(t *testing.T, host string, answer func(n int, request []byte) [][]byte) *das {
	t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skip(err) // no IPv6 here
	}
	d := &das{addr: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for i := 1; ; i++ {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			request := bytes.Clone(buf[:n])
			d.mu.Lock()
			d.got = append(d.got, request)
			d.mu.Unlock()
			for _, b := range answer(i, request) {
				conn.WriteTo(b, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return d
}

func (d *das) requests() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.got
}

// reply makes an answer by the codec's own arithmetic, which is not the client's.
func reply(t *testing.T, request []byte, code byte, secret string, cause uint32) []byte {
	t.Helper()
	p := &wire.Packet{Code: wire.Code(code), Identifier: request[1], Secret: []byte(secret)}
	copy(p.Authenticator[:], request[4:20])
	if cause != 0 {
		p.Add(101, binary.BigEndian.AppendUint32(nil, cause))
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkSigned holds a request to RFC 5176 §2.3 and §3.4 with arithmetic of its own.
func checkSigned(t *testing.T, b []byte) {
	t.Helper()
	if b[20] != 80 || b[21] != 18 {
		t.Fatalf("the Message-Authenticator is not first: % x", b)
	}
	zeroed := bytes.Clone(b)
	clear(zeroed[4:20])
	h := md5.New()
	h.Write(zeroed)
	h.Write([]byte(dasSecret))
	if !bytes.Equal(h.Sum(nil), b[4:20]) {
		t.Error("the Request Authenticator does not fit")
	}
	clear(zeroed[22:38])
	m := hmac.New(md5.New, []byte(dasSecret))
	m.Write(zeroed)
	if !bytes.Equal(m.Sum(nil), b[22:38]) {
		t.Error("the Message-Authenticator does not fit")
	}
}

// attributes reads a request as type to value; a second of a type fails.
func attributes(t *testing.T, b []byte) map[byte]string {
	t.Helper()
	all := map[byte]string{}
	for rest := b[20:]; len(rest) > 0; rest = rest[rest[1]:] {
		if _, twice := all[rest[0]]; twice {
			t.Errorf("attribute %d is there twice", rest[0])
		}
		all[rest[0]] = string(rest[2:rest[1]])
	}
	return all
}

// newClient returns a client with one NAS of that dialect at the DAS.
func newClient(t *testing.T, d *das, dialect string, o Options) *Client {
	t.Helper()
	register := directory.NewRegister(10)
	snapshot, err := directory.NewSnapshot(directory.Catalog{NASes: []directory.NAS{
		{ID: "nas", Name: "NAS", Prefix: netip.PrefixFrom(d.addr.Addr(), d.addr.Addr().BitLen()), Secret: directory.NewSecret(dasSecret), Dialect: dialect, Identifier: "ap-1", DynAuthPort: d.addr.Port()},
		{
			ID: "moved", Name: "Moved", Prefix: netip.PrefixFrom(netip.MustParseAddr("127.0.0.0"), 8), Secret: directory.NewSecret("new-secret"),
			OldSecret: directory.NewSecret(dasSecret), OldSecretUntil: secretUntil, DynAuthPort: d.addr.Port(),
		},
		{ID: "tls", Name: "TLS", TLSName: "ap.example", Secret: directory.NewSecret(dasSecret)},
		{ID: "range", Name: "Range", Prefix: netip.MustParsePrefix("192.0.2.0/24"), Secret: directory.NewSecret(dasSecret)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	register.Swap(snapshot)
	o.Register = register
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.wait = 50 * time.Millisecond
	return c
}

func openSession() accounting.Session {
	return accounting.Session{
		Key: "n/nas/s-1", NASID: "nas", AcctSessionID: "s-1", MAC: testMAC, Login: "logement-0001",
		StartedAt: time.Unix(1_790_000_000, 0),
	}
}

func counter(t *testing.T, reg *prometheus.Registry, kind, result string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "parvis_coa_requests_total" {
			continue
		}
		for _, m := range f.Metric {
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["type"] == kind && labels["result"] == result {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s/%s", kind, result)
	return 0
}
