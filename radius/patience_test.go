package radius

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const d = 50 * time.Millisecond
		var p patience
		parent, stop := context.WithCancel(t.Context())
		first := p.within(parent, d)
		left := func(ctx context.Context) time.Duration {
			deadline, _ := ctx.Deadline()
			return time.Until(deadline)
		}
		if left(first) != 2*d {
			t.Errorf("%v left of a new one", left(first))
		}
		time.Sleep(d) // the clock of synctest, not the world's
		if p.within(parent, d) != first {
			t.Error("a new one, although the old one had time enough")
		}
		time.Sleep(time.Nanosecond)
		second := p.within(parent, d)
		if second == first || left(second) != 2*d || first.Err() == nil {
			t.Errorf("the old one goes on, with %v", left(second))
		}
		other := p.within(t.Context(), d)
		if other == second {
			t.Error("the context of another parent")
		}
		third := p.within(parent, d)
		stop()
		if third.Err() == nil || other.Err() == nil {
			t.Error("it outlives its parent, or the next one")
		}
		if n := testing.AllocsPerRun(10, func() { p.within(parent, d) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
