package console

import (
	"context"
	"errors"
)

// Bounds of the slow hash: each computation takes 19 MiB and a core for a
// moment, and anybody can ask for one.
const (
	hashesAtOnce = 2
	hashWaiters  = 16
)

var errBusy = errors.New("too many sign-ins at this moment")

// gate lets a few computations run and a few more wait.
type gate struct {
	running chan struct{}
	present chan struct{} // running or waiting
}

func newGate(atOnce, waiters int) *gate {
	return &gate{running: make(chan struct{}, atOnce), present: make(chan struct{}, atOnce+waiters)}
}

// do runs f when its turn comes. It returns errBusy when too many wait already,
// and the error of ctx when the asker has gone.
func (g *gate) do(ctx context.Context, f func()) error {
	select {
	case g.present <- struct{}{}:
	default:
		return errBusy
	}
	defer func() { <-g.present }()
	select {
	case g.running <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.running }()
	f()
	return nil
}
