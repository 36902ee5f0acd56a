package client

import (
	"math/bits"
	"time"
)

// subBuckets parts each power of two, so that a quantile is at most 1/32 off.
const subBuckets = 32

// Latencies counts times in buckets that grow with the time, 1 ns to 292 years,
// in a fixed 16 KiB. The zero value is ready.
type Latencies struct {
	buckets [64 * subBuckets]uint64
	n       uint64
}

func (l *Latencies) add(d time.Duration) {
	l.buckets[bucketOf(uint64(max(0, d)))]++
	l.n++
}

func (l *Latencies) merge(o *Latencies) {
	for i, n := range &o.buckets {
		l.buckets[i] += n
	}
	l.n += o.n
}

// Count is how many times were added.
func (l *Latencies) Count() uint64 { return l.n }

// Quantile returns the time that the share q of all (0 to 1) did not exceed,
// rounded up to the end of its bucket; 0 when nothing was counted.
func (l *Latencies) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(l.n))
	var seen uint64
	for i, n := range &l.buckets {
		seen += n
		if n > 0 && (seen > rank || seen == l.n) {
			return time.Duration(bucketEnd(i))
		}
	}
	return 0
}

// bucketOf keeps the five bits behind the highest one.
func bucketOf(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - 6
	return (shift+1)*subBuckets + int(v>>shift) - subBuckets
}

// bucketEnd is the largest value in bucket i.
func bucketEnd(i int) uint64 {
	if i < subBuckets {
		return uint64(i)
	}
	shift := i/subBuckets - 1
	return uint64(i%subBuckets+subBuckets+1)<<shift - 1
}
