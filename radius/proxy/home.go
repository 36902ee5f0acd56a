package proxy

import (
	"context"
	"errors"
	"sync"
	"time"

	"parvis/radius/client"
)

// State is what is believed of a server.
type State uint8

// The states.
const (
	Alive  State = iota
	Zombie       // it owes an answer: asked only when no other is alive
	Dead         // it is not asked, only watched
	states
)

// String returns the metric label.
func (s State) String() string { return [states]string{"alive", "zombie", "dead"}[s] }

// perServer bounds the requests under way at one server: one for each
// identifier of its socket (RFC 2865 §3), so that none waits for one.
const perServer = 256

// proofs is how many Status-Servers in a row a dead server must answer, so that
// one that comes and goes is not believed at once (RFC 3539 §3.4.1).
const proofs = 3

var errBusy = errors.New("as many requests are under way as the server may have")

// home is one server of a partner, with what is believed of it.
type home struct {
	addr  string
	ex    exchanger
	o     *Options
	count *serverMetrics
	slots chan struct{}
	wake  chan struct{} // the watch is wanted

	mu     sync.Mutex
	state  State
	since  time.Time // when it became so
	heard  time.Time // its last answer
	proven int       // Status-Servers answered in a row
}

func newHome(addr string, ex exchanger, o *Options, count *serverMetrics) *home {
	h := &home{addr: addr, ex: ex, o: o, count: count, slots: make(chan struct{}, perServer), wake: make(chan struct{}, 1)}
	h.count.is(Alive)
	return h
}

func (h *home) now() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// ask sends a request and learns from what comes of it.
func (h *home) ask(ctx context.Context, r *client.Request) (*client.Reply, error) {
	select {
	case h.slots <- struct{}{}:
	default:
		return nil, errBusy
	}
	defer func() { <-h.slots }()
	sent := h.o.Now()
	reply, err := h.ex.Exchange(ctx, r)
	switch {
	case err == nil:
		h.answered()
	case errors.Is(err, client.ErrNoReply):
		h.missed(sent)
	}
	return reply, err
}

// answered: whoever answers a request is alive, whatever was believed.
func (h *home) answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = h.o.Now()
	h.become(Alive)
}

// missed: a server that answered others meanwhile did not like this one request,
// which RFC 2865 lets it drop. It is not a sign of death.
func (h *home) missed(sent time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state != Alive || h.heard.After(sent) {
		return
	}
	h.become(Zombie)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// become changes the state; the lock is held.
func (h *home) become(s State) {
	if h.state == s {
		return
	}
	h.o.Log.Warn("a partner's RADIUS server changed its state", "server", h.addr, "from", h.state.String(), "to", s.String())
	h.state, h.since, h.proven = s, h.o.Now(), 0
	h.count.is(s)
}

// watch asks for the status of a server that is not alive, until it is.
func (h *home) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
		for h.now() != Alive {
			_, err := h.ex.Exchange(ctx, client.Status())
			if ctx.Err() != nil {
				return
			}
			h.checked(err == nil)
			pause := time.NewTimer(h.o.CheckEvery)
			select {
			case <-ctx.Done():
				pause.Stop()
				return
			case <-pause.C:
			}
		}
	}
}

// checked takes the outcome of a Status-Server.
func (h *home) checked(ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.o.Now()
	if !ok {
		h.proven = 0
		switch {
		case h.state == Zombie && now.Sub(h.since) >= h.o.ZombieFor:
			h.become(Dead)
		case h.state == Dead && now.Sub(h.since) >= h.o.RetryAfter:
			// Some servers know no Status-Server: let people try.
			h.become(Zombie)
		}
		return
	}
	h.heard = now
	h.proven++
	if h.state == Zombie || h.proven >= proofs {
		h.become(Alive)
	}
}
