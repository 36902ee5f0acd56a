package radius

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/radius/proxy"
)

// Tickets redeems the one-time codes that the portal hands out. The second
// result is false for a code that is unknown, spent or too old.
type Tickets interface {
	RedeemTicket(ctx context.Context, hash string) (directory.Ticket, bool, error)
}

// Presence counts the devices of a dwelling that are on now, without mac.
type Presence interface {
	Others(ctx context.Context, dwellingID string, mac directory.MAC) (int, error)
}

// Journal keeps accounting events. Append returns nil once the event is safe.
type Journal interface {
	Append(ctx context.Context, e accounting.Event) error
	Writable() bool
}

// Refusals takes each refused request. It must not block.
type Refusals interface {
	Refused(directory.Refusal)
}

// Observer is told what was heard of access points. It must not block. An
// empty accessPointID means that the access point is not known.
type Observer interface {
	Heard(accessPointID string, at time.Time)
	Attempt(accessPointID, zoneID string, accepted bool)
	Restarted(accessPointID string)
	Retransmitted(accessPointID string)
}

// Options is what a Server needs. Register, Tickets, Presence and Journal must
// be set; for all others a zero value means the default.
type Options struct {
	Register *directory.Register
	Key      directory.Key // makes ticket hashes and ticket passwords
	ClassKey directory.Key // signs Class; must not be Key

	Tickets  Tickets
	Presence Presence
	Journal  Journal
	Refusals Refusals // default: nobody is told
	Observer Observer // default: nobody is told
	Clients  Clients  // default: nobody is told

	TLS TLS // default: no TLS

	Proxy *proxy.Proxy // asks partner networks about their people; default: there are none

	Now        func() time.Time      // default time.Now
	Log        *slog.Logger          // default discards
	Registerer prometheus.Registerer // default: a registry of its own

	// AuthWorkers is how many Access-Requests are handled at once; default 16
	// for each processor, because a few wait for a ticket or for presence.
	AuthWorkers int
	// AcctWorkers is how many Accounting-Requests are handled at once; default
	// 256, because all that wait for one fsync share it.
	AcctWorkers int
	// QueueLength bounds the requests that wait for a worker, for each of the
	// two kinds of listener; default 2048. Each holds a buffer of 4 KiB.
	QueueLength int
	// MaxAge is how long a request may wait before it is dropped, because its
	// NAS has asked again by then; default 2 s.
	MaxAge time.Duration
	// DuplicateEntries bounds the answers that are kept; default 65,536.
	DuplicateEntries int
	// DuplicateLife is for how long an answer is kept; default 10 s.
	// RFC 5080 §2.2.2 asks for 5 to 30 s.
	DuplicateLife time.Duration
}

func (o *Options) complete() error {
	switch {
	case o.Register == nil:
		return errors.New("radius: no register")
	case o.Tickets == nil:
		return errors.New("radius: no tickets")
	case o.Presence == nil:
		return errors.New("radius: no presence")
	case o.Journal == nil:
		return errors.New("radius: no journal")
	case len(o.TLS.Addrs) > 0 && (o.TLS.CertFile == "" || o.TLS.KeyFile == "" || o.TLS.ClientCAFile == ""):
		return errors.New("radius: TLS needs a certificate, its key and the CAs of its clients")
	}
	if o.Refusals == nil {
		o.Refusals = nobody{}
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.Clients == nil {
		o.Clients = nobody{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	fill(&o.AuthWorkers, 16*runtime.GOMAXPROCS(0))
	fill(&o.AcctWorkers, 256)
	fill(&o.QueueLength, 2048)
	fill(&o.MaxAge, 2*time.Second)
	fill(&o.DuplicateEntries, 65_536)
	fill(&o.DuplicateLife, 10*time.Second)
	return nil
}

func fill[T int | time.Duration](v *T, byDefault T) {
	if *v <= 0 {
		*v = byDefault
	}
}

// nobody is told nothing.
type nobody struct{}

func (nobody) Refused(directory.Refusal)    {}
func (nobody) Heard(string, time.Time)      {}
func (nobody) Attempt(string, string, bool) {}
func (nobody) Restarted(string)             {}
func (nobody) Retransmitted(string)         {}
func (nobody) Signs(string)                 {}
func (nobody) OldSecret(string, time.Time)  {}
