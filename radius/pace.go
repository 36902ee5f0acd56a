package radius

import (
	"sync/atomic"
	"time"
)

// pace limits how often something happens (GCRA, a token bucket without a
// clock of its own): burst at once, then one every interval. It takes no lock.
type pace struct{ next atomic.Int64 } // Unix nanoseconds at which all tokens are back

func (p *pace) allow(now time.Time, every time.Duration, burst int) bool {
	at := now.UnixNano()
	for {
		old := p.next.Load()
		begin := max(old, at)
		if begin-at > int64(every)*int64(burst-1) {
			return false
		}
		if p.next.CompareAndSwap(old, begin+int64(every)) {
			return true
		}
	}
}
