package radius

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	wire "layeh.com/radius"

	"parvis/radius/proxy"
)

// begun is an Accounting-Request with the identifier 9; another session makes
// another Authenticator.
func begun(session string) ask {
	return ask{code: codeAccountingRequest, id: 9, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, session}}}
}

// badMessageAuthenticator is begun(session) by somebody who can make the MD5 of
// the Request Authenticator fit, but not the HMAC.
func badMessageAuthenticator(t *testing.T, session string) []byte {
	t.Helper()
	p, err := wire.Parse(begun(session).encode(t), []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	p.Attributes.Get(80)[0] ^= 1
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 5080 §2.2.2: what comes with the address, port and identifier of a request
// that is in progress, or answered, through real sockets. "older" is the first
// request; each is answered by its own answer or not at all.
func TestSameIdentifier(t *testing.T) {
	older := begun("older").encode(t)
	newer := begun("newer").encode(t)
	forged := badMessageAuthenticator(t, "forged")
	for _, c := range []struct {
		name     string
		second   []byte
		answered bool // the older one, before the second comes
		replies  [][]byte
		kept     []byte // whose answer the cache has in the end
		action   duplicateAction
		why      discard // of the second
		events   int
	}{
		{"same authenticator, in progress", older, false, [][]byte{older}, older, actionDropped, 0, 1},
		{"same authenticator, answered", older, true, [][]byte{older, older}, older, actionReplayed, 0, 1},
		{"other authenticator, in progress", newer, false, [][]byte{newer}, newer, actionConflicting, 0, 2},
		{"other authenticator, answered", newer, true, [][]byte{older, newer}, newer, actionConflicting, 0, 2},
		{"bad Message-Authenticator, in progress", forged, false, [][]byte{older}, older, 0, discardBadMessageAuthenticator, 1},
		{"bad Message-Authenticator, answered", forged, true, [][]byte{older}, older, 0, discardBadMessageAuthenticator, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil, []string{"127.0.0.1:0"})
			w.hold = make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- w.Serve(ctx) }()
			m := &w.metrics.listeners[acctListener]
			counted := func() float64 {
				if c.why != discardNone {
					return testutil.ToFloat64(m.discarded[c.why])
				}
				return testutil.ToFloat64(m.duplicates[c.action])
			}
			n := dial(t, "127.0.0.1", w.AcctAddrs()[0])
			n.send(older)
			<-w.entered
			var got [][]byte
			if c.answered {
				close(w.hold)
				got = append(got, n.receive())
			}
			n.send(c.second)
			for deadline := time.Now().Add(5 * time.Second); counted() < 1; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Fatal("the second request was not counted")
				}
			}
			if !c.answered {
				if c.events == 2 {
					<-w.entered // both are in progress
				}
				close(w.hold)
			}
			for len(got) < len(c.replies) {
				got = append(got, n.receive())
			}
			n.silent()
			for i, request := range c.replies {
				checkReply(t, got[i], request)
			}
			n.send(c.kept)
			if again := n.receive(); !bytes.Equal(again, got[len(got)-1]) {
				t.Errorf("the cache has another answer: %x", again)
			}
			w.seen(func() {
				if len(w.events) != c.events {
					t.Errorf("%d records", len(w.events))
				}
			})
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// Each way in which a request in progress can lose its place, and whether its
// answer is still sent.
func TestReplacedAnswers(t *testing.T) {
	a, b := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)
	for _, c := range []struct {
		name                string
		olderSigned, signed bool
		evict               bool
		wanted              bool // the older answer
		olderKept           bool // and not the newer
	}{
		{name: "signed by signed", olderSigned: true, signed: true},
		{name: "unsigned by signed", signed: true},
		// Anybody could have sent the newer one: the NAS gets both answers and
		// takes the one whose Response Authenticator fits.
		{name: "unsigned by unsigned", wanted: true},
		{name: "signed by unsigned", olderSigned: true, wanted: true, olderKept: true},
		{name: "evicted", olderSigned: true, signed: true, evict: true, wanted: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDuplicates(duplicateShards, 10*time.Second) // one in each shard
			k, other := key(1, 1), key(1, 1)
			for p := uint16(2); c.evict && (other == k || d.shard(other) != d.shard(k)); p++ {
				other = key(p, 1)
			}
			older, _, _ := d.begin(k, a, c.olderSigned, morning)
			newer, _, _ := d.begin(other, b, c.signed, morning)
			if got := d.finish(newer, []byte("newer"), morning); !got {
				t.Error("newer: not wanted")
			}
			if got := d.finish(older, []byte("older"), morning); got != c.wanted {
				t.Errorf("older: wanted %v", got)
			}
			// One of the two is in the cache; to ask for the other would purge it.
			authenticator, want := b, "newer"
			if c.olderKept {
				authenticator, want = a, "older"
			}
			if _, reply, found := d.begin(other, authenticator, true, morning); found != duplicateAnswered || string(reply) != want {
				t.Errorf("kept %q", reply)
			}
		})
	}
}

// A visitor's request is answered long after its worker has gone on: the answer
// to a replaced one is not sent either.
func TestReplacedVisitor(t *testing.T) {
	home := newPartnerServer(t)
	asked, release := make(chan struct{}, 2), make(chan struct{})
	home.say(func(*wire.Packet) (wire.Code, []attr) {
		asked <- struct{}{}
		<-release
		return codeAccessReject, nil
	})
	v := visiting(t, func(o *proxy.Options) { o.Try = 5 * time.Second }, home.server())
	older, newer := visitor().encode(t), visitor().encode(t)
	v.nas.send(older)
	<-asked
	v.nas.send(newer)
	conflicts := v.metrics.listeners[authListener].duplicates[actionConflicting]
	for deadline := time.Now().Add(5 * time.Second); testutil.ToFloat64(conflicts) < 1; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("no conflict")
		}
	}
	close(release)
	first := v.nas.receive()
	checkReply(t, first, newer)
	v.nas.silent()
	v.nas.send(newer)
	if again := v.nas.receive(); !bytes.Equal(first, again) {
		t.Errorf("the cache has another answer: %x", again)
	}
}
