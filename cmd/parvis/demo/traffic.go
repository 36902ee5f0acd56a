package demo

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// TrafficOptions of simulated access points.
type TrafficOptions struct {
	Auth, Acct string // RADIUS addresses of the server, host:port
	Sample     Sample
	// Accept is what the button on the page does: the device is remembered for
	// the zone. Nil: nobody presses it.
	Accept func(ctx context.Context, mac directory.MAC, zoneID string) error
	Now    func() time.Time
	Log    *slog.Logger
	Pace   Pace
}

// Pace says how fast time goes. Zero fields take the default.
type Pace struct {
	Every   time.Duration // at most one packet in that time; 25 ms
	Devices int           // on at the same time; 150
	Arrive  time.Duration // between two arrivals; 200 ms
	Think   time.Duration // a person's time to read the page; 3 s
	Interim time.Duration // between two reports of a device; 6 s
	Stay    time.Duration // mean stay; 2 min
	Dies    time.Duration // when one access point falls silent, once a device is on there; 15 s
}

func (p Pace) orDefault() Pace {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&p.Every, 25*time.Millisecond)
	set(&p.Arrive, 200*time.Millisecond)
	set(&p.Think, 3*time.Second)
	set(&p.Interim, 6*time.Second)
	set(&p.Stay, 2*time.Minute)
	set(&p.Dies, 15*time.Second)
	if p.Devices <= 0 {
		p.Devices = 150
	}
	return p
}

// Stats is what a status line shows.
type Stats struct {
	On         int    // devices that are on now
	Accepted   uint64 // Access-Accepts
	Refused    uint64 // Access-Rejects
	Tapped     uint64 // devices that accepted the terms
	Accounted  uint64 // Accounting-Responses
	Unanswered uint64 // requests given up, each after three tries
	Silent     string // the access point that has died; empty before
}

// Traffic is the simulated access points with the devices around them.
type Traffic struct {
	o       TrafficOptions
	senders map[string]*sender
	crowd   *crowd

	on                                               atomic.Int64
	accepted, refused, tapped, accounted, unanswered atomic.Uint64
	silent                                           atomic.Bool
}

// NewTraffic opens the sockets; nothing is sent yet. Run closes them.
func NewTraffic(o TrafficOptions) (*Traffic, error) {
	if len(o.Sample.Zones) == 0 {
		return nil, errors.New("the sample has no zone")
	}
	o.Pace = o.Pace.orDefault()
	all, oneAddress, err := senders(o)
	if err != nil {
		return nil, err
	}
	if oneAddress {
		o.Log.Info("this system has only 127.0.0.1: all simulated access points send from there")
	}
	t := &Traffic{o: o, senders: all, crowd: newCrowd(o, all)}
	// The last access point of the second zone: not the first that one looks at.
	for _, z := range o.Sample.Zones[:min(2, len(o.Sample.Zones))] {
		if places := t.crowd.places[z.ID]; len(places) > 1 {
			t.crowd.dying = places[len(places)-1]
		}
	}
	return t, nil
}

// Stats returns the counts so far.
func (t *Traffic) Stats() Stats {
	s := Stats{
		On: int(t.on.Load()), Accepted: t.accepted.Load(), Refused: t.refused.Load(), Tapped: t.tapped.Load(),
		Accounted: t.accounted.Load(), Unanswered: t.unanswered.Load(),
	}
	if t.silent.Load() {
		s.Silent = t.crowd.dying.ap.Name
	}
	return s
}

// lost counts a request without a reply, unless we stopped waiting ourselves.
func (t *Traffic) lost(ctx context.Context) {
	if ctx.Err() == nil {
		t.unanswered.Add(1)
	}
}

// underWay is how many requests may wait for their reply at the same time.
const underWay = 32

// Run sends until ctx is done. The sessions then stay open, as after a power
// cut; the Accounting-On of the next run ends them.
func (t *Traffic) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer closeAll(t.senders)
	defer wg.Wait()
	l := &loop{t: t, back: make(chan *device, underWay), started: t.o.Now(), starts: t.restarts()}
	tick := time.NewTicker(t.o.Pace.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-l.back:
			l.busy--
			l.keep(d)
		case <-tick.C:
			l.advance()
			if l.busy == underWay {
				continue
			}
			if work := l.pick(); work != nil {
				l.busy++
				wg.Go(func() { l.back <- work(ctx) })
			}
		}
	}
}

// restarts is the Accounting-On of each access point, and of each controller
// for all of its own (RFC 2866 §5.1), before the first device comes.
func (t *Traffic) restarts() []func(ctx context.Context) *device {
	var all []func(ctx context.Context) *device
	on := func(s *sender, called string) {
		all = append(all, func(ctx context.Context) *device {
			session := client.Session{Called: called, At: t.o.Now()}
			if s.tell(ctx, client.On, session) != nil {
				t.lost(ctx)
				return nil
			}
			t.accounted.Add(1)
			return nil
		})
	}
	told := map[*sender]bool{}
	for _, h := range t.crowd.homes {
		if !told[h.sender] {
			told[h.sender] = true
			on(h.sender, "")
		}
	}
	for _, z := range t.o.Sample.Zones {
		for _, p := range t.crowd.places[z.ID] {
			on(p.sender, p.sender.called(p.ap.BSSID, z.SSID))
		}
	}
	return all
}
