package portal

import (
	"errors"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/directory"
)

// Stages of a visit.
const (
	stageDetected      = "detected"      // a gateway sent the browser
	stageShown         = "shown"         // the page with the button went out
	stageSubmitted     = "submitted"     // the button was pressed
	stageAuthenticated = "authenticated" // the gateway let the device through
)

var stages = []string{stageDetected, stageShown, stageSubmitted, stageAuthenticated}

// Methods and results of a login.
const (
	methodTap  = "tap"
	methodCard = "card"
	methodHome = "home"

	resultOK      = "ok"
	resultWrong   = "wrong"   // code, login or password
	resultLimited = "limited" // too many tries
	resultFailed  = "failed"  // our fault
)

type metrics struct {
	funnel *funnel
	logins *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, register *directory.Register) (*metrics, error) {
	m := &metrics{
		funnel: &funnel{
			register: register, counts: map[string]map[string]float64{},
			desc: prometheus.NewDesc("parvis_portal_funnel_total", "Portal visits reaching each stage.", []string{"zone", "stage"}, nil),
		},
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parvis_portal_logins_total", Help: "Portal logins by method and result.",
		}, []string{"method", "result"}),
	}
	for _, method := range []string{methodTap, methodCard, methodHome} {
		for _, result := range []string{resultOK, resultWrong, resultLimited, resultFailed} {
			m.logins.WithLabelValues(method, result)
		}
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.funnel), reg.Register(m.logins))
}

// funnel counts visits by zone. It shows every zone that there is now, from 0,
// and drops a zone that is gone; so the series are never more than the zones.
type funnel struct {
	register *directory.Register
	desc     *prometheus.Desc

	mu     sync.Mutex
	counts map[string]map[string]float64 // zone id -> stage
}

// reached counts a visit of a zone of the register.
func (f *funnel) reached(zone *directory.Zone, stage string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[zone.ID] == nil {
		f.counts[zone.ID] = map[string]float64{}
	}
	f.counts[zone.ID][stage]++
}

// Describe implements prometheus.Collector.
func (f *funnel) Describe(ch chan<- *prometheus.Desc) { ch <- f.desc }

// Collect implements prometheus.Collector.
func (f *funnel) Collect(ch chan<- prometheus.Metric) {
	labels := zoneLabels(f.register.Snapshot())
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, label := range labels {
		for _, stage := range stages {
			ch <- prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, f.counts[id][stage], label, stage)
		}
	}
	for id := range f.counts {
		if labels[id] == "" {
			delete(f.counts, id)
		}
	}
}

// zoneLabels gives every zone the label that the access points' metrics give
// it, so that the two can be joined: its name, or its id where the name is
// empty or shared with another zone or a residence.
func zoneLabels(s *directory.Snapshot) map[string]string {
	users := map[string]int{"": 2, "unknown": 2}
	residences := map[string]bool{}
	for _, ap := range s.AccessPoints() {
		if r := s.Residence(ap.ResidenceID); r != nil && !residences[r.ID] {
			residences[r.ID] = true
			users[labelText(r.Name)]++
			users[r.ID]++
		}
	}
	for _, z := range s.Zones() {
		users[labelText(z.Name)]++
		users[z.ID]++
	}
	labels := make(map[string]string, len(s.Zones()))
	for _, z := range s.Zones() {
		labels[z.ID] = labelText(z.Name)
		if users[labels[z.ID]] > 1 {
			labels[z.ID] = z.ID
		}
	}
	return labels
}

// labelText makes a text fit for a label: one that is not UTF-8 would panic.
func labelText(s string) string { return strings.ToValidUTF8(strings.TrimSpace(s), "\uFFFD") }
