package radius

import (
	"context"
	"time"
)

// patience is a context with a deadline that serves for many questions, one
// after the other: making a context with a timer for each costs more than an
// answer from memory.
type patience struct {
	parent, ctx context.Context
	cancel      context.CancelFunc
	deadline    time.Time
}

// within returns a context under parent that ends after d at the earliest and
// after twice d at the latest. It must not be used any more once within is
// called again.
func (p *patience) within(parent context.Context, d time.Duration) context.Context {
	now := time.Now() // a deadline is by the clock of the system
	if p.parent == parent && p.deadline.Sub(now) >= d {
		return p.ctx
	}
	if p.cancel != nil {
		p.cancel()
	}
	p.parent, p.deadline = parent, now.Add(2*d)
	p.ctx, p.cancel = context.WithDeadline(parent, p.deadline)
	return p.ctx
}
