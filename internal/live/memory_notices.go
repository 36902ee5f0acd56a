package live

import (
	"context"
	"sync"
)

type topicTable struct {
	mu        sync.Mutex
	listeners map[string]map[chan struct{}]struct{} // nil when closed
}

// Publish tells all who listen that something changed. It carries nothing, and
// may be lost: who listens also looks by itself now and then.
func (m *Memory) Publish(_ context.Context, topic string) error {
	m.topics.mu.Lock()
	defer m.topics.mu.Unlock()
	for c := range m.topics.listeners[topic] {
		notify(c)
	}
	return nil
}

// Subscribe returns a channel that has a token after one or more notices. It is
// closed when ctx is done or at Close.
func (m *Memory) Subscribe(ctx context.Context, topic string) (<-chan struct{}, error) {
	c := make(chan struct{}, 1)
	t := &m.topics
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.listeners == nil {
		close(c)
		return c, nil
	}
	if t.listeners[topic] == nil {
		t.listeners[topic] = map[chan struct{}]struct{}{}
	}
	t.listeners[topic][c] = struct{}{}
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if _, ok := t.listeners[topic][c]; !ok {
			return // closed by Close
		}
		delete(t.listeners[topic], c)
		if len(t.listeners[topic]) == 0 {
			delete(t.listeners, topic)
		}
		close(c)
	})
	return c, nil
}

func (t *topicTable) closeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, listeners := range t.listeners {
		for c := range listeners {
			close(c)
		}
	}
	t.listeners = nil
}

// notify leaves one token, however many notices there are.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
