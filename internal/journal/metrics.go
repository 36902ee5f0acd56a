package journal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Operations that can fail: the label of parvis_acct_journal_errors_total.
const (
	opWrite = "write"
	opSync  = "sync"
	opRead  = "read"
)

// Why an event was refused at the door: the label of
// parvis_acct_journal_refused_total.
const (
	refusedQueue = "queue_full"   // more wait for a commit than the queue holds
	refusedFull  = "journal_full" // MaxRecords are waiting for the store
)

// metrics are set as things happen, so that collecting them does no I/O.
type metrics struct {
	records, bytes, free, oldest prometheus.Gauge
	sync, batch                  prometheus.Histogram
	errors, refused              *prometheus.CounterVec
	store                        *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "parvis", Subsystem: "acct_journal", Name: name, Help: help})
	}
	histogram := func(subsystem, name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{
			Namespace: "parvis", Subsystem: subsystem, Name: name, Help: help, Buckets: buckets,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
		}
	}
	seconds := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	m := &metrics{
		records: gauge("records", "Durable accounting records not yet committed to the database."),
		bytes:   gauge("bytes", "Size of the accounting spool on disk."),
		free:    gauge("free_bytes", "Space left on the spool's file system."),
		oldest:  gauge("oldest_record_timestamp_seconds", "Arrival time of the oldest uncommitted record, 0 when empty."),
		sync:    prometheus.NewHistogram(histogram("acct_journal", "sync_duration_seconds", "Time of one group commit (write and fsync).", seconds)),
		batch:   prometheus.NewHistogram(histogram("acct_journal", "batch_records", "Records per group commit.", prometheus.ExponentialBuckets(1, 2, 11))),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "parvis", Subsystem: "acct_journal", Name: "errors_total", Help: "Spool write, sync or read errors.",
		}, []string{"operation"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "parvis", Subsystem: "acct_journal", Name: "refused_total", Help: "Accounting records that a full queue or journal could not take.",
		}, []string{"reason"}),
		store: prometheus.NewHistogramVec(histogram("acct_store", "batch_duration_seconds", "Time of one batch commit to the database.", seconds), []string{"result"}),
	}
	for _, op := range []string{opWrite, opSync, opRead} {
		m.errors.WithLabelValues(op)
	}
	for _, reason := range []string{refusedQueue, refusedFull} {
		m.refused.WithLabelValues(reason)
	}
	for _, result := range []string{"ok", "error"} {
		m.store.WithLabelValues(result)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.records, m.bytes, m.free, m.oldest, m.sync, m.batch, m.errors, m.refused, m.store} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
