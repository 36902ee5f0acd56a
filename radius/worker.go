package radius

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
)

// Status-Server that one NAS may send: a few probes, exporters and proxies at
// once, then twenty a second.
const (
	statusBurst = 64
	statusEvery = 50 * time.Millisecond
)

// work handles requests of l until its queue is closed and empty.
func (s *Server) work(ctx context.Context, l *listener) {
	out := make([]byte, 0, maxPacket)
	m := &s.metrics.listeners[l.kind]
	for {
		r, ok := l.queue.next()
		if !ok {
			return
		}
		r.taken()
		started := s.o.Now()
		wait := started.Sub(r.at)
		m.wait.Observe(max(0, wait.Seconds()))
		if wait > s.o.MaxAge {
			s.discard(l.kind, discardTooOld, r)
			r.link.unanswered()
			l.free <- r
			continue
		}
		m.inFlight.Inc()
		if reply := s.answer(ctx, l.kind, r, out); reply != nil {
			if err := r.link.send(reply, r.from); err != nil {
				s.o.Log.Debug("answer not sent", "nas", r.nas.Name, "error", err)
			} else {
				m.responses[responseOf(reply[0])].Inc()
			}
			m.duration[typeOf(r.code())].Observe(max(0, s.o.Now().Sub(r.at).Seconds()))
		} else if !r.away {
			r.link.unanswered()
		}
		r.away = false
		m.inFlight.Dec()
		l.free <- r
	}
}

// answer returns the packet to send back, which may lie in out, or nil when
// the request is dropped. It never panics.
func (s *Server) answer(ctx context.Context, kind listenerKind, r *request, out []byte) (reply []byte) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			if n, ok := s.panicLog.allow(s.o.Now()); ok {
				s.o.Log.Error("panic while handling a request", "panic", p, "count", n,
					"nas", r.nas.Name, "stack", string(debug.Stack()))
			}
			reply = nil
		}
	}()
	q := s.takeInquiry()
	if why := s.authenticateRequest(q, kind, r); why != discardNone {
		s.discard(kind, why, r)
		r.link.broken()
	} else if r.code() == codeStatusServer {
		reply = s.answerStatus(q, out)
	} else {
		reply = s.answerOnce(ctx, q, out)
	}
	s.giveInquiry(q) // not after a panic: nobody knows how it looks
	return reply
}

// authenticateRequest checks form and signature, and makes q of what fits.
func (s *Server) authenticateRequest(q *inquiry, kind listenerKind, r *request) discard {
	form, ok := scan(r.packet())
	if !ok {
		return discardBadAttribute
	}
	s.metrics.listeners[kind].requests[typeOf(r.code())].Inc()
	if r.client == nil {
		r.client = s.clients.of(r.snap, r.nas)
	}
	signed, why := verify(r, form)
	if why != discardNone {
		return why
	}
	s.learn(r, form, signed)
	if !signed {
		r.guessSecret()
	}
	q.request, q.kind, q.signed = r, kind, signed
	q.index()
	q.place = find(r.snap, r.nas, q.attrs)
	// A packet that anybody could have sent must not make an access point look alive.
	if signed {
		s.o.Observer.Heard(q.place.accessPointID(), r.at)
	}
	return discardNone
}

// answerOnce handles a request, or answers its retransmission with the same bytes.
func (s *Server) answerOnce(ctx context.Context, q *inquiry, out []byte) (reply []byte) {
	m := &s.metrics.listeners[q.kind]
	key := newDuplicateKey(q.from, q.source, q.code(), q.token())
	entry, same, found := s.duplicates.begin(key, q.imprint(), q.signed, q.at)
	switch found {
	case duplicateAnswered, duplicateBusy:
		s.o.Observer.Retransmitted(q.place.accessPointID())
		if found == duplicateBusy {
			m.duplicates[actionDropped].Inc()
			return nil
		}
		m.duplicates[actionReplayed].Inc()
		if q.code() == codeAccountingRequest {
			s.metrics.records[statusKind(q.attrs)][recordDuplicate].Inc()
		}
		return same
	case duplicateConflict:
		m.duplicates[actionConflicting].Inc()
	}
	// Also after a panic: a request without an answer may be asked again.
	defer func() {
		if !q.away && !s.duplicates.finish(entry, reply, s.o.Now()) {
			reply = nil // the NAS asks something else by now
		}
	}()
	var why discard
	if q.code() == codeAccountingRequest {
		reply, why = s.answerAccounting(ctx, q, out)
	} else if home := s.homeOf(q); home != nil {
		reply, why = s.answerVisitor(q, home, entry, out)
	} else {
		reply, why = s.answerAccess(ctx, q, out)
	}
	if why != discardNone {
		s.discard(q.kind, why, q.request)
		return nil
	}
	return reply
}

// answerStatus answers Status-Server, RFC 5997 §3: an Access-Accept on the
// authentication port, an Accounting-Response on the accounting port. It does
// not go through the duplicate cache, which would tell of yesterday's health.
func (s *Server) answerStatus(q *inquiry, out []byte) []byte {
	if !q.client.status.allow(q.at, statusEvery, statusBurst) { // RFC 5997 §5: it may be a way to flood
		s.discard(q.kind, discardRateLimited, q.request)
		return nil
	}
	mask, counts := wantsStatistics(q)
	// Silence makes the NAS turn to another server, which can still store. Who
	// asks for numbers does not send us anything to store.
	if !counts && !s.o.Journal.Writable() {
		s.discard(q.kind, discardStoreUnavailable, q.request)
		return nil
	}
	code := byte(codeAccessAccept)
	if q.kind == acctListener {
		code = codeAccountingResponse
	}
	p := newReply(out, code, q)
	if counts {
		s.addStatistics(p, mask, q.at)
	}
	reply, why := p.sign()
	if why != discardNone {
		s.discard(q.kind, why, q.request)
		return nil
	}
	return reply
}

// nameFlood counts and names a NAS that asks more than its share, each at most
// once a minute.
func (s *Server) nameFlood(kind listenerKind, r *request) {
	n := r.client.limited.Add(1)
	mark(&r.client.limitedAt, r.at)
	if r.client.named.allow(r.at, time.Minute, 1) {
		s.o.Log.Warn("a RADIUS client asks more than its share, and what is too much is dropped",
			"nas", r.nas.Name, "from", r.from.String(), "listener", kind.String(), "dropped_since_start", n)
	}
}

// discard counts a request that gets no answer, and logs each cause at most
// once a minute: an outsider must not be able to fill the log.
func (s *Server) discard(kind listenerKind, why discard, r *request) {
	s.metrics.listeners[kind].discarded[why].Inc()
	if why == discardRateLimited && r.client != nil {
		s.nameFlood(kind, r)
		return
	}
	if r.client != nil && (why == discardMissingMessageAuthenticator || why == discardProxyStateUnsigned) {
		mark(&r.client.refusedAt, r.at)
	}
	n, ok := s.logs[why].allow(r.at)
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.String("reason", why.String()), slog.String("listener", kind.String()),
		slog.Uint64("count", n), slog.String("from", r.from.String()),
	}
	if r.nas != nil {
		attrs = append(attrs, slog.String("nas", r.nas.Name))
	}
	s.o.Log.LogAttrs(context.Background(), slog.LevelWarn, "requests discarded", attrs...)
}
