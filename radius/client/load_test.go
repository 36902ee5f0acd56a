package client

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	wire "layeh.com/radius"
	"pgregory.net/rapid"

	"parvis/internal/directory"
)

const loadPassword = "parvis-demo-password"

func loadOptions(addr string) LoadOptions {
	return LoadOptions{
		Server: addr, Secret: testSecret, Requests: 100, Sockets: 2, Window: 4,
		For: 50 * time.Millisecond, Timeout: 200 * time.Millisecond,
		Request: func(n int) *Request { return PAP("user-"+strconv.Itoa(n), directory.NewSecret(loadPassword)) },
	}
}

func TestLoadCounts(t *testing.T) {
	secret := testSecret.Reveal()
	accept := func(b []byte) [][]byte { return [][]byte{answer(t, b, AccessAccept, secret)} }
	for name, tc := range map[string]struct {
		handle func(n int, b []byte) [][]byte
		rate   int
		check  func(r LoadResult, asked uint64) bool
	}{
		"all accepted": {
			handle: func(_ int, b []byte) [][]byte { return accept(b) },
			check: func(r LoadResult, asked uint64) bool {
				return r.Accepted == asked && asked > 0 && r.Rejected+r.Lost+r.Forged == 0 && r.Latency.n == asked && r.PerSecond() > 0
			},
		},
		"every other one rejected": {
			handle: func(n int, b []byte) [][]byte {
				if n%2 == 0 {
					return [][]byte{answer(t, b, AccessReject, secret)}
				}
				return accept(b)
			},
			check: func(r LoadResult, asked uint64) bool {
				return r.Rejected == asked/2 && r.Answered() == asked && r.Lost == 0
			},
		},
		"one lost": {
			handle: func(n int, b []byte) [][]byte {
				if n == 3 {
					return nil
				}
				return accept(b)
			},
			check: func(r LoadResult, asked uint64) bool { return r.Lost == 1 && r.Answered() == asked-1 },
		},
		"answered twice": {
			handle: func(_ int, b []byte) [][]byte { return append(accept(b), accept(b)...) },
			check:  func(r LoadResult, asked uint64) bool { return r.Accepted == asked && r.Lost == 0 },
		},
		"not signed with the secret": {
			handle: func(_ int, b []byte) [][]byte { return [][]byte{answer(t, b, AccessAccept, "other")} },
			check:  func(r LoadResult, asked uint64) bool { return r.Forged > 0 && r.Accepted == 0 && r.Lost == asked },
		},
		"not RADIUS": {
			handle: func(int, []byte) [][]byte { return [][]byte{{2}} },
			check:  func(r LoadResult, asked uint64) bool { return r.Forged > 0 && r.Answered() == 0 && r.Lost == asked },
		},
		"a server that is not there": {
			check: func(r LoadResult, _ uint64) bool { return r.Answered() == 0 && r.Lost == r.Sent && r.PerSecond() == 0 },
		},
		"a rate": {
			handle: func(_ int, b []byte) [][]byte { return accept(b) },
			rate:   1000,
			check: func(r LoadResult, asked uint64) bool {
				return r.Accepted == asked && r.Lost == 0 && asked > 0 && asked <= 52
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var heard atomic.Uint64
			addr := "127.0.0.1:9"
			if tc.handle != nil {
				addr = respond(t, func(n int, b []byte) [][]byte { heard.Add(1); return tc.handle(n, b) })
			}
			o := loadOptions(addr)
			if o.Rate = tc.rate; o.Rate > 0 {
				o.Window = 0 // a rate has all identifiers
			}
			r, err := Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if asked := heard.Load(); !tc.check(r, asked) {
				t.Errorf("heard %d: sent %d, accepted %d, rejected %d, lost %d, forged %d", asked, r.Sent, r.Accepted, r.Rejected, r.Lost, r.Forged)
			}
			if r.Answered()+r.Lost != r.Sent {
				t.Errorf("sent %d, answered %d, lost %d", r.Sent, r.Answered(), r.Lost)
			}
		})
	}
}

// Each request is a new one to the server, is signed, and every user has his turn.
func TestLoadAsksAnew(t *testing.T) {
	var mu sync.Mutex
	last, users := map[byte]string{}, map[string]int{}
	addr := respond(t, func(_ int, b []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		if authenticator := string(b[4:headerLen]); last[b[1]] == authenticator {
			t.Errorf("identifier %d twice in a row with the same authenticator", b[1])
		} else {
			last[b[1]] = authenticator
		}
		p, err := wire.Parse(b, []byte(testSecret.Reveal()))
		if err != nil {
			t.Error(err)
			return nil
		}
		password, err := wire.UserPassword(p.Get(2), p.Secret, p.Authenticator[:])
		if err != nil || string(password) != loadPassword {
			t.Errorf("the password is %q: %v", password, err)
		}
		if _, err := checkMessageAuthenticator(b, b, testSecret); b[headerLen] != byte(MessageAuthenticator) || err != nil {
			t.Errorf("the first attribute is not a right Message-Authenticator: %v", err)
		}
		users[string(p.Get(1))]++
		return [][]byte{answer(t, b, AccessAccept, testSecret.Reveal())}
	})
	o := loadOptions(addr)
	o.Sockets, o.For = 1, 200*time.Millisecond
	if _, err := Load(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(users) != o.Requests {
		t.Errorf("%d users asked, not %d", len(users), o.Requests)
	}
	if len(last) != 256 {
		t.Errorf("%d identifiers, not 256", len(last))
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*LoadOptions){
		"no secret":         func(o *LoadOptions) { o.Secret = directory.Secret{} },
		"nothing to ask":    func(o *LoadOptions) { o.Requests = 0 },
		"too many at once":  func(o *LoadOptions) { o.Window = 257 },
		"too many sockets":  func(o *LoadOptions) { o.Sockets = 1025 },
		"a negative rate":   func(o *LoadOptions) { o.Rate = -1 },
		"no port":           func(o *LoadOptions) { o.Server = "127.0.0.1" },
		"a broken request":  func(o *LoadOptions) { o.Request = func(int) *Request { return PAP("", testSecret) } },
		"a negative time":   func(o *LoadOptions) { o.For = -1 },
		"a negative window": func(o *LoadOptions) { o.Window = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			o := loadOptions("127.0.0.1:9")
			spoil(&o)
			if _, err := Load(t.Context(), o); err == nil {
				t.Error("not refused")
			}
		})
	}
}

// The oracle sorts; a quantile is never less, and at most 1/32 more.
func TestQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l, other Latencies
		all := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 200).Draw(t, "times")
		for i, d := range all {
			if i%3 == 0 {
				other.add(time.Duration(d))
			} else {
				l.add(time.Duration(d))
			}
		}
		l.merge(&other)
		slices.Sort(all)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := int64(l.Quantile(q))
		if got < want || got > want+want/subBuckets {
			t.Errorf("quantile %v of %v is %d, want %d", q, all, got, want)
		}
	})
	var none Latencies
	if none.Quantile(0.5) != 0 || none.Count() != 0 {
		t.Error("a quantile of nothing")
	}
	var extreme Latencies
	extreme.add(1<<63 - 1)
	extreme.add(-1)
	if extreme.Quantile(1) != 1<<63-1 || extreme.Quantile(0) != 0 {
		t.Errorf("extremes: %d, %d", extreme.Quantile(1), extreme.Quantile(0))
	}
}
