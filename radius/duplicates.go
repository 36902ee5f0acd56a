package radius

import (
	"crypto/subtle"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const duplicateShards = 64

// duplicateKey is what a retransmission has in common with its request besides
// the Authenticator, RFC 5080 §2.2.2.
type duplicateKey struct {
	from       netip.AddrPort
	source     int // socket or connection
	code       byte
	identifier uint32
}

// duplicateEntry is a request that is in progress, or its answer. reply is
// written once, under the shard's lock, before the entry is given out as answered.
type duplicateEntry struct {
	key           duplicateKey
	authenticator [16]byte
	signed        bool
	at            time.Time
	reply         []byte // nil while in progress
	prev, next    *duplicateEntry
}

// found is what begin knows of a request.
type found uint8

const (
	duplicateNew      found = iota
	duplicateBusy           // in progress: drop it
	duplicateAnswered       // send the same bytes again
	duplicateConflict       // the identifier is used anew; treat as new
)

// duplicates is the cache of answers: sharded, bounded, oldest out first.
type duplicates struct {
	shards  [duplicateShards]duplicateShard
	limit   int // for each shard
	life    time.Duration
	evicted atomic.Uint64 // entries that had to go before their time
}

type duplicateShard struct {
	mu      sync.Mutex
	entries map[duplicateKey]*duplicateEntry
	list    duplicateEntry // ring; next is the oldest
}

func newDuplicates(limit int, life time.Duration) *duplicates {
	d := &duplicates{limit: max(1, limit/duplicateShards), life: life}
	for i := range d.shards {
		s := &d.shards[i]
		s.entries = map[duplicateKey]*duplicateEntry{}
		s.list.prev, s.list.next = &s.list, &s.list
	}
	return d
}

// begin looks a request up and, when it is not a duplicate, notes that it is in
// progress; the caller must then call finish. The entry may be nil, which means
// that it is not kept.
func (d *duplicates) begin(key duplicateKey, authenticator []byte, signed bool, now time.Time) (*duplicateEntry, found) {
	s := d.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for oldest := s.list.next; oldest != &s.list && now.Sub(oldest.at) > d.life; oldest = s.list.next {
		s.remove(oldest)
	}
	kind := duplicateNew
	if old := s.entries[key]; old != nil {
		if subtle.ConstantTimeCompare(old.authenticator[:], authenticator) == 1 {
			if old.reply == nil {
				return nil, duplicateBusy
			}
			return old, duplicateAnswered
		}
		// What anybody could have sent must not push out what was signed.
		if old.signed && !signed {
			return nil, duplicateConflict
		}
		s.remove(old)
		kind = duplicateConflict
	}
	if len(s.entries) >= d.limit {
		s.remove(s.list.next)
		d.evicted.Add(1)
	}
	e := &duplicateEntry{key: key, signed: signed, at: now}
	copy(e.authenticator[:], authenticator)
	s.push(e)
	return e, kind
}

// finish keeps a copy of the answer. A request that got none is forgotten, so
// that its retransmission is handled afresh.
func (d *duplicates) finish(key duplicateKey, e *duplicateEntry, reply []byte, now time.Time) {
	if e == nil {
		return
	}
	s := d.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[key] != e {
		return // replaced or evicted meanwhile
	}
	s.remove(e)
	if reply == nil {
		return
	}
	e.reply, e.at = append([]byte(nil), reply...), now
	s.push(e)
}

func (s *duplicateShard) push(e *duplicateEntry) {
	e.prev, e.next = s.list.prev, &s.list
	e.prev.next, e.next.prev = e, e
	s.entries[e.key] = e
}

func (s *duplicateShard) remove(e *duplicateEntry) {
	e.prev.next, e.next.prev = e.next, e.prev
	delete(s.entries, e.key)
}

// shard spreads by the parts that differ between the requests of one NAS.
func (d *duplicates) shard(key duplicateKey) *duplicateShard {
	a := key.from.Addr().As16()
	h := uint32(2166136261) // FNV-1a
	for _, b := range a[8:] {
		h = (h ^ uint32(b)) * 16777619
	}
	for _, b := range [...]byte{byte(key.from.Port() >> 8), byte(key.from.Port()), key.code, byte(key.identifier)} {
		h = (h ^ uint32(b)) * 16777619
	}
	return &d.shards[(h^h>>16)%duplicateShards]
}

// len counts the entries.
func (d *duplicates) len() int {
	n := 0
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		n += len(s.entries)
		s.mu.Unlock()
	}
	return n
}
