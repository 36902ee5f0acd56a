package radius

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// FreeRADIUS answers Status-Server with counters when it is asked for them.
// Exporters and dashboards exist for that, so we answer the same questions.
const (
	vendorFreeRADIUS = 11344
	statisticsType   = 127 // a bit mask, as below

	statisticsAuth      = 0x01
	statisticsAcct      = 0x02
	statisticsProxyAuth = 0x04
	statisticsProxyAcct = 0x08
	statisticsInternal  = 0x10
	statisticsClient    = 0x20
	statisticsServer    = 0x40
	statisticsHome      = 0x80
)

// Attributes of vendorFreeRADIUS. Those of one kind of packet follow each other
// in the order of packetStatistics.
const (
	statisticsFirstAuth      = 128
	statisticsFirstProxyAuth = 138
	statisticsLastProxyAuth  = 147
	statisticsFirstAcct      = 148
	statisticsFirstProxyAcct = 155
	statisticsLastProxyAcct  = 161
	statisticsQueueInternal  = 162 // then proxy, auth, acct, detail
	statisticsServerAddress  = 170
	statisticsServerPort     = 171
	statisticsStart          = 176
	statisticsReload         = 177
	statisticsRateIn         = 181 // then out
	statisticsError          = 187
)

// totals are the sums that statistics are made of.
type totals struct {
	requests, responses map[string]float64 // by packet type, by code
	duplicates          map[string]float64 // by listener
	discarded           map[string]map[string]float64
}

// packetStatistics are the FreeRADIUS counters of one kind of packet that every
// kind has, in the order of their attributes.
type packetStatistics struct{ duplicate, malformed, invalid, dropped, unknown float64 }

func (t *totals) of(listener string) (p packetStatistics) {
	p.duplicate = t.duplicates[listener]
	for reason, n := range t.discarded[listener] {
		switch reason {
		case discardShort.String(), discardBadLength.String(), discardBadAttribute.String(), discardTooLong.String():
			p.malformed += n
		case discardBadCode.String():
			p.unknown += n
		case discardRateLimited.String(), discardQueueFull.String(), discardTooOld.String(), discardStoreUnavailable.String():
			p.dropped += n
		default:
			p.invalid += n
		}
	}
	return p
}

// sum reads the totals out of the metrics; a few hundred microseconds.
func sum(from prometheus.Gatherer) (totals, error) {
	t := totals{
		requests: map[string]float64{}, responses: map[string]float64{},
		duplicates: map[string]float64{}, discarded: map[string]map[string]float64{},
	}
	families, err := from.Gather()
	if err != nil {
		return t, err
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			label := map[string]string{}
			for _, l := range m.GetLabel() {
				label[l.GetName()] = l.GetValue()
			}
			n := m.GetCounter().GetValue()
			switch f.GetName() {
			case "parvis_radius_requests_total":
				t.requests[label["type"]] += n
			case "parvis_radius_responses_total":
				t.responses[label["code"]] += n
			case "parvis_radius_duplicates_total":
				if label["action"] != duplicateActionNames[actionConflicting] {
					t.duplicates[label["listener"]] += n
				}
			case "parvis_radius_discarded_total":
				if t.discarded[label["listener"]] == nil {
					t.discarded[label["listener"]] = map[string]float64{}
				}
				t.discarded[label["listener"]][label["reason"]] += n
			}
		}
	}
	return t, nil
}

// statistics is what a query for them needs besides the metrics.
type statistics struct {
	from    prometheus.Gatherer
	started time.Time

	mu      sync.Mutex // rates are between two queries
	at      time.Time
	in, out float64
	rateIn  float64 // per second
	rateOut float64
}

// rates returns the packets per second since the query before.
func (s *statistics) rates(now time.Time, in, out float64) (float64, float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if passed := now.Sub(s.at).Seconds(); passed >= 1 {
		s.rateIn, s.rateOut = (in-s.in)/passed, (out-s.out)/passed
		s.at, s.in, s.out = now, in, out
	}
	return s.rateIn, s.rateOut
}

// wantsStatistics returns the bit mask of a query; ok is false for any other
// Status-Server.
func wantsStatistics(q *inquiry) (mask uint32, ok bool) {
	v := vendorValue(q.attrs, vendorFreeRADIUS, statisticsType)
	if len(v) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// addStatistics answers a query. What is only counted by FreeRADIUS is zero.
func (s *Server) addStatistics(p *reply, mask uint32, now time.Time) {
	t, err := sum(s.statistics.from)
	if err != nil {
		p.addVendor(vendorFreeRADIUS, statisticsError, []byte("the counters cannot be read"))
		return
	}
	challenges := t.responses["access_challenge"]
	all := t.responses[responseCodeNames[responseAccept]] + t.responses[responseCodeNames[responseReject]] + challenges
	add := func(kind byte, n float64) { p.addStatistic(kind, uint32(uint64(n))) } // they wrap, as FreeRADIUS's do
	addAll := func(first byte, list ...float64) {
		for i, n := range list {
			add(first+byte(i), n)
		}
	}
	if mask&(statisticsServer|statisticsInternal) != 0 {
		p.addStatistic(statisticsStart, uint32(s.statistics.started.Unix()))
		p.addStatistic(statisticsReload, uint32(s.statistics.started.Unix()))
	}
	if mask&statisticsServer != 0 {
		// One server has all listeners: what was asked for is named again.
		for _, kind := range []byte{statisticsServerAddress, statisticsServerPort} {
			if v := vendorValue(p.q.attrs, vendorFreeRADIUS, kind); v != nil {
				p.addVendor(vendorFreeRADIUS, kind, v)
			}
		}
	}
	if mask&statisticsAuth != 0 {
		c := t.of(authListener.String())
		addAll(statisticsFirstAuth, t.requests[requestTypeNames[typeAccess]], t.responses[responseCodeNames[responseAccept]],
			t.responses[responseCodeNames[responseReject]], challenges, all, c.duplicate, c.malformed, c.invalid, c.dropped, c.unknown)
	}
	if mask&statisticsAcct != 0 {
		c := t.of(acctListener.String())
		addAll(statisticsFirstAcct, t.requests[requestTypeNames[typeAccounting]], t.responses[responseCodeNames[responseAccounting]],
			c.duplicate, c.malformed, c.invalid, c.dropped, c.unknown)
	}
	if mask&statisticsProxyAuth != 0 {
		for kind := byte(statisticsFirstProxyAuth); kind <= statisticsLastProxyAuth; kind++ {
			add(kind, 0)
		}
	}
	if mask&statisticsProxyAcct != 0 {
		for kind := byte(statisticsFirstProxyAcct); kind <= statisticsLastProxyAcct; kind++ {
			add(kind, 0)
		}
	}
	if mask&statisticsInternal != 0 {
		in, out := 0.0, 0.0
		for _, n := range t.requests {
			in += n
		}
		for _, n := range t.responses {
			out += n
		}
		rateIn, rateOut := s.statistics.rates(now, in, out)
		addAll(statisticsQueueInternal, 0, 0, float64(s.auth.waiting()), float64(s.acct.waiting()), 0)
		addAll(statisticsRateIn, rateIn, rateOut)
	}
	if mask&(statisticsClient|statisticsHome) != 0 {
		p.addVendor(vendorFreeRADIUS, statisticsError, []byte("not counted for each client: see /metrics"))
	}
}

func (p *reply) addStatistic(kind byte, v uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v)
	p.addVendor(vendorFreeRADIUS, kind, b[:])
}
