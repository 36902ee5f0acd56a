package directory

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

const deviceShards = 256

// Devices is the memory of the MACs that accepted: sharded, bounded, about 40
// bytes a device. It is safe for concurrent use.
type Devices struct {
	shards  [deviceShards]deviceShard
	limit   int // for each shard
	dropped atomic.Uint64

	mu    sync.RWMutex
	terms map[string]uint16 // versions of the consent text: a handful
}

type deviceShard struct {
	mu    sync.RWMutex
	until map[uint64]int64 // MAC and terms -> Unix milliseconds
}

// NewDevices returns a memory for about limit devices.
func NewDevices(limit int) *Devices {
	d := &Devices{limit: max(1, limit/deviceShards), terms: map[string]uint16{}}
	for i := range d.shards {
		d.shards[i].until = map[uint64]int64{}
	}
	return d
}

// Remember keeps that mac accepted terms, until that instant. It reports false
// when the memory is full; the device then sees the page again.
func (d *Devices) Remember(mac MAC, terms string, until time.Time) bool {
	t, ok := d.intern(terms)
	if !ok {
		d.dropped.Add(1)
		return false
	}
	key := deviceKey(mac, t)
	s := d.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.until[key]; !there && len(s.until) >= d.limit {
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
	delete(s.until, key)
	s.mu.Unlock()
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

// Sweep drops what was forgotten before now and returns how many.
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
	return n
}

// Len counts the devices.
func (d *Devices) Len() int {
	n := 0
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.RLock()
		n += len(s.until)
		s.mu.RUnlock()
	}
	return n
}

// Dropped counts the devices that the full memory could not take.
func (d *Devices) Dropped() uint64 { return d.dropped.Load() }

func (d *Devices) lookup(terms string) (uint16, bool) {
	d.mu.RLock()
	t, ok := d.terms[terms]
	d.mu.RUnlock()
	return t, ok
}

func (d *Devices) intern(terms string) (uint16, bool) {
	if t, ok := d.lookup(terms); ok {
		return t, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if t, ok := d.terms[terms]; ok {
		return t, true
	}
	if len(d.terms) > 0xffff {
		return 0, false
	}
	t := uint16(len(d.terms))
	d.terms[terms] = t
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
