package live

import (
	"hash/maphash"
	"sync"
)

const shardCount = 64

// shards is a bounded map with expiry, in parts that lock on their own.
type shards[V any] struct {
	seed  maphash.Seed
	limit int // for each part
	parts [shardCount]shard[V]
}

type shard[V any] struct {
	mu      sync.Mutex
	entries map[string]entry[V]
	swept   int64 // when a full part was last swept, Unix milliseconds
}

type entry[V any] struct {
	value V
	until int64 // Unix milliseconds; gone at that instant
}

func newShards[V any](limit int) *shards[V] {
	s := &shards[V]{seed: maphash.MakeSeed(), limit: (limit + shardCount - 1) / shardCount}
	for i := range s.parts {
		s.parts[i].entries = map[string]entry[V]{}
	}
	return s
}

// update replaces the entry of key, under the lock of its part, by what change
// returns; keep false removes it. old is the zero value when there is none or
// it has expired. It reports false, and changes nothing, when a new entry does
// not fit.
func (s *shards[V]) update(key string, now int64, change func(old V, there bool) (v V, until int64, keep bool)) bool {
	p := &s.parts[maphash.String(s.seed, key)%shardCount]
	p.mu.Lock()
	defer p.mu.Unlock()
	e, known := p.entries[key]
	there := known && e.until > now
	if !there {
		e = entry[V]{}
	}
	v, until, keep := change(e.value, there)
	if !keep {
		delete(p.entries, key)
		return true
	}
	if !known && len(p.entries) >= s.limit {
		// At most once a second: a flood must not make every insertion walk
		// the whole part.
		if now-p.swept >= 1000 || now < p.swept {
			p.sweep(now)
			p.swept = now
		}
		if len(p.entries) >= s.limit {
			return false
		}
	}
	p.entries[key] = entry[V]{v, until}
	return true
}

// view looks at the entry of key under the lock of its part.
func (s *shards[V]) view(key string, now int64, look func(V)) {
	p := &s.parts[maphash.String(s.seed, key)%shardCount]
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.entries[key]; ok && e.until > now {
		look(e.value)
	}
}

func (s *shards[V]) sweep(now int64) {
	for i := range s.parts {
		p := &s.parts[i]
		p.mu.Lock()
		p.sweep(now)
		p.mu.Unlock()
	}
}

func (p *shard[V]) sweep(now int64) {
	for key, e := range p.entries {
		if e.until <= now {
			delete(p.entries, key)
		}
	}
}

func (s *shards[V]) len() int {
	n := 0
	for i := range s.parts {
		p := &s.parts[i]
		p.mu.Lock()
		n += len(p.entries)
		p.mu.Unlock()
	}
	return n
}
