package proxy

import (
	"context"
	"errors"

	"parvis/radius/client"
)

// ErrUnreachable says that no server of the realm gave an answer.
var ErrUnreachable = errors.New("no server of the realm answers")

// Access asks the servers of the realm, one after the other until one answers
// in a way that can be believed. It gives up with ErrUnreachable, at the latest
// when ctx ends.
func (r *Realm) Access(ctx context.Context, q *client.Request) (*client.Reply, error) {
	reply, err := r.exchange(ctx, r.auth, q)
	if err != nil {
		r.count.requests[resultUnreachable].Inc()
		return nil, err
	}
	r.count.requests[resultOf(reply.Code)].Inc()
	return reply, nil
}

func (r *Realm) exchange(ctx context.Context, homes []*home, q *client.Request) (*client.Reply, error) {
	errs := []error{ErrUnreachable}
	for i, h := range inOrder(homes) {
		if i > 0 {
			r.count.failovers.Inc()
		}
		reply, err := h.ask(ctx, q)
		if err == nil {
			return reply, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// inOrder returns the servers to ask: those that are alive as configured, then
// the zombies.
func inOrder(homes []*home) []*home {
	list := make([]*home, 0, len(homes))
	var zombies []*home
	for _, h := range homes {
		switch h.now() {
		case Alive:
			list = append(list, h)
		case Zombie:
			zombies = append(zombies, h)
		}
	}
	return append(list, zombies...)
}
