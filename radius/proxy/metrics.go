package proxy

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/radius/client"
)

// Results of a request that went to a partner.
const (
	resultAccept = iota
	resultReject
	resultChallenge
	resultUnreachable
	results
)

// Results of accounting for a partner.
const (
	acctSent    = iota
	acctFailed  // in all rounds
	acctDropped // too many waited
	acctResults
)

var (
	resultNames = [results]string{"accept", "reject", "challenge", "unreachable"}
	acctNames   = [acctResults]string{"sent", "failed", "dropped"}
)

func resultOf(c client.Code) int {
	switch c {
	case client.AccessAccept:
		return resultAccept
	case client.AccessChallenge:
		return resultChallenge
	}
	return resultReject
}

// metrics have the realms and servers of the configuration as labels, a closed set.
type metrics struct {
	requests, failovers, accounting *prometheus.CounterVec
	state                           *prometheus.GaugeVec
}

func newMetrics(to prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		requests:   counter("parvis_radius_proxy_requests_total", "Access-Requests sent to a partner's servers, by what came of them.", "realm", "result"),
		failovers:  counter("parvis_radius_proxy_failovers_total", "Times that a further server of a partner was asked because one did not answer.", "realm"),
		accounting: counter("parvis_radius_proxy_accounting_total", "Accounting records for a partner, by what came of them.", "realm", "result"),
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "parvis_radius_home_server_state", Help: "1 for the state that a partner's server is in: alive, zombie (it owes an answer) or dead.",
		}, []string{"realm", "server", "kind", "state"}),
	}
	return m, errors.Join(to.Register(m.requests), to.Register(m.failovers), to.Register(m.accounting), to.Register(m.state))
}

// realmMetrics and serverMetrics are looked up once.
type realmMetrics struct {
	requests   [results]prometheus.Counter
	accounting [acctResults]prometheus.Counter
	failovers  prometheus.Counter
}

func (m *metrics) realm(name string) *realmMetrics {
	r := &realmMetrics{failovers: m.failovers.WithLabelValues(name)}
	for i := range r.requests {
		r.requests[i] = m.requests.WithLabelValues(name, resultNames[i])
	}
	for i := range r.accounting {
		r.accounting[i] = m.accounting.WithLabelValues(name, acctNames[i])
	}
	return r
}

type serverMetrics struct{ state [states]prometheus.Gauge }

func (m *metrics) server(realm, addr, kind string) *serverMetrics {
	s := &serverMetrics{}
	for i := range s.state {
		s.state[i] = m.state.WithLabelValues(realm, addr, kind, State(i).String())
	}
	return s
}

func (s *serverMetrics) is(now State) {
	for i := range s.state {
		if State(i) == now {
			s.state[i].Set(1)
		} else {
			s.state[i].Set(0)
		}
	}
}
