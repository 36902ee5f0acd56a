package metrics

import (
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/accounting"
	"parvis/internal/peers"
)

// exposition is what a scrape of reg returns.
func exposition(t testing.TB, reg *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(reg).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func scrape(t testing.TB) string {
	t.Helper()
	f := newFixture(t)
	f.Heard("a1", f.now)
	f.Observe(change(accounting.Session{}, session("a1", 1, 2)))
	reg := NewRegistry("1.2.3")
	reg.MustRegister(f.AccessPoints)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	return exposition(t, reg)
}

func TestHandler(t *testing.T) {
	body := scrape(t)
	for _, want := range []string{"go_goroutines ", "process_start_time_seconds ", `version="1.2.3"`, `parvis_ap_up{ap="quay-1",zone="Quay"} 1`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}

func TestPromtoolIsContent(t *testing.T) {
	if out, code := peers.Promtool(t, []string{"check", "metrics"}, scrape(t)); code != 0 || out != "" {
		t.Errorf("exit %d: %s", code, out)
	}
}

// Each family has the name, the type and the labels that were promised.
func TestNames(t *testing.T) {
	promised, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	reg := NewRegistry("1.2.3")
	reg.MustRegister(f.AccessPoints)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "parvis_") {
			continue
		}
		seen++
		var labels []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		line := strings.TrimSpace(fmt.Sprintf("%s %s %s", family.GetName(), strings.ToLower(family.GetType().String()), strings.Join(labels, ",")))
		if !strings.Contains(string(promised), "\n"+line+"\n") {
			t.Errorf("not promised: %s", line)
		}
	}
	if seen != 18 {
		t.Errorf("%d families, want all 17 of the access points and build_info", seen)
	}
}

func BenchmarkScrape(b *testing.B) {
	f := newFixture(b)
	ap := f.catalog.AccessPoints[0]
	for i := range 10_000 {
		ap.ID, ap.Name = fmt.Sprint("id-", i), fmt.Sprint("name-", i)
		f.catalog.AccessPoints = append(f.catalog.AccessPoints, ap)
	}
	f.swap(b)
	reg := NewRegistry("1.2.3")
	reg.MustRegister(f.AccessPoints)
	for b.Loop() {
		if _, err := reg.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkObserver(b *testing.B) {
	f := newFixture(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f.Heard("a1", f.now)
			f.Attempt("a1", "z1", true)
		}
	})
}
