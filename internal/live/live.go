// Package live holds what is shared for minutes: tickets, presence, rate
// limits, leases, notices and the last refusals. Memory serves one node, Redis
// several; both give the same answers, and one conformance suite holds them to
// it. Nothing here is the only place of something that must not be lost: after
// a restart a browser taps once more, and presence fills itself from the next
// interim records.
//
// All methods are safe for concurrent use. Everything that is keyed from outside
// is bounded, and what did not fit is counted in parvis_live_dropped_total.
package live

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrFull says that a bound was reached and the entry was not kept.
var ErrFull = errors.New("live: no room")

// Bounds that both implementations keep.
const (
	// maxPresence is the most devices that are counted in one dwelling. Plans
	// allow a handful; what is beyond is over any limit anyway.
	maxPresence = 256
	// maxRefusals and refusalLife bound what is kept of people who did not get in.
	maxRefusals = 1000
	refusalLife = 24 * time.Hour
	// maxKey is the longest key that is kept as it is.
	maxKey = 128
)

// Limit allows Burst at once, and from then on one Every so often (GCRA, the
// generic cell rate algorithm of ITU-T I.371). It is counted in microseconds.
type Limit struct {
	Burst int           // at least 1
	Every time.Duration // at least 1 µs; Burst × Every is at most 366 days
}

// micros returns the limit in microseconds: between two, and for a whole burst.
func (l Limit) micros() (every, burst int64, err error) {
	const most = int64(366 * 24 * time.Hour / time.Microsecond)
	every = l.Every.Microseconds()
	if l.Burst < 1 || every < 1 || every > most/int64(l.Burst) {
		return 0, 0, fmt.Errorf("live: no limit can be %d at once and one every %v", l.Burst, l.Every)
	}
	return every, every * int64(l.Burst), nil
}

// gcra decides on one request at now, when tat is the theoretical arrival time
// that was kept (0: none). All are microseconds. next is to be kept when ok.
// A tat beyond a whole burst was kept by a clock that has been put back since:
// nobody is to wait until that hour comes again, so one is left of the burst. The
// script in redis_limits.go is the same in Lua.
func gcra(tat, now, every, burst int64) (ok bool, next, retry int64) {
	if tat > now+burst {
		tat = now + burst - every
	}
	next = max(tat, now) + every
	if retry = next - now - burst; retry > 0 {
		return false, tat, retry
	}
	return true, next, 0
}

// boundKey keeps an outsider's key short; a long one becomes its hash.
func boundKey(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ceilMillis rounds a TTL up to what Redis counts in, so that nothing is
// forgotten early.
func ceilMillis(d time.Duration) time.Duration {
	if cut := d.Truncate(time.Millisecond); cut < d {
		return cut + time.Millisecond
	}
	return d
}

// Kinds of what may be dropped: the label of parvis_live_dropped_total.
const (
	kindTicket   = "ticket"
	kindPresence = "presence"
	kindLimit    = "limit"
	kindLease    = "lease"
	kindRefusal  = "refusal"
)

func newDropped(reg prometheus.Registerer) (*prometheus.CounterVec, error) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "parvis", Subsystem: "live", Name: "dropped_total",
		Help: "Entries that a bound of the shared state did not let in.",
	}, []string{"kind"})
	for _, kind := range []string{kindTicket, kindPresence, kindLimit, kindLease, kindRefusal} {
		c.WithLabelValues(kind)
	}
	if reg == nil {
		return c, nil
	}
	return c, reg.Register(c)
}
