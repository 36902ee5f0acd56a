package radius

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

type panicking struct{}

func (panicking) Refused(directory.Refusal) { panic("a bug") }

// RFC 5080 §2.2.2, through real sockets.
func TestRetransmissionGetsTheSameBytes(t *testing.T) {
	w := serving(t, one)
	c := dial(t, "127.0.0.1", w.AuthAddrs()[0])
	a := ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}
	b := a.encode(t)
	c.send(b)
	first := c.receive() // holds a random Class: made twice, it would differ
	c.send(b)
	if again := c.receive(); !bytes.Equal(first, again) {
		t.Errorf("another answer:\n%x\n%x", first, again)
	}
	// A forgery with the same identifier does not touch the cache.
	forged := ask{code: a.code, attrs: a.attrs, password: a.password, secret: "wrong"}.encode(t)
	c.send(forged)
	c.send(b)
	if again := c.receive(); !bytes.Equal(first, again) {
		t.Error("a forged packet moved the cache")
	}
	// The identifier used anew is a new request.
	other := a.encode(t)
	c.send(other)
	checkReply(t, c.receive(), other)
	m := w.metrics.listeners[authListener].duplicates
	if r, n := testutil.ToFloat64(m[actionReplayed]), testutil.ToFloat64(m[actionConflicting]); r != 2 || n != 1 {
		t.Errorf("replayed %v, conflicting %v", r, n)
	}
	w.seen(func() {
		if len(w.attempts) != 2 || len(w.repeats) != 2 || w.repeats[0] != "ap-2" {
			t.Errorf("attempts %v, retransmitted %v", w.attempts, w.repeats)
		}
	})
}

func TestRetransmissionWhileInProgress(t *testing.T) {
	w := newWorld(t, nil, nil, []string{"127.0.0.1:0"})
	w.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx) }()
	c := dial(t, "127.0.0.1", w.AcctAddrs()[0])
	b := ask{code: codeAccountingRequest, attrs: []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}}.encode(t)
	c.send(b)
	<-w.entered
	c.send(b)
	for testutil.ToFloat64(w.metrics.listeners[acctListener].duplicates[actionDropped]) < 1 {
		runtime.Gosched()
	}
	close(w.hold)
	first := c.receive()
	c.send(b)
	if !bytes.Equal(first, c.receive()) {
		t.Error("another answer")
	}
	w.seen(func() {
		if n := testutil.ToFloat64(w.metrics.records[accounting.Start][recordDuplicate]); n != 1 || len(w.events) != 1 {
			t.Errorf("duplicate %v, events %d", n, len(w.events))
		}
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func key(port uint16, id uint32) duplicateKey {
	return newDuplicateKey(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port), 0, 1, id)
}

func TestDuplicateKeyParts(t *testing.T) {
	d := newDuplicates(1000, time.Minute)
	authenticator := make([]byte, 16)
	base := key(1, 1)
	seen := []duplicateKey{base, key(2, 1), key(1, 2)}
	other := base
	other.code = 4
	seen = append(seen, other)
	other = base
	other.source = 1
	seen = append(seen, other)
	other = base
	other.addr = netip.MustParseAddr("192.0.2.2").As16()
	for i, k := range append(seen, other) {
		if _, _, found := d.begin(k, authenticator, true, morning); found != duplicateNew {
			t.Errorf("%d: %v", i, found)
		}
	}
}

func TestDuplicatesExpire(t *testing.T) {
	d := newDuplicates(1000, 10*time.Second)
	a := bytes.Repeat([]byte{1}, 16)
	e, _, _ := d.begin(key(1, 1), a, true, morning)
	d.finish(e, []byte("answer"), morning)
	if _, reply, found := d.begin(key(1, 1), a, true, morning.Add(10*time.Second)); found != duplicateAnswered || string(reply) != "answer" {
		t.Errorf("after 10 s: %v", found)
	}
	if _, _, found := d.begin(key(1, 1), a, true, morning.Add(10*time.Second+1)); found != duplicateNew {
		t.Errorf("after more: %v", found)
	}
}

func TestUnsignedDoesNotReplaceSigned(t *testing.T) {
	d := newDuplicates(1000, 10*time.Second)
	a, b := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)
	e, _, _ := d.begin(key(1, 1), a, true, morning)
	d.finish(e, []byte("answer"), morning)
	if e, _, found := d.begin(key(1, 1), b, false, morning); e != nil || found != duplicateConflict {
		t.Errorf("unsigned: %v %v", e, found)
	}
	if _, _, found := d.begin(key(1, 1), a, true, morning); found != duplicateAnswered {
		t.Errorf("the signed one is gone: %v", found)
	}
	if e, _, found := d.begin(key(1, 1), b, true, morning); e == nil || found != duplicateConflict {
		t.Errorf("signed: %v %v", e, found)
	}
}

func TestDuplicatesAreBounded(t *testing.T) {
	const limit = 640
	d := newDuplicates(limit, time.Hour)
	for port := range uint16(5000) {
		e, _, _ := d.begin(key(port, 0), make([]byte, 16), true, morning)
		d.finish(e, []byte{1}, morning)
	}
	if d.len() > limit || d.len()+int(d.evicted.Load()) != 5000 {
		t.Errorf("%d entries, %d evicted", d.len(), d.evicted.Load())
	}
}

// The cache against a model that keeps everything.
func TestDuplicatesModel(t *testing.T) {
	type answer struct {
		authenticator byte
		at            time.Time
		reply         string
	}
	rapid.Check(t, func(t *rapid.T) {
		d, model := newDuplicates(100_000, 10*time.Second), map[byte]answer{}
		now := morning
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "seconds")) * time.Second)
			id, a := rapid.ByteRange(0, 2).Draw(t, "id"), rapid.ByteRange(0, 2).Draw(t, "authenticator")
			e, reply, found := d.begin(key(1, uint32(id)), bytes.Repeat([]byte{a}, 16), true, now)
			old, there := model[id]
			there = there && now.Sub(old.at) <= 10*time.Second
			want := duplicateNew
			switch {
			case there && old.authenticator == a:
				want = duplicateAnswered
			case there:
				want = duplicateConflict
			}
			if found != want || found == duplicateAnswered && string(reply) != old.reply {
				t.Fatalf("step %d: %v, want %v", i, found, want)
			}
			if found == duplicateAnswered {
				continue
			}
			delete(model, id)
			reply = nil
			if rapid.Bool().Draw(t, "answered") {
				reply = fmt.Appendf(nil, "answer %d", i)
				model[id] = answer{a, now, string(reply)}
			}
			d.finish(e, reply, now)
		}
	})
}

// Many in progress at once, replaced and evicted, in entries that are used
// again: an answer is always that of its own request.
func TestDuplicatesInProgress(t *testing.T) {
	type request struct {
		id, authenticator byte
		entry             *duplicateEntry
	}
	rapid.Check(t, func(t *rapid.T) {
		d := newDuplicates(duplicateShards*rapid.IntRange(1, 4).Draw(t, "limit"), 10*time.Second)
		var open []request
		answers := map[[2]byte][]string{} // the same request may be answered anew once it is evicted
		now := morning
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "seconds")) * time.Second)
			if len(open) > 0 && rapid.Bool().Draw(t, "finish") {
				n := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				r := open[n]
				open = append(open[:n], open[n+1:]...)
				var reply []byte
				if rapid.IntRange(0, 4).Draw(t, "answered") > 0 {
					reply = fmt.Appendf(nil, "answer %d", i)
					pair := [2]byte{r.id, r.authenticator}
					answers[pair] = append(answers[pair], string(reply))
				}
				d.finish(r.entry, reply, now)
				continue
			}
			r := request{id: rapid.ByteRange(0, 5).Draw(t, "id"), authenticator: rapid.ByteRange(0, 2).Draw(t, "authenticator")}
			e, reply, found := d.begin(key(1, uint32(r.id)), bytes.Repeat([]byte{r.authenticator}, 16), true, now)
			switch found {
			case duplicateAnswered:
				if given := answers[[2]byte{r.id, r.authenticator}]; !slices.Contains(given, string(reply)) {
					t.Fatalf("step %d: %q, which is none of %q", i, reply, given)
				}
			case duplicateBusy:
				if !slices.ContainsFunc(open, func(o request) bool { return o.id == r.id && o.authenticator == r.authenticator }) {
					t.Fatalf("step %d: busy with what nobody began", i)
				}
			default:
				r.entry = e
				open = append(open, r)
			}
		}
		for _, r := range open {
			d.finish(r.entry, nil, now)
		}
		for i := range d.shards {
			s := &d.shards[i]
			linked := 0
			for e := s.list.next; e != &s.list; e = e.next {
				if linked++; s.entries[e.key] != e || !e.answered {
					t.Fatal("the list and the map differ")
				}
			}
			if linked != len(s.entries) || linked > d.limit {
				t.Fatalf("%d in the list, %d in the map, at most %d", linked, len(s.entries), d.limit)
			}
		}
	})
}

func TestDuplicatesAllocateNothing(t *testing.T) {
	d := newDuplicates(1000, time.Minute)
	authenticator, reply, n := make([]byte, 16), make([]byte, 200), byte(0)
	if allocations := testing.AllocsPerRun(1000, func() {
		n++
		authenticator[0]++
		e, _, _ := d.begin(key(1, uint32(n%8)), authenticator, true, morning)
		d.finish(e, reply, morning)
	}); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
