package metrics

import (
	"math"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/directory"
)

// What is exported. Names, units and labels are those of every Parvis of every
// version: dashboards and alert rules are written against them.
var (
	apInfo = desc("ap_info", "Inventory labels of an access point, always 1.",
		"ap", "nas_identifier", "site", "zone", "vendor", "model")
	apLocation = desc("ap_location_info", "Position of an access point, always 1.", "ap", "latitude", "longitude")
	apUp       = desc("ap_up", "1 if the access point is considered up, 0 if down or never heard. Exported for every enabled access point.", "ap", "zone")
	apLastSeen = desc("ap_last_seen_timestamp_seconds", "Unix time of the last authentic packet, 0 if there was none.", "ap", "zone")
	apSessions = desc("ap_sessions", "Open sessions.", "ap", "zone")
	apCapacity = desc("ap_session_capacity", "Planned maximum of concurrent sessions, 0 if not planned.", "ap", "zone")
	apReceive  = desc("ap_client_receive_bytes_total", "Bytes received from clients, from accounting.", "ap", "zone")
	apTransmit = desc("ap_client_transmit_bytes_total", "Bytes sent to clients, from accounting.", "ap", "zone")
	apAttempts = desc("ap_auth_attempts_total", "Finished authentications by access point.", "ap", "zone", "result")
	apRetrans  = desc("ap_retransmissions_total", "Duplicate requests received from the access point.", "ap", "zone")
	apRestarts = desc("ap_restarts_total", "Accounting-On received or restart inferred.", "ap", "zone")

	zoneSessions = desc("zone_sessions", "Open sessions by zone.", "zone")
	zoneCapacity = desc("zone_session_capacity", "Sum of planned capacities.", "zone")
	zonePoints   = desc("zone_access_points", "Access points by state.", "zone", "state")
	zoneAttempts = desc("zone_auth_attempts_total", "Finished authentications by zone.", "zone", "result")

	sessionsStarted = desc("sessions_started_total", "Sessions opened.", "zone")
	sessionsEnded   = desc("sessions_ended_total", "Sessions closed, by cause.", "cause")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parvis_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (a *AccessPoints) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		apInfo, apLocation, apUp, apLastSeen, apSessions, apCapacity, apReceive, apTransmit, apAttempts,
		apRetrans, apRestarts, zoneSessions, zoneCapacity, zonePoints, zoneAttempts, sessionsStarted, sessionsEnded,
	} {
		ch <- d
	}
}

// zoneSum is what the access points of one place add up to.
type zoneSum struct {
	sessions, capacity int
	points             map[State]int
}

// Collect implements prometheus.Collector. It reads memory only.
func (a *AccessPoints) Collect(ch chan<- prometheus.Metric) {
	s := a.opts.Register.Snapshot()
	var seen []string // places that something was counted for
	for k := range a.places.m.Range {
		seen = append(seen, k.(string))
	}
	names := newLabels(s, seen)
	sums := make(map[string]*zoneSum, len(names.places))
	for id := range names.places {
		sums[id] = &zoneSum{points: map[State]int{}}
	}
	for _, ap := range s.AccessPoints() {
		if ap.Enabled {
			a.collectPoint(ch, s, ap, names, sums[placeOf(ap)])
		}
	}
	for id, sum := range sums {
		a.collectZone(ch, id, names.place(id), sum)
	}
	a.collectPlaceCounters(ch, "", unknownPlace)
	for c, n := range a.ended {
		ch <- counter(sessionsEnded, n.Load(), c)
	}
}

func (a *AccessPoints) collectPoint(ch chan<- prometheus.Metric, s *directory.Snapshot, ap *directory.AccessPoint, names labels, sum *zoneSum) {
	name, zone := names.points[ap.ID], names.place(placeOf(ap))
	h, up := a.health(s, ap)
	if sum != nil { // nil for an access point that is nowhere
		sum.sessions += h.Sessions
		sum.capacity += ap.Capacity
		sum.points[h.State]++
	}
	t := a.points.find(ap.ID)
	if t == nil {
		t = &tally{} // nothing counted yet: it is exported all the same
	}
	var seen, upValue float64
	if !h.LastHeard.IsZero() {
		seen = float64(h.LastHeard.UnixMilli()) / 1000
	}
	if up {
		upValue = 1
	}
	ch <- gauge(apInfo, 1, name, identifier(s, ap), site(s, ap), zone, clean(ap.Vendor), clean(ap.Model))
	if lat, long, ok := position(ap); ok {
		ch <- gauge(apLocation, 1, name, lat, long)
	}
	ch <- gauge(apUp, upValue, name, zone)
	ch <- gauge(apLastSeen, seen, name, zone)
	ch <- gauge(apSessions, float64(h.Sessions), name, zone)
	ch <- gauge(apCapacity, float64(ap.Capacity), name, zone)
	ch <- counter(apReceive, h.In, name, zone)
	ch <- counter(apTransmit, h.Out, name, zone)
	ch <- counter(apAttempts, t.accepts.Load(), name, zone, "accept")
	ch <- counter(apAttempts, t.rejects.Load(), name, zone, "reject")
	ch <- counter(apRetrans, t.retransmitted.Load(), name, zone)
	ch <- counter(apRestarts, t.restarted.Load(), name, zone)
}

func (a *AccessPoints) collectZone(ch chan<- prometheus.Metric, id, zone string, sum *zoneSum) {
	if t := a.places.find(id); t != nil {
		sum.sessions += int(t.unplaced.Load())
	}
	ch <- gauge(zoneSessions, float64(sum.sessions), zone)
	ch <- gauge(zoneCapacity, float64(sum.capacity), zone)
	for _, state := range States() {
		ch <- gauge(zonePoints, float64(sum.points[state]), zone, string(state))
	}
	a.collectPlaceCounters(ch, id, zone)
}

func (a *AccessPoints) collectPlaceCounters(ch chan<- prometheus.Metric, id, zone string) {
	t := a.places.find(id)
	if t == nil {
		t = &placeTally{} // seeded with 0: increase() misses a first event otherwise
	}
	ch <- counter(zoneAttempts, t.accepts.Load(), zone, "accept")
	ch <- counter(zoneAttempts, t.rejects.Load(), zone, "reject")
	ch <- counter(sessionsStarted, t.started.Load(), zone)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

// identifier is the NAS-Identifier that an access point is seen under.
func identifier(s *directory.Snapshot, ap *directory.AccessPoint) string {
	if ap.Identifier != "" {
		return clean(ap.Identifier)
	}
	if n := s.NAS(ap.NASID); n != nil {
		return clean(n.Identifier)
	}
	return ""
}

// site is where an access point stands, when that is more than its zone's name.
func site(s *directory.Snapshot, ap *directory.AccessPoint) string {
	if r := s.Residence(ap.ResidenceID); r != nil {
		return clean(r.Address)
	}
	return ""
}

// position gives an access point's coordinates in degrees; it has none at 0, 0,
// which is in the sea.
func position(ap *directory.AccessPoint) (lat, long string, ok bool) {
	if ap.Latitude == 0 && ap.Longitude == 0 || math.IsNaN(ap.Latitude) || math.IsNaN(ap.Longitude) {
		return "", "", false
	}
	degrees := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return degrees(ap.Latitude), degrees(ap.Longitude), true
}
