package metrics

import (
	"strings"

	"parvis/internal/directory"
)

// unknownPlace is the zone label of what happened where we do not know.
const unknownPlace = "unknown"

// labels gives access points and places the names that people know them by.
// A dashboard must stay legible and a series must keep its name, so the label is
// the name; only where a name is empty or used twice is it the id, which is
// never reused. A zone and a residence of one name count as used twice: both are
// the label zone.
type labels struct {
	points, places map[string]string // by id
}

func newLabels(s *directory.Snapshot, more []string) labels {
	points := map[string]string{}
	for _, ap := range s.AccessPoints() {
		points[ap.ID] = ap.Name
	}
	places := map[string]string{}
	for _, z := range s.Zones() {
		places[z.ID] = z.Name
	}
	residence := func(id string) {
		if r := s.Residence(id); r != nil {
			places[id] = r.Name
		}
	}
	for _, ap := range s.AccessPoints() {
		residence(ap.ResidenceID)
	}
	for _, id := range more {
		residence(id)
	}
	return labels{points: unique(points), places: unique(places, unknownPlace)}
}

// place returns the zone label of a place's id.
func (l labels) place(id string) string {
	if name, ok := l.places[id]; ok {
		return name
	}
	return unknownPlace
}

// unique returns names with those that are empty, taken or not alone replaced by
// their id. Two series of one name would make the whole scrape fail.
func unique(names map[string]string, taken ...string) map[string]string {
	users := map[string]int{"": 2}
	for _, name := range taken {
		users[name] = 2
	}
	out := make(map[string]string, len(names))
	for id, name := range names {
		name = clean(name)
		out[id] = name
		users[name]++
		users[id]++ // a name that is somebody's id would clash with it
	}
	for id, name := range out {
		if users[name] > 1 {
			out[id] = id
		}
	}
	return out
}

// clean makes a text fit for a label: one that is not UTF-8 would panic.
func clean(text string) string {
	return strings.ToValidUTF8(strings.TrimSpace(text), "\uFFFD")
}
