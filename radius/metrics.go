package radius

import (
	"cmp"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// Closed label sets. All values are there from the start, at 0, or a rate would
// miss the first event; and all are looked up once, not for each packet.
//
//	listener: auth, acct, tls
//	type:     access_request, accounting_request, status_server
//	code:     access_accept, access_reject, access_challenge, accounting_response
//	reason:   see discard
//	action:   replayed, dropped, conflicting
type (
	requestType     uint8
	responseCode    uint8
	duplicateAction uint8
	recordResult    uint8
)

const (
	typeAccess requestType = iota
	typeAccounting
	typeStatus
	requestTypes
)

const (
	responseAccept responseCode = iota
	responseReject
	responseChallenge
	responseAccounting
	responseCodes
)

const (
	actionReplayed duplicateAction = iota
	actionDropped
	actionConflicting
	duplicateActions
)

const (
	recordAcked recordResult = iota
	recordDuplicate
	recordRefused // by the journal
	recordInvalid
	recordResults
)

func typeOf(code byte) requestType {
	switch code {
	case codeAccessRequest:
		return typeAccess
	case codeAccountingRequest:
		return typeAccounting
	}
	return typeStatus
}

func responseOf(code byte) responseCode {
	switch code {
	case codeAccessAccept:
		return responseAccept
	case codeAccessReject:
		return responseReject
	case codeAccessChallenge:
		return responseChallenge
	}
	return responseAccounting
}

var (
	requestTypeNames     = [requestTypes]string{"access_request", "accounting_request", "status_server"}
	responseCodeNames    = [responseCodes]string{"access_accept", "access_reject", "access_challenge", "accounting_response"}
	duplicateActionNames = [duplicateActions]string{"replayed", "dropped", "conflicting"}
	recordResultNames    = [recordResults]string{"acked", "duplicate", "refused", "invalid"}
)

type listenerMetrics struct {
	requests   [requestTypes]prometheus.Counter
	responses  [responseCodes]prometheus.Counter
	discarded  [discardCount]prometheus.Counter
	duplicates [duplicateActions]prometheus.Counter
	duration   [requestTypes]prometheus.Observer
	wait       prometheus.Observer
	inFlight   prometheus.Gauge
}

type metrics struct {
	listeners      [listenerKinds]listenerMetrics
	attempts       [][]prometheus.Counter // by access.Method and access.Reason
	records        [accounting.Off + 1][recordResults]prometheus.Counter
	panics         prometheus.Counter
	presenceErrors prometheus.Counter
	oldSecret      prometheus.Counter
}

func newMetrics(s *Server) (*metrics, error) {
	r := registrar{to: s.o.Registerer}
	m := &metrics{
		panics:         r.counter("parvis_radius_panics_total", "Panics while handling a request, recovered.").WithLabelValues(),
		presenceErrors: r.counter("parvis_radius_presence_errors_total", "Decisions taken without knowing the dwelling's other devices.").WithLabelValues(),
	}
	m.oldSecret = r.counter("parvis_radius_old_secret_requests_total", "Requests with the old secret of a NAS that is being given a new one.").WithLabelValues()
	r.clients(s)
	counted := prometheus.NewRegistry()
	s.statistics.from = counted
	requests := r.counter("parvis_radius_requests_total", "Well-formed requests received, by listener and packet type.", "listener", "type")
	responses := r.counter("parvis_radius_responses_total", "Responses sent, by code.", "listener", "code")
	discarded := r.counter("parvis_radius_discarded_total", "Packets silently discarded, by reason.", "listener", "reason")
	duplicates := r.counter("parvis_radius_duplicates_total", "Retransmissions detected: replayed from the response cache, dropped while in flight, or conflicting.", "listener", "action")
	for _, v := range []*prometheus.CounterVec{requests, responses, discarded, duplicates} {
		(&registrar{to: counted}).register(v) // a registry of its own cannot refuse them
	}
	duration := r.histogram("parvis_radius_request_duration_seconds", "Time from datagram read to response written.", "listener", "type")
	wait := r.histogram("parvis_radius_queue_wait_seconds", "Time a request waited for a worker.", "class")
	inFlight := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "parvis_radius_in_flight_requests", Help: "Requests being handled."}, []string{"listener"})
	r.register(inFlight)
	for _, l := range s.listeners() {
		name, lm := l.kind.String(), &m.listeners[l.kind]
		for i := range requestTypes {
			lm.requests[i] = requests.WithLabelValues(name, requestTypeNames[i])
			lm.duration[i] = duration.WithLabelValues(name, requestTypeNames[i])
		}
		for i := range responseCodes {
			lm.responses[i] = responses.WithLabelValues(name, responseCodeNames[i])
		}
		for i := discardNone + 1; i < discardCount; i++ {
			lm.discarded[i] = discarded.WithLabelValues(name, i.String())
		}
		for i := range duplicateActions {
			lm.duplicates[i] = duplicates.WithLabelValues(name, duplicateActionNames[i])
		}
		lm.wait = wait.WithLabelValues(name)
		lm.inFlight = inFlight.WithLabelValues(name)
		if l.kind != tlsListener {
			r.listener(l)
		}
	}
	if s.tls != nil {
		r.tls(s.tls)
	}
	m.seedAttempts(r.counter("parvis_auth_attempts_total", "Finished authentications.", "method", "result", "reason"))
	m.seedRecords(r.counter("parvis_acct_records_total", "Accounting records by outcome.", "type", "result"))
	r.register(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "parvis_radius_duplicate_evictions_total", Help: "Answers that left the full duplicate cache before their time.",
	}, func() float64 { return float64(s.duplicates.evicted.Load()) }))
	return m, errors.Join(r.errs...)
}

func (m *metrics) seedAttempts(v *prometheus.CounterVec) {
	for _, method := range access.Methods() {
		var row []prometheus.Counter
		for _, reason := range access.Reasons() {
			result := "reject"
			if reason.Accepted() {
				result = "accept"
			}
			row = append(row, v.WithLabelValues(method.String(), result, reason.Key()))
		}
		m.attempts = append(m.attempts, row)
	}
}

// seedRecords names kind 0 "unknown": a status that is not about a session.
func (m *metrics) seedRecords(v *prometheus.CounterVec) {
	for kind := range m.records {
		for i := range recordResults {
			m.records[kind][i] = v.WithLabelValues(accounting.Kind(kind).String(), recordResultNames[i])
		}
	}
}

// registrar registers collectors and keeps the errors.
type registrar struct {
	to   prometheus.Registerer
	errs []error
}

func (r *registrar) register(c prometheus.Collector) {
	if err := r.to.Register(c); err != nil {
		r.errs = append(r.errs, err)
	}
}

func (r *registrar) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.register(v)
	return v
}

func (r *registrar) histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets:                         []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
	r.register(v)
	return v
}

// clients adds the register's NASes by whether they must sign.
func (r *registrar) clients(s *Server) {
	for _, posture := range []directory.Signature{directory.SignatureYes, directory.SignatureAuto, directory.SignatureNo} {
		r.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "parvis_radius_clients", Help: "RADIUS clients, by whether a Message-Authenticator is required of them.",
			ConstLabels: prometheus.Labels{"message_authenticator": string(posture)},
		}, func() float64 {
			n := 0
			for _, nas := range s.o.Register.Snapshot().NASes() {
				if cmp.Or(nas.Signature, directory.SignatureYes) == posture {
					n++
				}
			}
			return float64(n)
		}))
	}
}

// listener adds what is read at a scrape: the queue, and what the kernel knows
// of the sockets, which is one system call for each and no I/O.
func (r *registrar) listener(l *listener) {
	name := l.kind.String()
	r.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parvis_radius_queue_length", Help: "Requests waiting for a worker, by class.",
		ConstLabels: prometheus.Labels{"class": name},
	}, func() float64 { return float64(l.waiting()) }))
	r.register(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "parvis_radius_socket_dropped_total", Help: "Datagrams dropped by the kernel because the receive buffer was full (SO_MEMINFO).",
		ConstLabels: prometheus.Labels{"listener": name},
	}, func() float64 { return l.kernel(func(m memory) uint32 { return m.dropped }) }))
	r.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parvis_radius_socket_receive_queue_bytes", Help: "Bytes waiting in the kernel receive buffer.",
		ConstLabels: prometheus.Labels{"listener": name},
	}, func() float64 { return l.kernel(func(m memory) uint32 { return m.waiting }) }))
}

// memory is what the kernel knows of a socket's receive buffer.
type memory struct {
	waiting uint32 // octets
	dropped uint32 // datagrams
}

// kernel sums a figure over the sockets of l.
func (l *listener) kernel(figure func(memory) uint32) float64 {
	sum := 0.0
	for _, k := range l.sockets {
		if m, ok := socketMemory(k.conn); ok {
			sum += float64(figure(m))
		}
	}
	return sum
}
