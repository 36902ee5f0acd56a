package radius

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
)

// learnt is told of clients.
type learnt struct {
	mu    sync.Mutex
	signs []string
	old   []string
}

func (l *learnt) Signs(id string) { l.mu.Lock(); l.signs = append(l.signs, id); l.mu.Unlock() }

func (l *learnt) OldSecret(id string, _ time.Time) {
	l.mu.Lock()
	l.old = append(l.old, id)
	l.mu.Unlock()
}

func autoNAS(id, prefixText string) directory.NAS {
	return directory.NAS{
		ID: id, Name: id, Prefix: prefix(prefixText), Secret: directory.NewSecret(secret),
		Signature: directory.SignatureAuto, ZoneID: "z-port",
	}
}

func TestSignatureAuto(t *testing.T) {
	home := func(from string, a ask) ask {
		a.code, a.from, a.attrs, a.password = codeAccessRequest, from, append(at(homeAP, user(homeLogin)), a.attrs...), ptr(homePassword)
		return a
	}
	for _, c := range []struct {
		name  string
		from  string
		first ask
		want  bool // are unsigned requests refused afterwards?
	}{
		{"a signed request", "127.0.0.7", ask{}, true},
		{"an unsigned request", "127.0.0.7", ask{unsigned: true}, false},
		{"a signed request with EAP", "127.0.0.7", ask{attrs: []attr{{typeEAPMessage, "\x02\x09\x00\x05\x01"}}}, false},
		{"a wrong signature", "127.0.0.7", ask{secret: "wrong"}, false},
		{"a signed request from a range", "127.0.0.130", ask{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := &learnt{}
			w := newWorld(t, func(o *Options) { o.Clients = told }, nil, nil)
			w.nases(t, autoNAS("n-7", "127.0.0.7/32"), autoNAS("n-8", "127.0.0.128/25"))
			w.ask(t, home(c.from, c.first))
			w.ask(t, home(c.from, c.first))
			if got := w.give(ask{from: c.from, code: codeAccessRequest}, home(c.from, ask{unsigned: true, id: 9}).encode(t)); (got == nil) != c.want {
				t.Errorf("the next unsigned request: answer %x", got)
			}
			if want := map[bool][]string{true: {"n-7"}}[c.want]; !slices.Equal(told.signs, want) {
				t.Errorf("told of %v, want %v once", told.signs, want)
			}
		})
	}
}

// Accounting and Status-Server are always signed: they prove nothing of Access-Requests.
func TestSignatureAutoNotByOtherCodes(t *testing.T) {
	told := &learnt{}
	w := newWorld(t, func(o *Options) { o.Clients = told }, nil, nil)
	w.nases(t, autoNAS("n-7", "127.0.0.7/32"))
	w.ask(t, ask{code: codeStatusServer, from: "127.0.0.7"})
	w.ask(t, ask{code: codeAccountingRequest, from: "127.0.0.7", attrs: []attr{number(typeAcctStatusType, 7)}})
	if len(told.signs) != 0 {
		t.Errorf("told of %v", told.signs)
	}
}

const oldSecret = "the secret until yesterday"

func rotating(signature directory.Signature) directory.NAS {
	n := autoNAS("n-7", "127.0.0.7/32")
	n.Signature, n.OldSecret, n.OldSecretUntil = signature, directory.NewSecret(oldSecret), morning.Add(time.Hour)
	return n
}

// checkWith verifies an answer that is signed with another secret than the usual.
func checkWith(t testing.TB, with string, reply, request []byte) {
	t.Helper()
	q := &request16{request}
	plain := slices.Clone(reply)
	copy(plain[4:20], q.authenticator())
	copy(plain[22:38], make([]byte, 16))
	if got := hmacMD5(with, plain); !slices.Equal(got, reply[22:38]) {
		t.Fatalf("the answer is not signed with that secret: %x", reply)
	}
}

type request16 struct{ b []byte }

func (r *request16) authenticator() []byte {
	if r.b[0] == codeAccountingRequest {
		return make([]byte, 16)
	}
	return r.b[4:20]
}

func TestOldSecret(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  ask
	}{
		{"PAP", ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}},
		{"CHAP", ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), chap: ptr(homePassword)}},
		{"accounting", ask{code: codeAccountingRequest, attrs: []attr{number(typeAcctStatusType, 7)}}},
		{"Status-Server", ask{code: codeStatusServer}},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := &learnt{}
			w := newWorld(t, func(o *Options) { o.Clients = told }, nil, nil)
			w.nases(t, rotating(directory.SignatureYes))
			c.ask.from = "127.0.0.7"
			for _, with := range []string{oldSecret, secret} {
				c.ask.secret = with
				c.ask.id++
				request := c.ask.encode(t)
				reply := w.give(c.ask, request)
				if reply == nil || reply[0] == codeAccessReject {
					t.Fatalf("with %q: answer %x; refused %+v", with, reply, w.refused)
				}
				checkWith(t, with, reply, request)
			}
			if n := testutil.ToFloat64(w.metrics.oldSecret); n != 1 || !slices.Equal(told.old, []string{"n-7"}) {
				t.Errorf("counted %v, told of %v", n, told.old)
			}
			w.advance(time.Hour)
			c.ask.secret = oldSecret
			c.ask.id++
			if reply := w.give(c.ask, c.ask.encode(t)); reply != nil {
				t.Errorf("after its last instant the old secret still works: %x", reply)
			}
		})
	}
}

// A request without signature does not show its secret: the password does.
func TestOldSecretUnsigned(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	w.nases(t, rotating(directory.SignatureNo))
	a := ask{code: codeAccessRequest, from: "127.0.0.7", unsigned: true, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}
	check := func(with string, want byte) {
		t.Helper()
		a.secret = with
		a.id++
		request := a.encode(t)
		reply := w.give(a, request)
		if reply == nil || reply[0] != want {
			t.Fatalf("with %q: answer %x; refused %+v", with, reply, w.refused)
		}
		if want == codeAccessAccept {
			checkWith(t, with, reply, request)
		}
	}
	check(oldSecret, codeAccessAccept)
	check(secret, codeAccessAccept)
	check(oldSecret, codeAccessAccept)
	check("neither of the two", codeAccessReject)
	// A signed packet settles which one it uses, for CHAP too.
	signed := ask{code: codeAccountingRequest, from: "127.0.0.7", attrs: []attr{number(typeAcctStatusType, 7)}}
	a.password, a.chap, a.secret = nil, ptr(homePassword), secret
	check(oldSecret, codeAccessAccept)
	w.give(signed, signed.encode(t))
	check(secret, codeAccessAccept)
}

func TestToldOfOldSecretOnceAMinute(t *testing.T) {
	told := &learnt{}
	w := newWorld(t, func(o *Options) { o.Clients = told }, nil, nil)
	w.nases(t, rotating(directory.SignatureYes))
	for i := range 150 {
		a := ask{code: codeStatusServer, id: byte(i), from: "127.0.0.7", secret: oldSecret}
		w.give(a, a.encode(t))
		w.advance(time.Second)
	}
	if len(told.old) != 3 {
		t.Errorf("told %d times in 150 s", len(told.old))
	}
	state := w.Clients()
	i := slices.IndexFunc(state, func(c ClientState) bool { return c.NASID == "n-7" })
	if i < 0 || state[i].OldSecret != 150 {
		t.Errorf("clients: %+v", state)
	}
}

// NASes come and go while requests are answered.
func TestClientsFollowTheRegister(t *testing.T) {
	c := newClients()
	snap := func(ids ...string) *directory.Snapshot {
		var list []directory.NAS
		for i, id := range ids {
			list = append(list, directory.NAS{ID: id, Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 32)})
		}
		s, err := directory.NewSnapshot(directory.Catalog{NASes: list})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := snap("a", "b")
	a := c.of(first, first.NAS("a"))
	a.unsigned.Add(7)
	second := snap("a", "c")
	c.of(second, second.NAS("c"))
	if got := c.of(second, second.NAS("a")); got != a || got.unsigned.Load() != 7 {
		t.Error("what was learnt of a NAS is lost when another one comes")
	}
	for i := range 1000 {
		s := snap("a", fmt.Sprint("new ", i))
		c.of(s, s.NASes()[1])
	}
	if all := *c.byID.Load(); len(all) > 2*2+spareClients+1 || all["a"] != a {
		t.Errorf("%d clients of two NASes", len(all))
	}
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			for range 1000 {
				c.of(first, first.NAS("b")).unsigned.Add(1)
				c.of(second, second.NAS("c")).unsigned.Add(1)
			}
		})
	}
	both.Wait()
}

func BenchmarkClientsOf(b *testing.B) {
	w := newWorld(b, nil, nil, nil)
	snap := w.register.Snapshot()
	nas := snap.NASByAddr(netip.MustParseAddr("127.0.0.1"))
	for b.Loop() {
		w.clients.of(snap, nas)
	}
}
