package live

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func limitGen() *rapid.Generator[Limit] {
	return rapid.Custom(func(t *rapid.T) Limit {
		return Limit{
			Burst: rapid.IntRange(1, 8).Draw(t, "burst"),
			// Long enough for a key not to expire on Redis' own clock during a test.
			Every: time.Duration(rapid.Int64Range(60_000_000, 600_000_000).Draw(t, "every µs")) * time.Microsecond,
		}
	})
}

// In no span of time are more allowed than the burst and one for each Every in
// it; and what a refusal promises comes true.
func TestLimitHoldsInEverySpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limitGen().Draw(t, "limit")
		c := &clock{}
		m := NewMemory(MemoryOptions{Now: c.now})
		defer m.Close()
		var allowed []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			c.sinceEpoch.Add(rapid.Int64Range(0, int64(2*l.Every)).Draw(t, "pause"))
			ok, retry, err := m.Allow(t.Context(), "k", l)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				if retry <= 0 || retry > l.Every {
					t.Fatalf("retry %v with one every %v", retry, l.Every)
				}
				if rapid.Bool().Draw(t, "obey") {
					c.sinceEpoch.Add(int64(retry))
					if ok, again, _ := m.Allow(t.Context(), "k", l); !ok {
						t.Fatalf("refused after the promised %v; now %v", retry, again)
					}
					allowed = append(allowed, c.now())
				}
				continue
			}
			allowed = append(allowed, c.now())
		}
		for i := range allowed {
			for k := i; k < len(allowed); k++ {
				// The clock counts nanoseconds and the limit microseconds.
				span := allowed[k].Sub(allowed[i]) + time.Microsecond
				if most := l.Burst + int(span/l.Every); k-i+1 > most {
					t.Fatalf("%d allowed within %v, at most %d by %+v", k-i+1, span, most, l)
				}
			}
		}
	})
}

// The Lua script and the Go function give the same answers.
func TestLimitSameOnBoth(t *testing.T) {
	mem, red := memoryBench(t), redisBench(t)
	sequence := 0
	rapid.Check(t, func(t *rapid.T) {
		sequence++
		key := time.Duration(sequence).String()
		l := limitGen().Draw(t, "limit")
		for range rapid.IntRange(1, 25).Draw(t, "requests") {
			pause := rapid.Int64Range(-int64(l.Every), int64(2*l.Every)).Draw(t, "pause") // clocks go back too
			mem.clock.sinceEpoch.Add(pause)
			red.clock.sinceEpoch.Store(mem.clock.sinceEpoch.Load())
			ok, retry, err := mem.Allow(t.Context(), key, l)
			if err != nil {
				t.Fatal(err)
			}
			ok2, retry2, err := red.Allow(t.Context(), key, l)
			if err != nil {
				t.Fatal(err)
			}
			if ok != ok2 || retry != retry2 {
				t.Fatalf("memory says %v %v, Redis %v %v", ok, retry, ok2, retry2)
			}
		}
	})
}
