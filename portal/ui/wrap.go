package ui

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// maxBody bounds what a form may send, in octets; ours send under 4 kB.
const maxBody = 64 << 10

type httpMetrics struct {
	duration *prometheus.HistogramVec
	panics   *prometheus.CounterVec
}

func newHTTPMetrics(reg prometheus.Registerer) (*httpMetrics, error) {
	m := &httpMetrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "parvis_http_request_duration_seconds",
			Help:    "HTTP requests by handler and status code.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2, 10},
		}, []string{"handler", "code"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parvis_http_panics_total",
			Help: "HTTP handlers that failed in a way nobody had thought of.",
		}, []string{"handler"}),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.duration), reg.Register(m.panics))
}

// policy is the Content-Security-Policy of a page. Chromium applies
// form-action to the redirects behind a form as well, so a page whose form
// ends at a gateway names the gateway's origin.
func policy(formAction []string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
	for _, origin := range formAction {
		// An origin comes from a URL that was parsed; what could end the
		// directive is refused all the same.
		if !strings.ContainsAny(origin, " ;,'\"\t\r\n*") {
			b.WriteString(" " + origin)
		}
	}
	return b.String()
}

// Wrap gives h what every handler needs: the security headers, a bound on the
// request's body, the latency metric under the given name, and recovery from a
// panic, which is counted and logged. name must come from a closed set.
func (u *UI) Wrap(name string, h http.Handler) http.Handler {
	u.metrics.panics.WithLabelValues(name) // present from the start
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		head := rec.Header()
		head.Set("Content-Security-Policy", policy(nil))
		head.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: with it a browser sends "Origin: null" even for our own
		// forms, and over plain HTTP Origin is all that tells ours from another site's.
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("X-Frame-Options", "DENY") // for mini-browsers older than frame-ancestors
		head.Set("Cache-Control", "no-store")
		if r.Body != nil {
			r.Body = http.MaxBytesReader(rec, r.Body, maxBody)
		}
		defer func() {
			v := recover()
			if v != nil {
				u.recovered(rec, r, name, v)
			}
			u.metrics.duration.WithLabelValues(name, strconv.Itoa(rec.code())).Observe(time.Since(start).Seconds())
			if v == http.ErrAbortHandler || v != nil && rec.begun() {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
		}()
		h.ServeHTTP(rec, r)
	})
}

func (u *UI) recovered(rec *recorder, r *http.Request, name string, v any) {
	if v == http.ErrAbortHandler {
		return
	}
	u.metrics.panics.WithLabelValues(name).Inc()
	u.log.ErrorContext(r.Context(), "handler panicked", "handler", name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if rec.begun() {
		return
	}
	u.Error(rec, r, http.StatusInternalServerError)
	rec.recovered = true
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status    int
	recovered bool
}

func (r *recorder) begun() bool { return r.status != 0 && !r.recovered }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
