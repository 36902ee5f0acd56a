package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"parvis/internal/directory"
)

// LoadOptions says what a load test asks.
type LoadOptions struct {
	Server string // host:port
	Secret directory.Secret
	// Request makes the n-th request, 0 to Requests-1. All are encoded and signed
	// before the start, so that asking costs little more than the system calls.
	Request  func(n int) *Request
	Requests int
	// Sockets is how many there are, each a NAS port of its own; default 16.
	Sockets int
	// Window is how many requests each socket has under way; 1 to 256, because
	// each needs an identifier (RFC 2865 §3); default 16. With a Rate it is the
	// most that may be under way, and the default is 256.
	Window int
	// Rate is how many requests are sent a second, on all sockets together; 0
	// asks again as soon as an answer is there.
	Rate int
	For  time.Duration // how long to ask; default 10 s
	// Timeout is after how long a request counts as lost; default 1 s. It is not
	// sent again.
	Timeout time.Duration
}

// LoadResult is what came of a load test.
type LoadResult struct {
	Sent     uint64
	Accepted uint64
	Rejected uint64
	// Lost requests got no answer in time, or could not be sent at their Rate
	// because all identifiers were waiting.
	Lost uint64
	// Forged answers were not signed as they should: about one in 64 is checked.
	Forged uint64
	// Took is from the first request to the last answer.
	Took    time.Duration
	Latency Latencies // from sending to reading
	// CPU is the processor time of this whole process meanwhile; 0 when the
	// system does not tell.
	CPU time.Duration
}

// Answered is how many requests got an answer.
func (r *LoadResult) Answered() uint64 { return r.Accepted + r.Rejected }

// PerSecond is the rate of answers.
func (r *LoadResult) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Answered()) / r.Took.Seconds()
}

func (o *LoadOptions) complete() error {
	if o.Sockets == 0 {
		o.Sockets = 16
	}
	if o.Window == 0 {
		o.Window = 16
		if o.Rate > 0 {
			o.Window = 256
		}
	}
	if o.For == 0 {
		o.For = 10 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	switch {
	case o.Secret.IsZero():
		return errors.New("the load test has no shared secret")
	case o.Sockets < 1 || o.Sockets > 1024:
		return fmt.Errorf("1 to 1024 sockets, not %d", o.Sockets)
	case o.Window < 1 || o.Window > 256:
		return fmt.Errorf("1 to 256 requests under way on each socket, not %d", o.Window)
	case o.Rate < 0 || o.For < 0 || o.Timeout < 0:
		return errors.New("a rate or time is negative")
	case o.Requests < 1:
		return errors.New("there is nothing to ask")
	}
	return nil
}

// Load asks a server until the time is over or ctx is done.
func Load(ctx context.Context, o LoadOptions) (LoadResult, error) {
	if err := o.complete(); err != nil {
		return LoadResult{}, err
	}
	sockets := make([]*loadSocket, o.Sockets)
	failed := make([]error, o.Sockets)
	defer func() {
		for _, s := range sockets {
			if s != nil {
				s.conn.Close()
			}
		}
	}()
	each := func(f func(i int) error) error {
		var all sync.WaitGroup
		for i := range sockets {
			all.Go(func() { failed[i] = f(i) })
		}
		all.Wait()
		return errors.Join(failed...)
	}
	if err := each(func(i int) (err error) { sockets[i], err = openLoad(&o, i); return err }); err != nil {
		return LoadResult{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.For)
	defer cancel()
	before, start := processTime(), time.Now()
	err := each(func(i int) error { return sockets[i].run(ctx, start) })
	result := LoadResult{CPU: processTime() - before}
	for _, s := range sockets {
		result.add(&s.result)
	}
	return result, err
}

func (r *LoadResult) add(o *LoadResult) {
	r.Sent += o.Sent
	r.Accepted += o.Accepted
	r.Rejected += o.Rejected
	r.Lost += o.Lost
	r.Forged += o.Forged
	r.Took = max(r.Took, o.Took)
	r.Latency.merge(&o.Latency)
}
