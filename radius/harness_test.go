package radius

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

const (
	secret       = "a secret of sixteen or more"
	homeLogin    = "logement-0001"
	homePassword = "correct horse"
)

var (
	bssid    = mustMAC("02-AA-BB-CC-DD-01")
	homeAP   = mustMAC("02-AA-BB-CC-DD-02")
	offAP    = mustMAC("02-AA-BB-CC-DD-03")
	device   = mustMAC("02-00-00-00-00-07")
	testKey  = directory.Key{1, 2, 3}
	classKey = directory.Key{4, 5, 6}
	morning  = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)
)

func mustMAC(s string) directory.MAC {
	mac, err := directory.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return mac
}

// catalog: the NAS 127.0.0.1 signs; 127.0.0.2 is legacy; 127.0.0.3 is a
// MikroTik without a zone; 127.0.0.4 has no secret. 127.0.0.9 is unknown.
func catalog() directory.Catalog {
	return directory.Catalog{
		Plans: []directory.Plan{
			{ID: "p-city", Name: "city", DownKbps: 8000, UpKbps: 2000, SessionTime: 2 * time.Hour, IdleTime: 10 * time.Minute, Interim: 10 * time.Minute},
			{ID: "p-home", Name: "home", DownKbps: 100_000, UpKbps: 50_000, VLAN: 120, DeviceSlots: 2, Interim: time.Second},
		},
		Zones: []directory.Zone{{ID: "z-port", Name: "Port", SSID: "Parvis", PlanID: "p-city", Terms: "v1", Remember: 24 * time.Hour}},
		NASes: []directory.NAS{
			{ID: "n-1", Name: "signing", Prefix: netip.MustParsePrefix("127.0.0.1/32"), Secret: directory.NewSecret(secret), Dialect: "generic", ZoneID: "z-port"},
			{ID: "n-2", Name: "legacy", Prefix: netip.MustParsePrefix("127.0.0.2/32"), Secret: directory.NewSecret(secret), Dialect: "coova", Signature: directory.SignatureNo, ZoneID: "z-port"},
			{ID: "n-3", Name: "router", Prefix: netip.MustParsePrefix("127.0.0.3/32"), Secret: directory.NewSecret(secret), Dialect: "mikrotik"},
			{ID: "n-4", Name: "no secret", Prefix: netip.MustParsePrefix("127.0.0.4/32")},
		},
		AccessPoints: []directory.AccessPoint{
			{ID: "ap-1", Name: "Quai", BSSID: bssid, Identifier: "quai", ZoneID: "z-port", Enabled: true},
			{ID: "ap-2", Name: "Hall", BSSID: homeAP, ResidenceID: "r-1", Enabled: true},
			{ID: "ap-3", Name: "Off", BSSID: offAP, ZoneID: "z-port"},
		},
		Residences: []directory.Residence{{ID: "r-1", Name: "Les Pins", PlanID: "p-home"}},
		Dwellings: []directory.Dwelling{
			{ID: "d-1", ResidenceID: "r-1", Ref: "0001", Login: homeLogin, Password: directory.NewSecret(homePassword)},
			{ID: "d-2", ResidenceID: "r-1", Ref: "0002", Login: "logement-0002"}, // no password set
		},
	}
}

// world is a server with all its neighbours.
type world struct {
	*Server
	register *directory.Register
	mu       sync.Mutex
	now      time.Time
	tickets  map[string]directory.Ticket
	redeemed int
	ticketNo error
	others   int
	othersNo error
	events   []accounting.Event
	appendNo error
	full     bool
	hold     chan struct{} // when set, Append waits for it
	entered  chan struct{} // and says that it waits
	refused  []directory.Refusal
	heard    []string
	attempts []bool
	restarts []string
	repeats  []string
}

func (w *world) RedeemTicket(_ context.Context, hash string) (directory.Ticket, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.redeemed++
	t, ok := w.tickets[hash]
	delete(w.tickets, hash)
	return t, ok, w.ticketNo
}

func (w *world) Others(ctx context.Context, _ string, _ directory.MAC) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := ctx.Deadline(); !ok {
		panic("asked without a deadline")
	}
	return w.others, w.othersNo
}

func (w *world) Append(_ context.Context, e accounting.Event) error {
	if w.hold != nil {
		w.entered <- struct{}{}
		<-w.hold
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.appendNo != nil {
		return w.appendNo
	}
	w.events = append(w.events, e)
	return nil
}

func (w *world) Writable() bool { return !w.full }

func (w *world) Refused(r directory.Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, r)
}

func (w *world) Heard(ap string, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, ap)
}

func (w *world) Attempt(_, _ string, accepted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attempts = append(w.attempts, accepted)
}

func (w *world) Restarted(ap string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restarts = append(w.restarts, ap)
}

func (w *world) Retransmitted(ap string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.repeats = append(w.repeats, ap)
}

// seen runs look while nobody writes.
func (w *world) seen(look func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	look()
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// newWorld makes a server; without addresses it has no sockets and is asked
// through ask.
func newWorld(t testing.TB, change func(*Options), auth, acct []string) *world {
	t.Helper()
	snap, err := directory.NewSnapshot(catalog())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{register: directory.NewRegister(10_000), now: morning, tickets: map[string]directory.Ticket{}, entered: make(chan struct{}, 100)}
	w.register.Swap(snap)
	o := Options{
		Register: w.register, Key: testKey, ClassKey: classKey,
		Tickets: w, Presence: w, Journal: w, Refusals: w, Observer: w, Now: w.clock,
	}
	if change != nil {
		change(&o)
	}
	w.Server, err = Listen(o, auth, acct)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serving starts a server on loopback and stops it at the end of the test.
func serving(t testing.TB, change func(*Options)) *world {
	t.Helper()
	w := newWorld(t, change, []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"})
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

type attr struct {
	kind  byte
	value string
}

func number(kind byte, v uint32) attr {
	return attr{kind, string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})}
}

// ask is a request to be encoded by another codec than the one under test.
type ask struct {
	code, id byte
	from     string // address of the NAS; default 127.0.0.1
	secret   string // default: the right one
	unsigned bool
	password *string
	chap     *string
	attrs    []attr
}

func ptr[T any](v T) *T { return &v }

func (a ask) encode(t testing.TB) []byte {
	t.Helper()
	if a.secret == "" {
		a.secret = secret
	}
	p := wire.New(wire.Code(a.code), []byte(a.secret))
	p.Identifier = a.id
	if !a.unsigned {
		p.Add(80, make([]byte, 16))
	}
	for _, at := range a.attrs {
		p.Add(wire.Type(at.kind), []byte(at.value))
	}
	if a.password != nil {
		v, err := wire.NewUserPassword([]byte(*a.password), p.Secret, p.Authenticator[:])
		if err != nil {
			t.Fatal(err)
		}
		p.Add(2, v)
	}
	if a.chap != nil {
		challenge := string(p.Authenticator[:])
		for _, at := range a.attrs {
			if at.kind == typeCHAPChallenge {
				challenge = at.value
			}
		}
		sum := md5.Sum([]byte("\x07" + *a.chap + challenge))
		p.Add(3, append([]byte{7}, sum[:]...))
	}
	if !a.unsigned && a.code == codeAccountingRequest {
		plain, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		copy(plain[4:20], make([]byte, 16))
		p.Set(80, hmacMD5(a.secret, plain))
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !a.unsigned && a.code != codeAccountingRequest {
		copy(b[22:38], hmacMD5(a.secret, b))
	}
	return b
}

func hmacMD5(key string, b []byte) []byte {
	h := hmac.New(md5.New, []byte(key))
	h.Write(b)
	return h.Sum(nil)
}

// ask hands a request over without sockets and returns the checked answer, or nil.
func (w *world) ask(t testing.TB, a ask) wire.Attributes {
	t.Helper()
	request := a.encode(t)
	reply := w.give(a, request)
	if reply == nil {
		return nil
	}
	return checkReply(t, reply, request)
}

func kindOf(code byte) listenerKind {
	if code == codeAccountingRequest {
		return acctListener
	}
	return authListener
}

// give hands the datagram b over as if it came from a.from.
func (w *world) give(a ask, b []byte) []byte {
	if a.from == "" {
		a.from = "127.0.0.1"
	}
	r := &request{n: len(b), from: netip.AddrPortFrom(netip.MustParseAddr(a.from), 50000), at: w.clock(), link: &datagram{}}
	copy(r.buf[:], b)
	kind := kindOf(a.code)
	if w.admit(kind, r) != discardNone {
		return nil
	}
	return w.answer(context.Background(), kind, r, make([]byte, 0, maxPacket))
}

// checkReply verifies both signatures with other code than that under test,
// and that Message-Authenticator comes first.
func checkReply(t testing.TB, reply, request []byte) wire.Attributes {
	t.Helper()
	if !wire.IsAuthenticResponse(reply, request, []byte(secret)) {
		t.Fatalf("Response Authenticator does not fit: %x", reply)
	}
	p, err := wire.Parse(reply, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Attributes) == 0 || p.Attributes[0].Type != 80 {
		t.Fatalf("Message-Authenticator is not first: %x", reply)
	}
	plain := append([]byte(nil), reply...)
	copy(plain[4:20], request[4:20])
	if request[0] == codeAccountingRequest {
		copy(plain[4:20], make([]byte, 16)) // as FreeRADIUS does, see TestRadclientAccounting
	}
	copy(plain[22:38], make([]byte, 16))
	if want := hmacMD5(secret, plain); !hmac.Equal(want, p.Attributes[0].Attribute) {
		t.Fatalf("Message-Authenticator does not fit: %x", reply)
	}
	return p.Attributes
}

// client is a NAS on loopback.
type client struct {
	t    testing.TB
	conn *net.UDPConn
}

func dial(t testing.TB, from string, to netip.AddrPort) *client {
	t.Helper()
	local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))
	conn, err := net.DialUDP("udp", local, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Skipf("this system has no %s on loopback: %v", from, err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn}
}

func (c *client) send(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) receive() []byte {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var b [maxPacket + 1]byte
	n, err := c.conn.Read(b[:])
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	return b[:n]
}

// silent fails when an answer is there already.
func (c *client) silent() {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	var b [maxPacket]byte
	if n, err := c.conn.Read(b[:]); err == nil {
		c.t.Fatalf("an answer: %x", b[:n])
	}
}

// flush returns once the server has handled all that was sent before, given
// that it has one worker: it answers in order.
func (c *client) flush() {
	c.t.Helper()
	b := ask{code: codeStatusServer, id: 255}.encode(c.t)
	c.send(b)
	checkReply(c.t, c.receive(), b)
}
