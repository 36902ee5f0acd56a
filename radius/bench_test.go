package radius

import (
	"context"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"parvis/internal/directory"
)

// One signed PAP Access-Request from datagram to signed answer, without sockets.
func BenchmarkSignedPAP(b *testing.B) {
	w := newWorld(b, func(o *Options) { o.Presence, o.Observer, o.Refusals = none{}, nobody{}, nobody{} }, nil, nil)
	r := &request{from: netip.MustParseAddrPort("127.0.0.1:50000"), link: &datagram{}}
	packet := ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}.encode(b)
	out := make([]byte, 0, maxPacket)
	b.ReportAllocs()
	port, at := uint16(0), morning
	for b.Loop() {
		port++ // never a duplicate, nor after the ports have gone round
		at = at.Add(time.Millisecond)
		r.from = netip.AddrPortFrom(r.from.Addr(), port)
		r.n, r.at = copy(r.buf[:], packet), at
		if w.admit(authListener, r) != discardNone {
			b.Fatal("not admitted")
		}
		if reply := w.answer(context.Background(), authListener, r, out); reply == nil || reply[0] != codeAccessAccept {
			b.Fatal("not accepted")
		}
	}
}

// A forged datagram costs one HMAC.
func BenchmarkForged(b *testing.B) {
	w := newWorld(b, nil, nil, nil)
	r := &request{from: netip.MustParseAddrPort("127.0.0.1:50000"), link: &datagram{}}
	packet := ask{code: codeAccessRequest, secret: "wrong", attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}.encode(b)
	b.ReportAllocs()
	for b.Loop() {
		r.n, r.at = copy(r.buf[:], packet), morning
		if w.admit(authListener, r) != discardNone || w.answer(context.Background(), authListener, r, nil) != nil {
			b.Fatal("not dropped")
		}
	}
}

type none struct{}

func (none) Others(context.Context, string, directory.MAC) (int, error) { return 0, nil }

// What a reader drops allocates nothing.
func TestAdmitAllocatesNothing(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	r := &request{from: netip.MustParseAddrPort("127.0.0.9:50000"), n: headerLength}
	r.buf[0] = codeAccessRequest
	binary.BigEndian.PutUint16(r.buf[2:], headerLength)
	w.discard(authListener, discardUnknownClient, r) // the one that is logged
	if n := testing.AllocsPerRun(100, func() {
		if why := w.admit(authListener, r); why != discardUnknownClient {
			t.Fatal(why)
		}
		w.discard(authListener, discardUnknownClient, r)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
