package radius

import (
	"context"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/access"
)

func (w *world) metricsPanics() float64 { return testutil.ToFloat64(w.metrics.panics) }

func TestMetricsAreCleanAndSeeded(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := newWorld(t, func(o *Options) { o.Registerer = registry }, []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"})
	t.Cleanup(w.Close)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for name, want := range map[string]int{
		"parvis_radius_requests_total":             2 * 3,
		"parvis_radius_responses_total":            2 * 4,
		"parvis_radius_discarded_total":            2 * 14,
		"parvis_radius_duplicates_total":           2 * 3,
		"parvis_radius_request_duration_seconds":   2 * 3,
		"parvis_radius_queue_wait_seconds":         2,
		"parvis_radius_queue_length":               2,
		"parvis_radius_in_flight_requests":         2,
		"parvis_radius_socket_dropped_total":       2,
		"parvis_radius_socket_receive_queue_bytes": 2,
		"parvis_radius_panics_total":               1,
		"parvis_radius_presence_errors_total":      1,
		"parvis_radius_old_secret_requests_total":  1,
		"parvis_radius_clients":                    3,
		"parvis_radius_duplicate_evictions_total":  1,
		"parvis_auth_attempts_total":               len(access.Methods()) * len(access.Reasons()),
		"parvis_acct_records_total":                6 * 4,
	} {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n != want {
			t.Errorf("%s: %d series, want %d (%v)", name, n, want, err)
		}
	}
}

// One sign-in shows in each family that it belongs to.
func TestMetricsOfOneSignIn(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := serving(t, func(o *Options) { one(o); o.Registerer = registry })
	c := dial(t, "127.0.0.1", w.AuthAddrs()[0])
	b := ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr("wrong")}.encode(t)
	c.send(b)
	checkReply(t, c.receive(), b)
	c.flush()
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP parvis_radius_responses_total Responses sent, by code.
# TYPE parvis_radius_responses_total counter
parvis_radius_responses_total{code="access_accept",listener="acct"} 0
parvis_radius_responses_total{code="access_accept",listener="auth"} 1
parvis_radius_responses_total{code="access_reject",listener="acct"} 0
parvis_radius_responses_total{code="access_reject",listener="auth"} 1
parvis_radius_responses_total{code="accounting_response",listener="acct"} 0
parvis_radius_responses_total{code="accounting_response",listener="auth"} 0
`), "parvis_radius_responses_total")
	// The worker counts after it has written, so the last answer may not be counted yet.
	if err != nil && testutil.ToFloat64(w.metrics.listeners[authListener].responses[responseReject]) != 1 {
		t.Error(err)
	}
	if n := testutil.ToFloat64(w.metrics.attempts[access.MethodPAP][access.WrongPassword]); n != 1 {
		t.Errorf("attempts: %v", n)
	}
}

// The kernel's drop counter is what was sent and never read.
func TestKernelDropsAreSeen(t *testing.T) {
	w := newWorld(t, nil, []string{"127.0.0.1:0"}, nil)
	t.Cleanup(w.Close)
	conn := w.auth.sockets[0].conn
	if _, ok := socketMemory(conn); !ok {
		t.Skip("this system does not tell")
	}
	if err := conn.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	c := dial(t, "127.0.0.1", w.AuthAddrs()[0])
	const sent = 200
	for range sent {
		c.send(make([]byte, 1000))
	}
	dropped := w.auth.kernel(func(m memory) uint32 { return m.dropped })
	waiting := w.auth.kernel(func(m memory) uint32 { return m.waiting })
	if waiting == 0 {
		t.Error("nothing waits")
	}
	w.o.Now = w.clock
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx) }()
	c.flush()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if read := testutil.ToFloat64(w.metrics.listeners[authListener].discarded[discardBadLength]); read+dropped != sent {
		t.Errorf("sent %d, read %v, dropped %v", sent, read, dropped)
	}
}
