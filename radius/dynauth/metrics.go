package dynauth

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are looked up once. All label values are there from the start, at 0,
// or a rate would miss the first event.
type metrics struct {
	requests [kindCount][resultCount]prometheus.Counter
	duration [kindCount]prometheus.Observer
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "parvis_coa_requests_total", Help: "CoA and Disconnect requests by outcome.",
	}, []string{"type", "result"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "parvis_coa_request_duration_seconds", Help: "Time to ACK, NAK or give-up.",
		Buckets:                         []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}, []string{"type"})
	m := &metrics{}
	for k := range kindCount {
		m.duration[k] = duration.WithLabelValues(k.String())
		for r := range resultCount {
			m.requests[k][r] = requests.WithLabelValues(k.String(), r.String())
		}
	}
	return m, errors.Join(reg.Register(requests), reg.Register(duration))
}

func (m *metrics) count(o Outcome) {
	m.requests[o.Asked][o.Result].Inc()
	if o.Result != Failed {
		m.duration[o.Asked].Observe(o.Waited.Seconds())
	}
}
