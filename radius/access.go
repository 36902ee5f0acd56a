package radius

import (
	"context"
	"log/slog"
	"time"

	"parvis/internal/access"
	"parvis/internal/directory"
)

// How long an Access-Request waits for what is shared between nodes.
const (
	presenceTime = 50 * time.Millisecond // at least; at most twice
	ticketTime   = time.Second
)

// maxLoggedLogin cuts what an outsider typed, in octets.
const maxLoggedLogin = 64

// answerAccess decides an Access-Request and returns the signed answer.
func (s *Server) answerAccess(ctx context.Context, q *inquiry, out []byte) ([]byte, discard) {
	now := s.o.Now()
	p := &q.proof
	facts, reason := s.gather(ctx, q, p)
	decision := access.Decision{Reason: reason}
	if reason == access.Accepted {
		decision = access.Decide(facts, now)
	}
	var reply []byte
	var why discard
	if decision.Reason.Accepted() {
		reply, why = s.accept(q, p, decision.Grant, out)
	} else {
		reply, why = reject(q, p, decision.Reason, out)
	}
	if why != discardNone {
		return nil, why
	}
	s.conclude(q, facts, decision.Reason, now)
	return reply, discardNone
}

// gather collects what a decision depends on. The reason is Accepted when
// access.Decide shall decide, else it is why it cannot even be asked. p gets
// what the request offers to show who asks.
func (s *Server) gather(ctx context.Context, q *inquiry, p *proof) (access.Facts, access.Reason) {
	f := access.Facts{
		MAC:         callingMAC(q.attrs),
		NASID:       q.nas.ID,
		AccessPoint: q.place.accessPoint,
		Zone:        q.place.zone,
		Residence:   q.place.residence,
	}
	if f.Zone != nil {
		f.Plan = q.snap.Plan(f.Zone.PlanID)
	}
	if _, eap := q.attrs.Lookup(typeEAPMessage); eap {
		return f, access.UnsupportedMethod
	}
	user := string(q.attrs.Get(typeUserName))
	p.read(q)
	if directory.IsTicketCode(user) && p.method != access.MethodNone {
		return s.gatherTicket(ctx, f, user, p)
	}
	login := dwellingOf(q.snap, user)
	byMAC := login == nil && asksForMAC(q, user, f.MAC, p)
	if login == nil {
		// Where a NAS serves a zone as well, a device on a port that is nobody's is in the zone.
		if o, seen, asked := outlet(q); asked && (o != nil || !byMAC || f.Zone == nil) {
			f.Method, f.Verified, q.port = access.MethodOutlet, true, seen
			if o != nil {
				s.atDwelling(ctx, q, &f, q.snap.Dwelling(o.DwellingID))
			}
			return f, access.Accepted
		}
	}
	switch {
	case byMAC:
		f.Method, f.Verified = access.MethodMAC, true
		if f.Zone != nil {
			f.Remembered, _ = s.o.Register.Devices.Until(f.MAC, f.Zone.Terms)
		}
		return f, access.Accepted
	case p.other:
		return f, access.UnsupportedMethod
	}
	f.Method = p.method
	if login != nil {
		f.Verified = p.fits(login.Password)
		s.atDwelling(ctx, q, &f, login)
	}
	return f, access.Accepted
}

// gatherTicket redeems a ticket, once its password fits: a guess must not burn
// the ticket of the browser that it belongs to.
func (s *Server) gatherTicket(ctx context.Context, f access.Facts, code string, p *proof) (access.Facts, access.Reason) {
	f.Method = access.MethodTicket
	f.Verified = p.fits(s.o.Key.TicketPassword(code))
	if !f.Verified {
		// Whether there is such a ticket was not asked; a gateway that spoils
		// the password shall be seen as that, not as an unknown ticket.
		f.Ticket = &directory.Ticket{}
		return f, access.Accepted
	}
	ctx, cancel := context.WithTimeout(ctx, ticketTime)
	defer cancel()
	ticket, ok, err := s.o.Tickets.RedeemTicket(ctx, s.o.Key.TicketHash(code))
	if err != nil {
		s.o.Log.Debug("ticket not redeemed", "error", err)
		return f, access.Unavailable
	}
	if ok {
		f.Ticket = &ticket
	}
	return f, access.Accepted
}

// dwellingOf looks a login up, nil when no dwelling has it.
func dwellingOf(snap *directory.Snapshot, user string) *directory.Dwelling {
	login, err := directory.ParseLogin(user)
	if err != nil {
		return nil
	}
	return snap.DwellingByLogin(login)
}

// atDwelling fills in what a dwelling's device gets. The plan is that of the
// dwelling's residence, wherever in the commune its devices are.
func (s *Server) atDwelling(ctx context.Context, q *inquiry, f *access.Facts, d *directory.Dwelling) {
	f.Dwelling, f.Plan = d, nil
	if d == nil {
		return
	}
	if r := q.snap.Residence(d.ResidenceID); r != nil {
		f.Plan = q.snap.Plan(r.PlanID)
	}
	if f.Verified && f.Plan != nil && f.Plan.DeviceSlots > 0 {
		f.OtherDevices = s.others(ctx, q, d.ID, f.MAC)
	}
}

// others counts the dwelling's other devices. When it cannot be told in time
// the answer is none: people get in.
func (s *Server) others(ctx context.Context, q *inquiry, dwellingID string, mac directory.MAC) int {
	n, err := s.o.Presence.Others(q.patience.within(ctx, presenceTime), dwellingID, mac)
	if err == nil {
		return n
	}
	s.metrics.presenceErrors.Inc()
	if count, ok := s.presentLog.allow(s.o.Now()); ok {
		s.o.Log.Warn("devices of a dwelling not counted, letting in", "error", err, "count", count)
	}
	return 0
}

// conclude tells everybody who wants to know how an attempt ended.
func (s *Server) conclude(q *inquiry, f access.Facts, reason access.Reason, now time.Time) {
	s.metrics.attempts[f.Method][reason].Inc()
	s.o.Observer.Attempt(q.place.accessPointID(), q.place.zoneID(), reason.Accepted())
	if reason.Accepted() {
		return
	}
	refusal := directory.Refusal{
		At: now, Reason: reason.Key(), Method: f.Method.String(), MAC: f.MAC,
		Login: text(cut(q.attrs.Get(typeUserName), maxLoggedLogin)), NAS: q.nas.Name, ZoneID: q.place.zoneID(),
	}
	if reason == access.UnknownOutlet {
		refusal.Login = q.port // what the administrator has to tie to a dwelling
	}
	if f.AccessPoint != nil {
		refusal.AccessPoint = f.AccessPoint.Name
	}
	if f.Residence != nil {
		refusal.ResidenceID = f.Residence.ID
	}
	s.o.Refusals.Refused(refusal)
	if s.o.Log.Enabled(context.Background(), slog.LevelDebug) {
		s.o.Log.Debug("access refused", "reason", refusal.Reason, "method", refusal.Method,
			"mac", refusal.MAC.String(), "nas", refusal.NAS, "access_point", refusal.AccessPoint)
	}
}
