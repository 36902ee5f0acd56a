package radius

import (
	"bytes"
	"crypto/subtle"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const duplicateShards = 64

// duplicateKey is what a retransmission has in common with its request besides
// the Authenticator, RFC 5080 §2.2.2. It is made of octets and numbers without a
// gap between them, which a map hashes and compares at once.
type duplicateKey struct {
	addr       [16]byte
	source     uint32 // socket or connection
	identifier uint32
	port, code uint16
}

func newDuplicateKey(from netip.AddrPort, source int, code byte, identifier uint32) duplicateKey {
	return duplicateKey{from.Addr().As16(), uint32(source), identifier, from.Port(), uint16(code)}
}

// duplicateEntry is a request that is in progress, or its answer. Whoever began
// it holds it until finish; once answered only its shard does, under its lock.
type duplicateEntry struct {
	key           duplicateKey
	authenticator [16]byte
	signed        bool
	answered      bool
	gone          bool // left the shard while in progress
	replaced      bool // by a signed request with another Authenticator
	at            time.Time
	reply         []byte
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
	list    duplicateEntry  // ring; next is the oldest
	spare   *duplicateEntry // entries to be used again, linked by next
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
// progress; the caller must then call finish, once. The entry may be nil, which
// means that it is not kept. reply is the answer of a duplicate that was answered.
func (d *duplicates) begin(key duplicateKey, authenticator []byte, signed bool, now time.Time) (e *duplicateEntry, reply []byte, is found) {
	s := d.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for oldest := s.list.next; oldest != &s.list && now.Sub(oldest.at) > d.life; oldest = s.list.next {
		s.remove(oldest)
	}
	if old := s.entries[key]; old != nil {
		if subtle.ConstantTimeCompare(old.authenticator[:], authenticator) == 1 {
			if !old.answered {
				return nil, nil, duplicateBusy
			}
			return nil, bytes.Clone(old.reply), duplicateAnswered // the entry may be another's soon
		}
		is = duplicateConflict
		// What anybody could have sent must not push out what was signed.
		if old.signed && !signed {
			return nil, nil, is
		}
		if old.answered {
			e = old // its place in the map is right already
			s.unlink(e)
		} else {
			// RFC 5080 §2.2.2: the NAS uses the identifier anew and waits no more
			// for the older answer. Only its own word counts for that: what
			// anybody could have sent must not take an answer from it.
			old.replaced = signed
			s.remove(old)
		}
	}
	if e == nil {
		if len(s.entries) >= d.limit {
			s.remove(s.list.next)
			d.evicted.Add(1)
		}
		e = s.take()
		e.key = key
		s.entries[key] = e
	}
	copy(e.authenticator[:], authenticator)
	e.signed, e.answered, e.at = signed, false, now
	s.link(e)
	return e, nil, is
}

// finish keeps a copy of the answer. A request that got none is forgotten, so
// that its retransmission is handled afresh. wanted is false when the request
// was replaced meanwhile: its answer is neither kept, which would give the newer
// request an answer that is not its own, nor worth sending. One that was only
// evicted is still waited for.
func (d *duplicates) finish(e *duplicateEntry, reply []byte, now time.Time) (wanted bool) {
	if e == nil {
		return true
	}
	s := d.shard(e.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.gone: // replaced or evicted meanwhile
		wanted = !e.replaced
		s.give(e)
		return wanted
	case reply == nil:
		e.answered = true // nobody holds it any more
		s.remove(e)
	default:
		e.reply, e.at, e.answered = append(e.reply[:0], reply...), now, true
		s.unlink(e)
		s.link(e)
	}
	return true
}

// link makes e the youngest.
func (s *duplicateShard) link(e *duplicateEntry) {
	e.prev, e.next = s.list.prev, &s.list
	e.prev.next, e.next.prev = e, e
}

func (s *duplicateShard) unlink(e *duplicateEntry) {
	e.prev.next, e.next.prev = e.next, e.prev
}

func (s *duplicateShard) remove(e *duplicateEntry) {
	s.unlink(e)
	delete(s.entries, e.key)
	if e.answered {
		s.give(e)
	} else {
		e.gone = true // whoever began it gives it back
	}
}

// take returns an entry that is not in use. There are as many as were in use at
// once, so the limit bounds them as well.
func (s *duplicateShard) take() *duplicateEntry {
	e := s.spare
	if e == nil {
		return &duplicateEntry{}
	}
	s.spare, e.next = e.next, nil
	return e
}

func (s *duplicateShard) give(e *duplicateEntry) {
	e.gone, e.replaced, e.prev, e.next = false, false, nil, s.spare
	s.spare = e
}

// shard spreads by the parts that differ between the requests of one NAS.
func (d *duplicates) shard(key duplicateKey) *duplicateShard {
	h := uint32(2166136261) // FNV-1a
	for _, b := range key.addr[8:] {
		h = (h ^ uint32(b)) * 16777619
	}
	for _, b := range [...]byte{byte(key.port >> 8), byte(key.port), byte(key.code), byte(key.identifier)} {
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
