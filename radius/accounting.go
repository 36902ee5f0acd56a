package radius

import (
	"context"
	"encoding/binary"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// appendTime is how long an event may wait for the journal; hostapd asks again
// after 3 s.
const appendTime = 3 * time.Second

// A clock of a NAS is believed within these bounds of ours.
const (
	maxAhead  = 24 * time.Hour
	maxBehind = 30 * 24 * time.Hour
)

// Values of Acct-Status-Type that are not about a session: those for tunnels
// (9 to 14, RFC 2867 §3) and Failed (15, RFC 2866 §5.1).
const (
	statusFirstOther = 9
	statusLastOther  = 15
)

// answerAccounting acknowledges an event once the journal has it. RFC 2866 §4.1:
// what was not recorded gets no response.
func (s *Server) answerAccounting(ctx context.Context, q *inquiry, out []byte) ([]byte, discard) {
	status, _ := uint32Of(q.attrs, typeAcctStatusType)
	kind := statusKind(q.attrs)
	count := &s.metrics.records[kind]
	if kind == 0 && (status < statusFirstOther || status > statusLastOther) {
		count[recordInvalid].Inc()
		return nil, discardBadAttribute
	}
	if kind == 0 {
		// Tunnel and Failed records say nothing of a session of ours. They are
		// answered, else the NAS would repeat them in front of those that count.
		count[recordAcked].Inc()
		return newReply(out, codeAccountingResponse, q).sign()
	}
	e, ok := s.event(q, kind)
	if !ok {
		count[recordInvalid].Inc()
		return nil, discardBadAttribute
	}
	// Written before it is recorded: what cannot be answered shall not be kept twice.
	reply, why := newReply(out, codeAccountingResponse, q).sign()
	if why != discardNone {
		return nil, why
	}
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	if err := s.o.Journal.Append(ctx, e); err != nil {
		count[recordRefused].Inc()
		return nil, discardStoreUnavailable
	}
	count[recordAcked].Inc()
	s.forwardAccounting(q)
	if kind == accounting.On {
		s.o.Observer.Restarted(e.AccessPointID)
	}
	return reply, discardNone
}

// statusKind returns the kind of event, 0 when it is not about a session.
func statusKind(attrs wire.Attributes) accounting.Kind {
	status, ok := uint32Of(attrs, typeAcctStatusType)
	if !ok {
		return 0
	}
	switch status {
	case 1:
		return accounting.Start
	case 2:
		return accounting.Stop
	case 3:
		return accounting.Interim
	case 7:
		return accounting.On
	case 8:
		return accounting.Off
	}
	return 0
}

// event reads an Accounting-Request; ok is false when it names no session.
func (s *Server) event(q *inquiry, kind accounting.Kind) (e accounting.Event, ok bool) {
	e = accounting.Event{
		Kind:          kind,
		Received:      q.at,
		At:            happened(q.attrs, q.at),
		NASID:         q.nas.ID,
		AcctSessionID: text(q.attrs.Get(typeAcctSessionID)),
		MAC:           callingMAC(q.attrs),
		NASAddress:    q.from.Addr().Unmap().WithZone("").String(),
		Login:         text(q.attrs.Get(typeUserName)),
		AccessPointID: q.place.accessPointID(),
	}
	if kind == accounting.On || kind == accounting.Off {
		// A controller sends one for each of its access points; without a known
		// one it is about the whole NAS.
		e.Scoped = e.AccessPointID != ""
		e.ZoneID = q.place.zoneID()
		return e, true
	}
	if e.AcctSessionID == "" { // RFC 2866 §5.5: must be there
		return e, false
	}
	e.In = octets(q.attrs, typeAcctInputOctets, typeAcctInputGigawords)
	e.Out = octets(q.attrs, typeAcctOutputOctets, typeAcctOutputGigawords)
	if v, ok := uint32Of(q.attrs, typeAcctSessionTime); ok {
		e.Seconds = &v
	}
	e.Cause, _ = uint32Of(q.attrs, typeAcctTerminateCause)
	s.attribute(q, &e)
	return e, true
}

// attribute says who the event is counted for: by our Class, else by a
// dwelling's login, else by the zone. It never guesses more than that.
func (s *Server) attribute(q *inquiry, e *accounting.Event) {
	if name, of, ok := findClass(s.o.ClassKey, q.attrs); ok {
		e.Class = name
		if of.kind == classDwelling {
			e.DwellingID = of.id
		} else {
			e.ZoneID = of.id
		}
		return
	}
	if login, err := directory.ParseLogin(e.Login); err == nil {
		if d := q.snap.DwellingByLogin(login); d != nil {
			e.DwellingID = d.ID
			return
		}
	}
	e.ZoneID = q.place.zoneID()
}

// happened is when an event took place: Event-Timestamp (RFC 2869 §5.3) when
// that clock can be believed, else its arrival minus Acct-Delay-Time (RFC 2866 §5.2).
func happened(attrs wire.Attributes, received time.Time) time.Time {
	if v, ok := uint32Of(attrs, typeEventTimestamp); ok {
		at := time.Unix(int64(v), 0)
		if at.Sub(received) <= maxAhead && received.Sub(at) <= maxBehind {
			return at
		}
	}
	delay, _ := uint32Of(attrs, typeAcctDelayTime)
	return received.Add(-min(time.Duration(delay)*time.Second, maxBehind))
}

// octets joins a counter with its Gigawords, RFC 2869 §5.1–5.2; nil when the
// NAS reported neither, which is not the same as zero.
func octets(attrs wire.Attributes, low, high wire.Type) *uint64 {
	l, okLow := uint32Of(attrs, low)
	h, okHigh := uint32Of(attrs, high)
	if !okLow && !okHigh {
		return nil
	}
	total := uint64(h)<<32 | uint64(l)
	return &total
}

// uint32Of reads an integer attribute; one of a wrong length is as good as absent.
func uint32Of(attrs wire.Attributes, kind wire.Type) (uint32, bool) {
	v := attrs.Get(kind)
	if len(v) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}
