package metrics

import (
	"sync"
	"sync/atomic"
	"time"
)

// tally is what was counted for one access point. Its writers are on the
// RADIUS path, so it has no lock.
type tally struct {
	heard                    atomic.Int64 // Unix ns; 0: never
	sessions                 atomic.Int64
	in, out                  atomic.Uint64
	accepts, rejects         atomic.Uint64
	retransmitted, restarted atomic.Uint64
}

// hear moves the last sign of life forward, never back.
func (t *tally) hear(at time.Time) {
	if at.IsZero() {
		return
	}
	raise(&t.heard, at.UnixNano())
}

func (t *tally) lastHeard() time.Time {
	ns := t.heard.Load()
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

func (t *tally) attempt(accepted bool) { count(&t.accepts, &t.rejects, accepted) }

// placeTally is what was counted for one zone or residence.
type placeTally struct {
	accepts, rejects atomic.Uint64
	started          atomic.Uint64
	unplaced         atomic.Int64 // open sessions here whose access point is not known
}

func (t *placeTally) attempt(accepted bool) { count(&t.accepts, &t.rejects, accepted) }

func count(accepts, rejects *atomic.Uint64, accepted bool) {
	if accepted {
		accepts.Add(1)
	} else {
		rejects.Add(1)
	}
}

// raise sets v to n unless it is higher already.
func raise[T interface {
	Load() N
	CompareAndSwap(old, new N) bool
}, N int64 | uint64](v T, n N) {
	for {
		old := v.Load()
		if old >= n || v.CompareAndSwap(old, n) {
			return
		}
	}
}

// lower takes one away from v, but never below 0: a session that opened before
// we counted may end after.
func lower(v *atomic.Int64) {
	for {
		old := v.Load()
		if old <= 0 || v.CompareAndSwap(old, old-1) {
			return
		}
	}
}

// table holds one T for each id. Reading it takes no lock; a bound keeps ids
// that left the register from piling up.
type table[T any] struct {
	m sync.Map // string -> *T
	n atomic.Int64
}

// get returns the T of id, making it at the first sight. When more than bound
// are there, those that keep refuses are dropped.
func (t *table[T]) get(id string, bound int, keep func(id string) bool) *T {
	if v, ok := t.m.Load(id); ok {
		return v.(*T)
	}
	v, loaded := t.m.LoadOrStore(id, new(T))
	if !loaded && t.n.Add(1) > int64(bound) {
		t.prune(id, keep)
	}
	return v.(*T)
}

// find returns the T of id, or nil.
func (t *table[T]) find(id string) *T {
	if v, ok := t.m.Load(id); ok {
		return v.(*T)
	}
	return nil
}

func (t *table[T]) prune(newest string, keep func(id string) bool) {
	for k := range t.m.Range {
		id := k.(string)
		if id == newest || keep(id) {
			continue
		}
		if _, was := t.m.LoadAndDelete(id); was {
			t.n.Add(-1)
		}
	}
}
