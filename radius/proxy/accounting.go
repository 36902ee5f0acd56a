package proxy

import (
	"context"
	"time"

	"parvis/radius/client"
)

// Accounting goes to a partner as well as it can: what Parvis itself counts is
// safe before it is offered here.
const (
	acctWorkers = 16 // for each realm
	acctRounds  = 5  // through all its servers
)

// acctPause is the time before the second round; each further one is twice as long.
const acctPause = 5 * time.Second

// Account offers an Accounting-Request to the realm and returns at once. It is
// dropped, and counted, when too many wait already.
func (r *Realm) Account(q *client.Request) {
	if r.queue == nil {
		return
	}
	select {
	case r.queue <- q:
	default:
		r.count.accounting[acctDropped].Inc()
	}
}

func (r *Realm) startAccounting() {
	r.queue = make(chan *client.Request, r.proxy.o.Queue)
	for range acctWorkers {
		r.proxy.wg.Go(func() {
			for {
				select {
				case <-r.proxy.ctx.Done():
					return
				case q := <-r.queue:
					r.account(r.proxy.ctx, q)
				}
			}
		})
	}
}

// account sends one record, in several rounds. The octets of each are new, as is
// their identifier; the partner tells a repetition by session and Event-Timestamp.
func (r *Realm) account(ctx context.Context, q *client.Request) {
	pause := acctPause
	for round := range acctRounds {
		if round > 0 {
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			pause *= 2
		}
		bounded, cancel := context.WithTimeout(ctx, r.proxy.o.Budget)
		_, err := r.exchange(bounded, r.acct, q)
		cancel()
		if err == nil {
			r.count.accounting[acctSent].Inc()
			return
		}
	}
	r.count.accounting[acctFailed].Inc()
}
