package radius

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func waitingRequest(code byte, attrs string, of *clientFacts) *request {
	r := &request{n: headerLength + len(attrs), client: of}
	r.buf[0] = code
	copy(r.buf[headerLength:], attrs)
	return r
}

func TestLanes(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  byte
		attrs string
		want  lane
	}{
		{"Status-Server", codeStatusServer, "", laneStatus},
		{"new", codeAccessRequest, "\x01\x03x", lanePlain},
		{"State", codeAccessRequest, "\x01\x03x\x18\x03s", laneContinued},
		{"EAP", codeAccessRequest, "\x4f\x04xx", laneContinued},
		{"State inside another attribute", codeAccessRequest, "\x01\x05\x18\x03s", lanePlain},
		{"misshapen", codeAccessRequest, "\x01\x00\x18\x03s", lanePlain},
		{"too long", codeAccessRequest, "\x01\xff\x18\x03s", lanePlain},
		{"accounting", codeAccountingRequest, "\x18\x03s", lanePlain},
	} {
		if got := laneOf(waitingRequest(c.code, c.attrs, nil)); got != c.want {
			t.Errorf("%s: lane %d, want %d", c.name, got, c.want)
		}
	}
}

func TestQueueOrder(t *testing.T) {
	q, of := newQueue(8), &clientFacts{}
	order := []struct {
		code  byte
		attrs string
	}{{codeAccessRequest, "\x01\x03a"}, {codeAccessRequest, "\x18\x03b"}, {codeStatusServer, ""}, {codeAccessRequest, "\x01\x03c"}, {codeAccessRequest, "\x18\x03d"}}
	for _, o := range order {
		if why := q.put(waitingRequest(o.code, o.attrs, of)); why != discardNone {
			t.Fatal(why)
		}
	}
	q.close()
	got := ""
	for r, ok := q.next(); ok; r, ok = q.next() {
		r.taken()
		if got += "s"; r.code() != codeStatusServer {
			got = got[:len(got)-1] + string(r.buf[headerLength+2])
		}
	}
	if got != "sbdac" || of.waiting.Load() != 0 {
		t.Errorf("order %q, %d still waiting", got, of.waiting.Load())
	}
}

// A flood in one lane leaves the others their room.
func TestQueueLanesHaveTheirOwnBounds(t *testing.T) {
	q, flood, calm := newQueue(8), &clientFacts{}, &clientFacts{}
	for range 100 {
		q.put(waitingRequest(codeAccessRequest, "", flood))
	}
	for _, r := range []*request{waitingRequest(codeStatusServer, "", calm), waitingRequest(codeAccessRequest, "\x18\x03s", calm), waitingRequest(codeAccessRequest, "", calm)} {
		if why := q.put(r); why != discardNone {
			t.Errorf("code %d: %v", r.code(), why)
		}
	}
}

// However many NASes flood, and in whatever order: the counts are right, nobody
// who holds no place is sent away while there is one, and one flood alone gets
// about half.
func TestQueueShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(2, 64).Draw(t, "length")
		q := newQueue(length)
		all := make([]*clientFacts, rapid.IntRange(1, 5).Draw(t, "clients"))
		held := make([]int, len(all))
		for i := range all {
			all[i] = &clientFacts{}
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			i := rapid.IntRange(0, len(all)-1).Draw(t, "client")
			if rapid.IntRange(0, 3).Draw(t, "take") == 0 {
				if len(q[lanePlain]) > 0 {
					r, _ := q.next()
					r.taken()
					for j := range all {
						if all[j] == r.client {
							held[j]--
						}
					}
				}
				continue
			}
			full := len(q[lanePlain]) == length
			why := q.put(waitingRequest(codeAccessRequest, "", all[i]))
			switch {
			case full && why != discardQueueFull:
				t.Fatalf("a full queue said %v", why)
			case why == discardNone:
				held[i]++
			case !full && held[i] == 0:
				t.Fatalf("a client that holds no place was sent away: %v", why)
			}
			if int(all[i].waiting.Load()) != held[i] {
				t.Fatalf("%d counted, %d held", all[i].waiting.Load(), held[i])
			}
			if len(all) == 1 && held[0] > length/2+1 {
				t.Fatalf("one client holds %d of %d", held[0], length)
			}
		}
	})
}

func TestPace(t *testing.T) {
	var p pace
	now := morning
	count := func(n int) (allowed int) {
		for range n {
			if p.allow(now, time.Second, 3) {
				allowed++
			}
		}
		return allowed
	}
	if got := count(10); got != 3 {
		t.Errorf("at once: %d, want 3", got)
	}
	now = now.Add(1500 * time.Millisecond)
	if got := count(10); got != 1 {
		t.Errorf("after 1.5 s: %d, want 1", got)
	}
	now = now.Add(time.Hour)
	if got := count(10); got != 3 {
		t.Errorf("after an hour: %d, want 3: tokens do not pile up", got)
	}
	now = now.Add(-time.Minute) // a clock that is set back
	if got := count(1); got != 0 {
		t.Errorf("with the clock set back: %d", got)
	}
}
