package radius

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"runtime/debug"

	"parvis/internal/access"
	upstream "parvis/radius/client"
	"parvis/radius/proxy"
)

// A visitor is somebody of a partner network, who is known there only: the
// request goes on to a server of that network, and its answer comes back as
// ours. Waiting for it takes neither a worker nor one of the requests' buffers.

// homeOf returns the partner whose realm the User-Name ends in, nil when the
// request is for us. A dwelling's login may hold an @, and wins.
func (s *Server) homeOf(q *inquiry) *proxy.Realm {
	if s.o.Proxy == nil {
		return nil
	}
	user := string(q.attrs.Get(typeUserName))
	home := s.o.Proxy.Find(user)
	if home == nil || dwellingOf(q.snap, user) != nil {
		return nil
	}
	return home
}

// answerVisitor refuses at once whom the place does not let in, and has the
// others asked for at home: then q.away is set, and entry gets the answer later.
func (s *Server) answerVisitor(q *inquiry, home *proxy.Realm, entry *duplicateEntry, out []byte) ([]byte, discard) {
	facts := visitorFacts(q)
	facts.Verified = true // what would be said if the partner vouched for it
	reason := access.Decide(facts, q.at).Reason
	if reason == access.Accepted && s.cameBack(q) {
		reason = access.ProxyLoop
	}
	if reason != access.Accepted {
		return s.refuseVisitor(q, facts, reason, out)
	}
	r := *q.request // the reader wants its buffer back
	if q.link == link(&q.udp) {
		r.link = &r.udp
	}
	kept := &inquiry{request: &r, kind: q.kind, signed: q.signed, place: q.place}
	kept.index()
	if !s.o.Proxy.Begin(func(ctx context.Context) { s.visit(ctx, kept, home, entry) }) {
		return nil, discardQueueFull
	}
	q.away = true
	return nil, discardNone
}

func visitorFacts(q *inquiry) access.Facts {
	f := access.Facts{
		Method: access.MethodProxy, MAC: callingMAC(q.attrs), NASID: q.nas.ID,
		AccessPoint: q.place.accessPoint, Zone: q.place.zone, Residence: q.place.residence,
	}
	if f.Zone != nil {
		f.Plan = q.snap.Plan(f.Zone.PlanID)
	}
	return f
}

// visit waits for the partner and sends the answer.
func (s *Server) visit(ctx context.Context, q *inquiry, home *proxy.Realm, entry *duplicateEntry) {
	var reply []byte
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			if n, ok := s.panicLog.allow(s.o.Now()); ok {
				s.o.Log.Error("panic while handling a visitor", "panic", p, "count", n,
					"nas", q.nas.Name, "realm", home.Name(), "stack", string(debug.Stack()))
			}
			reply = nil
		}
		if !s.duplicates.finish(entry, reply, s.o.Now()) {
			reply = nil // the NAS asks something else by now
		}
		s.deliver(q, reply)
	}()
	var why discard
	if reply, why = s.askHome(ctx, q, home); why != discardNone {
		s.discard(q.kind, why, q.request)
		reply = nil
	}
}

// deliver sends what visit has; nil is no answer.
func (s *Server) deliver(q *inquiry, reply []byte) {
	if reply == nil {
		q.link.unanswered()
		return
	}
	m := &s.metrics.listeners[q.kind]
	if err := q.link.send(reply, q.from); err != nil {
		s.o.Log.Debug("answer not sent", "nas", q.nas.Name, "error", err)
	} else {
		m.responses[responseOf(reply[0])].Inc()
	}
	m.duration[typeOf(q.code())].Observe(max(0, s.o.Now().Sub(q.at).Seconds()))
}

// askHome makes the partner's answer ours.
func (s *Server) askHome(ctx context.Context, q *inquiry, home *proxy.Realm) ([]byte, discard) {
	facts := visitorFacts(q)
	answer, err := home.Access(ctx, s.forwarded(q))
	if err != nil {
		s.o.Log.Debug("no answer for a visitor", "realm", home.Name(), "error", err)
		return s.refuseVisitor(q, facts, access.ProxyUnreachable, nil)
	}
	said := readHome(answer)
	switch answer.Code {
	case upstream.AccessChallenge:
		p := newReply(nil, codeAccessChallenge, q)
		p.addHome(&said)
		p.addSeconds(typeSessionTimeout, said.session) // RFC 2869 §5.13: how long the peer may take
		return p.sign()
	case upstream.AccessAccept:
		facts.Verified, facts.HomeSession, facts.HomeIdle = true, said.session, said.idle
	}
	now := s.o.Now()
	d := access.Decide(facts, now)
	var reply []byte
	var why discard
	if d.Reason.Accepted() {
		reply, why = s.acceptVisitor(q, &said, d.Grant)
	} else {
		reply, why = rejectVisitor(q, &said)
	}
	if why == discardNone {
		s.conclude(q, facts, d.Reason, now)
	}
	return reply, why
}

// refuseVisitor refuses without the partner.
func (s *Server) refuseVisitor(q *inquiry, f access.Facts, reason access.Reason, out []byte) ([]byte, discard) {
	reply, why := reject(q, &proof{}, reason, out)
	if why == discardNone {
		s.conclude(q, f, reason, s.o.Now())
	}
	return reply, why
}

const markOctets = 16

// proxyMark is the Proxy-State of this installation, the same on all its nodes:
// a request that has it came round.
func (s *Server) proxyMark() []byte {
	h := hmac.New(sha256.New, s.o.ClassKey[:])
	h.Write([]byte("Proxy-State"))
	return h.Sum(nil)[:markOctets]
}

func (s *Server) cameBack(q *inquiry) bool {
	mark := s.proxyMark()
	for _, a := range q.attrs {
		if a.Type == typeProxyState && hmac.Equal(a.Attribute, mark) {
			return true
		}
	}
	return false
}

// forwardAccounting offers the partner a record that our own journal has.
func (s *Server) forwardAccounting(q *inquiry) {
	home := s.homeOf(q)
	if home == nil || !home.Accounting() || s.cameBack(q) {
		return
	}
	home.Account(s.forwardedAccounting(q))
}
