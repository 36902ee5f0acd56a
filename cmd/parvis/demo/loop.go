package demo

import (
	"container/heap"
	"context"
	"time"
)

// loop is the state of one Run; only its goroutine touches it, except back.
type loop struct {
	t       *Traffic
	back    chan *device // from a step; nil after an Accounting-On
	started time.Time
	starts  []func(ctx context.Context) *device
	waiting agenda
	here    int // devices that have come and not gone
	busy    int // steps under way
	arrived time.Time
}

// advance lets the next device come and the dying access point die.
func (l *loop) advance() {
	t, now := l.t, l.t.o.Now()
	if p := t.crowd.dying; p != nil && !p.silent && now.Sub(l.started) >= t.o.Pace.Dies && l.hasSession(p) {
		p.silent = true
		t.silent.Store(true)
		t.o.Log.Info("a simulated access point has died: its sessions get no Stop", "access_point", p.ap.Name)
	}
	if len(l.starts) > 0 || l.here == 0 && l.busy > 0 {
		return // an Accounting-On that comes late would end a session
	}
	if l.here >= t.o.Pace.Devices || now.Sub(l.arrived) < t.o.Pace.Arrive {
		return
	}
	l.arrived = now
	if d := t.crowd.next(t.o); d != nil {
		l.here++
		heap.Push(&l.waiting, d)
	}
}

// hasSession reports whether a device is on at p: an access point that dies
// without one leaves nothing to see.
func (l *loop) hasSession(p *place) bool {
	for _, d := range l.waiting {
		if d.place == p && !d.started.IsZero() {
			return true
		}
	}
	return false
}

// pick returns what is to be sent now, or nil.
func (l *loop) pick() func(ctx context.Context) *device {
	if len(l.starts) > 0 {
		next := l.starts[0]
		l.starts = l.starts[1:]
		return next
	}
	now := l.t.o.Now()
	for len(l.waiting) > 0 && !l.waiting[0].due.After(now) {
		d := heap.Pop(&l.waiting).(*device)
		if d.place != nil && d.place.silent {
			l.lose(d)
			continue
		}
		return func(ctx context.Context) *device {
			d.step(l.t, ctx, d)
			return d
		}
	}
	return nil
}

// keep puts a device back on the agenda, unless it is gone.
func (l *loop) keep(d *device) {
	switch {
	case d == nil:
	case d.step == nil:
		l.here--
		delete(l.t.crowd.active, d.mac)
	default:
		heap.Push(&l.waiting, d)
	}
}

// lose forgets a device whose access point has died. Its MAC stays active: were
// it to come back, its new session would end the one that nobody ended.
func (l *loop) lose(d *device) {
	l.here--
	if !d.started.IsZero() {
		l.t.on.Add(-1)
	}
}

// agenda is a heap of devices, the next due first.
type agenda []*device

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(*device)) }
func (a *agenda) Pop() any {
	old := *a
	d := old[len(old)-1]
	*a = old[:len(old)-1]
	return d
}
