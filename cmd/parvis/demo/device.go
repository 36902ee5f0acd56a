package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// device is a simulated phone or computer on its way through the network. Only
// one goroutine at a time has it.
type device struct {
	mac    directory.MAC
	sender *sender
	place  *place
	called string
	plan   directory.Plan

	login    string // a tenant's; empty for a visitor, who is let in by MAC
	password directory.Secret
	chap     bool
	slips    int  // wrong passwords before the right one
	accepts  bool // presses the button when it is refused

	rand *rand.Rand
	fill float64 // of the plan's rate that it uses, 0 to 1
	stay time.Duration

	step  func(t *Traffic, ctx context.Context, d *device) // nil: it is gone
	due   time.Time
	tries int // requests without an answer, one after the other

	session client.Session
	started time.Time
	counted time.Time // up to when Usage counts
	leaves  time.Time
}

// compressed is how much more a device carries than a real one: a minute's
// traffic in a second, so that totals pass 4 GiB while somebody watches. Times
// are true; only the octets are compressed.
const compressed = 60

// arrive asks to be let in.
func arrive(t *Traffic, ctx context.Context, d *device) {
	reply, err := d.sender.ask(ctx, d.request())
	now := t.o.Now()
	switch {
	case err != nil:
		t.lost(ctx)
		d.tries++
		d.due = now.Add(t.o.Pace.Interim)
		if d.tries == 3 {
			d.step = nil
		}
	case reply.Accepted():
		t.accepted.Add(1)
		d.session.Class = reply.All(client.Class)
		d.step, d.due = begin, now
	default:
		t.refused.Add(1)
		d.refused(now, t.o.Pace)
	}
}

// refused says what the person does then: look at the password again, press
// the button on the page, or walk on.
func (d *device) refused(now time.Time, p Pace) {
	d.due = now.Add(p.Think/2 + time.Duration(d.rand.Int64N(int64(p.Think)+1)))
	switch {
	case d.slips > 0:
		d.slips--
	case d.accepts:
		d.accepts = false
		d.step = tap
	default:
		d.step = nil
	}
}

func (d *device) request() *client.Request {
	var r *client.Request
	switch {
	case d.login == "":
		r = client.MACAuth(d.mac)
	default:
		password := d.password
		if d.slips > 0 {
			password = directory.NewSecret("not-" + password.Reveal())
		}
		if d.chap {
			r = client.CHAP(d.login, password)
		} else {
			r = client.PAP(d.login, password)
		}
		r.Uint32(client.ServiceType, client.ServiceLogin).Text(client.CallingStationID, d.mac.String())
	}
	return r.Text(client.CalledStationID, d.called).Text(client.AcctSessionID, d.session.ID)
}

// tap accepts the terms, as the button on the page does.
func tap(t *Traffic, ctx context.Context, d *device) {
	err := t.o.Accept(ctx, d.mac, d.place.zone.ID)
	if err != nil {
		if ctx.Err() == nil {
			t.o.Log.Warn("a simulated device could not accept the terms", "error", err)
		}
		d.step = nil
		return
	}
	t.tapped.Add(1)
	d.step, d.due = arrive, t.o.Now()
}

func begin(t *Traffic, ctx context.Context, d *device) {
	now := t.o.Now()
	d.started, d.counted = now, now
	d.leaves = now.Add(d.stay/4 + time.Duration(d.rand.Int64N(int64(d.stay*3/2)+1)))
	t.on.Add(1)
	d.tell(t, ctx, client.Start, now)
	d.step, d.due = report, d.nextReport(now, t.o.Pace)
}

// report tells what was used, or that the device has left.
func report(t *Traffic, ctx context.Context, d *device) {
	now := t.o.Now()
	d.use(now)
	if now.Before(d.leaves) {
		d.tell(t, ctx, client.Interim, now)
		d.due = d.nextReport(now, t.o.Pace)
		return
	}
	// RFC 2866 §5.10: 1 User Request, 2 Lost Carrier, 4 Idle Timeout, 5 Session Timeout.
	d.session.Cause = [...]uint32{1, 1, 1, 1, 4, 4, 2, 5}[d.rand.IntN(8)]
	d.tell(t, ctx, client.Stop, now)
	t.on.Add(-1)
	d.step = nil
}

func (d *device) tell(t *Traffic, ctx context.Context, status client.AcctStatus, now time.Time) {
	d.session.At = now
	if d.sender.tell(ctx, status, d.session) != nil {
		t.lost(ctx)
		return
	}
	t.accounted.Add(1)
}

func (d *device) nextReport(now time.Time, p Pace) time.Time {
	return now.Add(p.Interim*3/4 + time.Duration(d.rand.Int64N(int64(p.Interim/2)+1)))
}

// use adds what the device carried since the last report, within its plan.
func (d *device) use(now time.Time) {
	seconds := now.Sub(d.counted).Seconds() * compressed
	const bytesInKbit = 1000 / 8
	share := d.fill * (0.5 + d.rand.Float64()/2)
	d.session.Usage.Out += uint64(seconds * float64(d.plan.DownKbps) * bytesInKbit * share)
	d.session.Usage.In += uint64(seconds * float64(d.plan.UpKbps) * bytesInKbit * share / 2)
	d.session.Usage.Seconds = uint32(now.Sub(d.started).Seconds())
	d.counted = now
}
