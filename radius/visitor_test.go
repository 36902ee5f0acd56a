package radius

import (
	"bytes"
	"context"
	"crypto/md5"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	wire "layeh.com/radius"

	"parvis/internal/directory"
	"parvis/radius/proxy"
)

const (
	homeSecret = "between two networks"
	guest      = "guest@partner.example"
)

// partnerServer is a RADIUS server of another network, written with another
// codec than the one under test.
type partnerServer struct {
	t    testing.TB
	addr string
	conn net.PacketConn

	mu      sync.Mutex
	answers func(asked *wire.Packet) (code wire.Code, attrs []attr) // code 0 is silence
	bare    bool                                                    // replies without Message-Authenticator
	asked   []*wire.Packet
	raw     [][]byte
}

func newPartnerServer(t testing.TB) *partnerServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &partnerServer{t: t, addr: conn.LocalAddr().String(), conn: conn}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var b [maxPacket]byte
		for {
			n, from, err := conn.ReadFrom(b[:])
			if err != nil {
				return
			}
			if reply := h.reply(bytes.Clone(b[:n])); reply != nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return h
}

func (h *partnerServer) reply(b []byte) []byte {
	p, err := wire.Parse(b, []byte(homeSecret))
	if err != nil {
		h.t.Errorf("the partner cannot read %x: %v", b, err)
		return nil
	}
	if p.Code == codeAccountingRequest {
		if !wire.IsAuthenticRequest(b, []byte(homeSecret)) {
			h.t.Errorf("an accounting request with a wrong authenticator: %x", b)
		}
	} else {
		plain := bytes.Clone(b)
		clear(plain[22:38])
		if len(p.Attributes) == 0 || p.Attributes[0].Type != 80 || !bytes.Equal(hmacMD5(homeSecret, plain), p.Attributes[0].Attribute) {
			h.t.Errorf("Message-Authenticator is not first or does not fit: %x", b)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked, h.raw = append(h.asked, p), append(h.raw, b)
	code, attrs := wire.Code(codeAccessAccept), []attr(nil)
	switch {
	case p.Code == codeAccountingRequest:
		code = codeAccountingResponse
	case h.answers != nil:
		code, attrs = h.answers(p)
	}
	if code == 0 {
		return nil
	}
	q := &wire.Packet{Code: code, Identifier: p.Identifier, Authenticator: p.Authenticator, Secret: p.Secret}
	if !h.bare && p.Code != codeAccountingRequest {
		q.Add(80, make([]byte, 16))
	}
	for _, a := range attrs {
		q.Add(wire.Type(a.kind), []byte(a.value))
	}
	for _, a := range p.Attributes {
		if a.Type == typeProxyState {
			q.Add(typeProxyState, a.Attribute)
		}
	}
	if !h.bare && p.Code != codeAccountingRequest {
		plain, err := q.MarshalBinary()
		if err != nil {
			h.t.Error(err)
		}
		q.Set(80, hmacMD5(homeSecret, plain))
	}
	out, err := q.Encode()
	if err != nil {
		h.t.Error(err)
	}
	return out
}

func (h *partnerServer) say(f func(*wire.Packet) (wire.Code, []attr)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = f
}

// last returns the latest request, which is not a Status-Server.
func (h *partnerServer) last() *wire.Packet {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.asked) - 1; i >= 0; i-- {
		if h.asked[i].Code != codeStatusServer {
			return h.asked[i]
		}
	}
	h.t.Fatal("the partner was not asked")
	return nil
}

func (h *partnerServer) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.asked)
}

func (h *partnerServer) server() proxy.Server {
	return proxy.Server{Address: h.addr, AcctAddress: h.addr, Secret: directory.NewSecret(homeSecret)}
}

// visited is a serving server with a partner network.
type visited struct {
	*world
	registry *prometheus.Registry
	nas      *client
}

func visiting(t testing.TB, change func(*proxy.Options), servers ...proxy.Server) *visited {
	t.Helper()
	v := &visited{registry: prometheus.NewRegistry()}
	o := proxy.Options{
		Realms:       []proxy.RealmOptions{{Name: "partner.example", Servers: servers, Accounting: true}},
		OperatorName: "ville.example", Registerer: v.registry, Try: 150 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	p, err := proxy.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	v.world = serving(t, func(o *Options) { o.Proxy = p })
	v.nas = dial(t, "127.0.0.1", v.AuthAddrs()[0])
	return v
}

// exchange asks as the NAS and checks the answer's signatures.
func (v *visited) exchange(t testing.TB, a ask, code byte) wire.Attributes {
	t.Helper()
	b := a.encode(t)
	v.nas.send(b)
	reply := v.nas.receive()
	if reply[0] != code {
		t.Fatalf("code %d, want %d: %x", reply[0], code, reply)
	}
	return checkReply(t, reply, b)
}

func visitor(attrs ...attr) ask {
	return ask{code: codeAccessRequest, id: 9, attrs: at(bssid, append([]attr{user(guest)}, attrs...)...), password: ptr("opensesame and more than sixteen octets")}
}

func all(attrs wire.Attributes, kind wire.Type) (values []string) {
	for _, a := range attrs {
		if a.Type == kind {
			values = append(values, string(a.Attribute))
		}
	}
	return values
}

func TestVisitorByPAP(t *testing.T) {
	home := newPartnerServer(t)
	v := visiting(t, nil, home.server())
	home.say(func(asked *wire.Packet) (wire.Code, []attr) {
		return codeAccessAccept, []attr{
			number(typeSessionTimeout, 600),
			{typeClass, "theirs"},
			{typeReplyMessage, "welcome"},
			{typeChargeableUserIdentity, "cui"},
			// What a partner has no say in:
			number(typeTunnelType, 13), number(typeTunnelMediumType, 6),
			{typeTunnelPrivateGroupID, "66"},
			{11, "filter"},
			number(typeIdleTimeout, 86400),
			{typeUserName, "root"},
			vsa(14122, 7, "\x00\xff\xff\xff"), vsa(vendorCisco, 1, "shell:priv-lvl=15"),
			number(typeServiceType, 6),
		}
	})
	got := v.exchange(t, visitor(attr{typeProxyState, "one"}, attr{typeProxyState, "two"}, attr{200, "unknown"}), codeAccessAccept)

	asked := home.last()
	password, err := wire.UserPassword(asked.Get(typeUserPassword), []byte(homeSecret), asked.Authenticator[:])
	if err != nil || string(password) != "opensesame and more than sixteen octets" {
		t.Errorf("the partner reads the password %q, %v", password, err)
	}
	if got := all(asked.Attributes, typeProxyState); len(got) != 3 || got[0] != "one" || got[1] != "two" || got[2] != string(v.proxyMark()) {
		t.Errorf("the partner gets the Proxy-States %q", got)
	}
	if got := all(asked.Attributes, typeOperatorName); len(got) != 1 || got[0] != "1ville.example" {
		t.Errorf("Operator-Name %q", got)
	}
	if string(asked.Get(typeUserName)) != guest || string(asked.Get(200)) != "unknown" {
		t.Errorf("the partner gets %v", asked.Attributes)
	}

	if states := all(got, typeProxyState); len(states) != 2 || states[0] != "one" || states[1] != "two" {
		t.Errorf("the NAS gets the Proxy-States %q", states)
	}
	if n, _ := uint32Of(got, typeSessionTimeout); n != 600 {
		t.Errorf("Session-Timeout %d, the partner's is shorter", n)
	}
	if n, _ := uint32Of(got, typeIdleTimeout); n != 600 {
		t.Errorf("Idle-Timeout %d, the plan's is shorter", n)
	}
	classes := all(got, typeClass)
	if len(classes) != 2 || classes[0] != "theirs" {
		t.Errorf("Class %q", classes)
	}
	if _, of, ok := findClass(classKey, got); !ok || of != (subject{classZone, "z-port"}) {
		t.Error("our own Class is missing")
	}
	if string(got.Get(typeReplyMessage)) != "welcome" || string(got.Get(typeChargeableUserIdentity)) != "cui" {
		t.Errorf("the NAS gets %v", got)
	}
	for _, kind := range []wire.Type{typeTunnelType, typeTunnelMediumType, typeTunnelPrivateGroupID, 11, typeUserName, typeServiceType, typeOperatorName} {
		if got.Get(kind) != nil {
			t.Errorf("attribute %d of the partner passed", kind)
		}
	}
	if vendorValue(got, vendorCisco, 1) != nil {
		t.Error("a partner's vendor attribute passed")
	}
	v.seen(func() {
		if len(v.attempts) != 1 || !v.attempts[0] || len(v.refused) != 0 {
			t.Errorf("attempts %v, refused %v", v.attempts, v.refused)
		}
	})
}

func TestVisitorByCHAP(t *testing.T) {
	home := newPartnerServer(t)
	v := visiting(t, nil, home.server())
	a := visitor()
	a.password, a.chap = nil, ptr("opensesame")
	v.exchange(t, a, codeAccessAccept)
	asked := home.last()
	sum := md5.Sum(append([]byte("\x07opensesame"), asked.Get(typeCHAPChallenge)...))
	if !bytes.Equal(asked.Get(typeCHAPPassword), append([]byte{7}, sum[:]...)) || len(asked.Get(typeCHAPChallenge)) != 16 {
		t.Error("the challenge that the NAS meant did not arrive")
	}
	a.id, a.attrs = 10, append(a.attrs, attr{typeCHAPChallenge, "0123456789"})
	v.exchange(t, a, codeAccessAccept)
	if got := all(home.last().Attributes, typeCHAPChallenge); len(got) != 1 || got[0] != "0123456789" {
		t.Errorf("CHAP-Challenge %q", got)
	}
}

// An EAP conversation passes through untouched, and the keys are hidden anew.
func TestVisitorByEAP(t *testing.T) {
	home := newPartnerServer(t)
	v := visiting(t, nil, home.server())
	long := []attr{{typeEAPMessage, strings.Repeat("e", 253)}, {typeEAPMessage, "rest"}}
	home.say(func(asked *wire.Packet) (wire.Code, []attr) {
		if asked.Get(typeState) == nil {
			return codeAccessChallenge, append(long, attr{typeState, "state-1"}, number(typeSessionTimeout, 30))
		}
		key := func(kind byte, salt [2]byte, key string) attr {
			return vsa(vendorMicrosoft, kind, string(appendHidden(nil, salt, []byte(key), []byte(homeSecret), asked.Authenticator[:])))
		}
		return codeAccessAccept, []attr{
			{typeEAPMessage, "\x03\x01\x00\x04"},
			key(msMPPESendKey, [2]byte{0x80, 1}, strings.Repeat("s", 32)), key(msMPPERecvKey, [2]byte{0x80, 2}, strings.Repeat("r", 32)),
		}
	})
	a := visitor(long...)
	a.password = nil
	got := v.exchange(t, a, codeAccessChallenge)
	if m := all(got, typeEAPMessage); len(m) != 2 || m[0]+m[1] != long[0].value+long[1].value || string(got.Get(typeState)) != "state-1" {
		t.Errorf("the challenge is %v", got)
	}
	if n, _ := uint32Of(got, typeSessionTimeout); n != 30 {
		t.Errorf("Session-Timeout %d", n)
	}
	if m := all(home.last().Attributes, typeEAPMessage); len(m) != 2 || m[0]+m[1] != long[0].value+long[1].value {
		t.Errorf("the partner gets %q", m)
	}
	a.id, a.attrs = 10, append(a.attrs, attr{typeState, "state-1"})
	b := a.encode(t)
	v.nas.send(b)
	got = checkReply(t, v.nas.receive(), b)
	if string(home.last().Get(typeState)) != "state-1" || string(got.Get(typeEAPMessage)) != "\x03\x01\x00\x04" {
		t.Errorf("the accept is %v", got)
	}
	for kind, want := range map[byte]string{msMPPESendKey: strings.Repeat("s", 32), msMPPERecvKey: strings.Repeat("r", 32)} {
		if key := revealed(t, vendorValue(got, vendorMicrosoft, kind), b[4:20]); string(key) != want {
			t.Errorf("key %d is %q", kind, key)
		}
	}
	v.seen(func() {
		if len(v.attempts) != 1 {
			t.Errorf("a challenge counts as an attempt: %v", v.attempts)
		}
	})
}

func TestVisitorIsRefused(t *testing.T) {
	home := newPartnerServer(t)
	v := visiting(t, nil, home.server())
	home.say(func(*wire.Packet) (wire.Code, []attr) {
		return codeAccessReject, []attr{{typeReplyMessage, "no"}, {typeClass, "x"}}
	})
	got := v.exchange(t, visitor(), codeAccessReject)
	if string(got.Get(typeReplyMessage)) != "no" || got.Get(typeClass) != nil {
		t.Errorf("the reject is %v", got)
	}
	v.refusedFor(t, "proxy_refused", 1)

	off := visitor()
	off.id, off.attrs[0] = 10, attr{typeCalledStationID, offAP.String()}
	before := home.count()
	v.exchange(t, off, codeAccessReject)
	v.refusedFor(t, "place_disabled", 2)
	if home.count() != before {
		t.Error("the partner is asked for somebody whom the place does not let in")
	}
	loop := visitor(attr{typeProxyState, string(v.proxyMark())})
	loop.id = 11
	v.exchange(t, loop, codeAccessReject)
	v.refusedFor(t, "proxy_loop", 3)
	if home.count() != before {
		t.Error("a request that came back goes round again")
	}
}

func (v *visited) refusedFor(t testing.TB, reason string, n int) {
	t.Helper()
	v.seen(func() {
		if len(v.refused) != n || v.refused[n-1].Reason != reason || v.refused[n-1].Method != "proxy" || v.refused[n-1].Login != guest {
			t.Errorf("refused: %+v", v.refused)
		}
	})
}

func TestVisitorFailsOver(t *testing.T) {
	dead, home := newPartnerServer(t), newPartnerServer(t)
	dead.conn.Close()
	v := visiting(t, nil, dead.server(), home.server())
	b := visitor().encode(t)
	v.nas.send(b)
	v.nas.send(b) // the NAS is impatient; it gets one answer
	first := v.nas.receive()
	checkReply(t, first, b)
	if first[0] != codeAccessAccept {
		t.Fatalf("%x", first)
	}
	v.nas.silent()
	before := home.count()
	v.nas.send(b) // and asks again, after the answer was lost
	if again := v.nas.receive(); !bytes.Equal(again, first) || home.count() != before {
		t.Error("a duplicate does not get the same answer from us")
	}
	began := time.Now()
	next := visitor()
	next.id = 10
	v.exchange(t, next, codeAccessAccept)
	if d := time.Since(began); d > 140*time.Millisecond {
		t.Errorf("the dead server is still waited for: %v", d)
	}
	if err := testutil.GatherAndCompare(v.registry, strings.NewReader(`
# HELP parvis_radius_proxy_failovers_total Times that a further server of a partner was asked because one did not answer.
# TYPE parvis_radius_proxy_failovers_total counter
parvis_radius_proxy_failovers_total{realm="partner.example"} 1
`), "parvis_radius_proxy_failovers_total"); err != nil {
		t.Error(err)
	}
}

// A partner that is silent costs its own visitors only.
func TestSilentPartnerDoesNotHoldOthersUp(t *testing.T) {
	home := newPartnerServer(t)
	home.say(func(*wire.Packet) (wire.Code, []attr) { return 0, nil })
	v := visiting(t, func(o *proxy.Options) { o.InFlight, o.Budget, o.Try = 8, 2*time.Second, 2*time.Second }, home.server())
	for i := range 200 {
		a := visitor()
		a.id = byte(i)
		v.nas.send(a.encode(t))
	}
	other := dial(t, "127.0.0.1", v.AuthAddrs()[0])
	b := ask{code: codeAccessRequest, id: 1, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}.encode(t)
	other.send(b)
	if reply := other.receive(); reply[0] != codeAccessAccept {
		t.Errorf("a tenant is answered %x", reply)
	}
	// Those that wait are refused in the end; the others got no answer, so that
	// the NAS may ask again.
	for range 8 {
		if reply := v.nas.receive(); reply[0] != codeAccessReject {
			t.Errorf("%x", reply)
		}
	}
	v.nas.silent()
	v.seen(func() {
		for _, r := range v.refused {
			if r.Reason != "proxy_unreachable" {
				t.Errorf("refused for %s", r.Reason)
			}
		}
	})
	if got := testutil.ToFloat64(v.metrics.listeners[authListener].discarded[discardQueueFull]); got != 192 {
		t.Errorf("%v requests beyond the bound", got)
	}
}

func TestUnsignedReplyOfPartner(t *testing.T) {
	home := newPartnerServer(t)
	home.mu.Lock()
	home.bare = true
	home.mu.Unlock()
	v := visiting(t, nil, home.server())
	v.exchange(t, visitor(), codeAccessReject)
	v.refusedFor(t, "proxy_unreachable", 1)

	old := home.server()
	old.Unsigned = true
	v = visiting(t, nil, old)
	v.exchange(t, visitor(), codeAccessAccept)
}

// Who is at home here is not asked for elsewhere, whatever the login looks like.
func TestDwellingLoginWins(t *testing.T) {
	home := newPartnerServer(t)
	v := visiting(t, nil, home.server())
	c := catalog()
	c.Dwellings[0].Login = "flat-1@partner.example"
	snap, err := directory.NewSnapshot(c)
	if err != nil {
		t.Skipf("no login can hold an @: %v", err)
	}
	v.register.Swap(snap)
	v.exchange(t, ask{code: codeAccessRequest, id: 1, attrs: at(homeAP, user("flat-1@partner.example")), password: ptr(homePassword)}, codeAccessAccept)
	if home.count() != 0 {
		t.Error("the partner was asked for a tenant")
	}
}

func TestVisitorAccounting(t *testing.T) {
	home := newPartnerServer(t)
	v := visiting(t, nil, home.server())
	accept := v.exchange(t, visitor(), codeAccessAccept)
	nas := dial(t, "127.0.0.1", v.AcctAddrs()[0])
	attrs := []attr{user(guest), number(typeAcctStatusType, 1), {typeAcctSessionID, "s-1"}, {typeClass, "theirs"}, {typeClass, string(accept.Get(typeClass))}, {typeProxyState, "p"}}
	b := ask{code: codeAccountingRequest, id: 3, attrs: at(bssid, attrs...)}.encode(t)
	nas.send(b)
	got := checkReply(t, nas.receive(), b)
	if states := all(got, typeProxyState); len(states) != 1 || states[0] != "p" {
		t.Errorf("Proxy-State %q", states)
	}
	v.seen(func() {
		if len(v.events) != 1 || v.events[0].ZoneID != "z-port" || v.events[0].Login != guest {
			t.Errorf("events: %+v", v.events)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for home.count() < 2 && ctx.Err() == nil {
		<-time.After(5 * time.Millisecond)
	}
	asked := home.last()
	if asked.Code != codeAccountingRequest || string(asked.Get(typeAcctSessionID)) != "s-1" {
		t.Fatalf("the partner gets %v", asked)
	}
	if c := all(asked.Attributes, typeClass); len(c) != 1 || c[0] != "theirs" {
		t.Errorf("the partner gets the Class %q", c)
	}
	if at, ok := uint32Of(asked.Attributes, typeEventTimestamp); !ok || int64(at) != morning.Unix() {
		t.Errorf("Event-Timestamp %d", at)
	}
	if n := all(asked.Attributes, typeOperatorName); len(n) != 1 || n[0] != "1ville.example" {
		t.Errorf("Operator-Name %q", n)
	}
}
