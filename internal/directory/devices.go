package directory

import (
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

const deviceShards = 256

// maxTerms bounds the versions of the consent text: their number is half of a key.
const maxTerms = 1 << 16

// Devices is the memory of the MACs that accepted: sharded, bounded, about 40
// bytes a device. It is safe for concurrent use, and a reader shares no lock
// with the readers of other shards.
type Devices struct {
	shards  [deviceShards]deviceShard
	limit   int64
	size    atomic.Int64
	dropped atomic.Uint64

	// terms numbers the versions of the consent text, a handful. The map is
	// copied on write, so that reading takes no lock; intern is for writers.
	intern sync.Mutex
	terms  atomic.Pointer[map[string]uint16]
}

type deviceShard struct {
	mu    sync.RWMutex
	until map[uint64]int64 // MAC and terms -> Unix milliseconds
}

// NewDevices returns a memory for limit devices, at least one.
func NewDevices(limit int) *Devices {
	d := &Devices{limit: int64(max(1, limit))}
	d.terms.Store(&map[string]uint16{})
	for i := range d.shards {
		d.shards[i].until = map[uint64]int64{}
	}
	return d
}

// Remember keeps that mac accepted terms, until that instant. It reports false
// when the memory is full; the device then sees the page again.
func (d *Devices) Remember(mac MAC, terms string, until time.Time) bool {
	t, ok := d.number(terms)
	if !ok {
		d.dropped.Add(1)
		return false
	}
	key := deviceKey(mac, t)
	s := d.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.until[key]; !there && d.size.Add(1) > d.limit {
		d.size.Add(-1)
		d.dropped.Add(1)
		return false
	}
	s.until[key] = until.UnixMilli()
	return true
}

// Forget drops the memory of mac for terms.
func (d *Devices) Forget(mac MAC, terms string) {
	t, ok := d.lookup(terms)
	if !ok {
		return
	}
	key := deviceKey(mac, t)
	s := d.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.until[key]; there {
		delete(s.until, key)
		d.size.Add(-1)
	}
}

// Until returns the instant up to which mac is remembered for terms. It may
// lie in the past; ok is false when nothing is known.
func (d *Devices) Until(mac MAC, terms string) (until time.Time, ok bool) {
	t, ok := d.lookup(terms)
	if !ok {
		return time.Time{}, false
	}
	key := deviceKey(mac, t)
	s := d.shard(key)
	s.mu.RLock()
	ms, ok := s.until[key]
	s.mu.RUnlock()
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMilli(ms), true
}

// Sweep drops what is forgotten at now and returns how many.
func (d *Devices) Sweep(now time.Time) int {
	n, ms := 0, now.UnixMilli()
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		for k, until := range s.until {
			if until <= ms {
				delete(s.until, k)
				n++
			}
		}
		s.mu.Unlock()
	}
	d.size.Add(int64(-n))
	return n
}

// Len counts the devices.
func (d *Devices) Len() int { return int(min(d.size.Load(), d.limit)) }

// Dropped counts the devices that the full memory could not take.
func (d *Devices) Dropped() uint64 { return d.dropped.Load() }

func (d *Devices) lookup(terms string) (uint16, bool) {
	t, ok := (*d.terms.Load())[terms]
	return t, ok
}

// number returns the number of terms, and gives it one when it is new.
func (d *Devices) number(terms string) (uint16, bool) {
	if t, ok := d.lookup(terms); ok {
		return t, true
	}
	d.intern.Lock()
	defer d.intern.Unlock()
	old := *d.terms.Load()
	if t, ok := old[terms]; ok {
		return t, true
	}
	if len(old) >= maxTerms {
		return 0, false
	}
	t := uint16(len(old))
	grown := maps.Clone(old)
	grown[terms] = t
	d.terms.Store(&grown)
	return t, true
}

func deviceKey(mac MAC, terms uint16) uint64 {
	var b [8]byte
	copy(b[:], mac[:])
	binary.BigEndian.PutUint16(b[6:], terms)
	return binary.BigEndian.Uint64(b[:])
}

// shard spreads by a multiplicative hash: the first octets of a MAC are its
// maker's, hence far from even.
func (d *Devices) shard(key uint64) *deviceShard {
	return &d.shards[key*0x9E3779B97F4A7C15>>56]
}
