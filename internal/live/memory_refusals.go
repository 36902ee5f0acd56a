package live

import (
	"context"
	"sync"
	"time"

	"parvis/internal/directory"
)

// refusalRing keeps the newest refusals; the oldest gives way.
type refusalRing struct {
	mu      sync.Mutex
	kept    [maxRefusals]heard
	written int // since the start; the newest is at (written-1) % maxRefusals
	expired int // how many of them have been cleared away, from the oldest on
}

type heard struct {
	refusal directory.Refusal
	at      time.Time
}

// Refused keeps r for a day, among the newest 1,000. It does not block.
func (m *Memory) Refused(r directory.Refusal) {
	now := m.now()
	g := &m.refused
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kept[g.written%maxRefusals] = heard{r, now}
	g.written++
}

// Refusals returns the newest refusals first, at most limit.
func (m *Memory) Refusals(_ context.Context, limit int) ([]directory.Refusal, error) {
	g := &m.refused
	g.expire(m.now())
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []directory.Refusal
	for i := g.written - 1; i >= g.oldest() && len(list) < limit; i-- {
		list = append(list, g.kept[i%maxRefusals].refusal)
	}
	return list, nil
}

// expire clears what is older than its day: it is about people.
func (g *refusalRing) expire(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.expired = g.oldest(); g.expired < g.written; g.expired++ {
		h := &g.kept[g.expired%maxRefusals]
		if now.Sub(h.at) < refusalLife {
			return
		}
		*h = heard{}
	}
}

func (g *refusalRing) oldest() int { return max(g.expired, g.written-maxRefusals) }
