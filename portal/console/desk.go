package console

import (
	"cmp"
	"net/http"
	"slices"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// place is a zone or residence as a desk agent is asked about it: does the
// WiFi work here, and how does one get in.
type place struct {
	ID, Name, SSID string
	Entry          directory.Entry // empty for a residence
	tally
}

// Works is the key of the answer.
func (p place) Works() string {
	switch {
	case p.On() == 0:
		return "none"
	case p.Down == 0 && p.Up > 0:
		return "yes"
	case p.Up > 0:
		return "partly"
	case p.Down > 0:
		return "no"
	}
	return "unknown"
}

// Badge is the colour of the answer; the words say it too.
func (p place) Badge() string {
	return map[string]string{"yes": "good", "partly": "wait", "no": "bad", "unknown": "wait"}[p.Works()]
}

type deskView struct {
	Zones      []place
	Residences []place
	Tap, Card  bool // there are such zones
}

func (c *console) desk(w http.ResponseWriter, r *http.Request, u directory.User) {
	s := c.Register.Snapshot()
	zones, residences := map[string]*place{}, map[string]*place{}
	var v deskView
	for _, z := range s.Zones() {
		zones[z.ID] = &place{ID: z.ID, Name: z.Name, SSID: z.SSID, Entry: z.Entry}
		v.Tap = v.Tap || z.Entry == directory.EntryTap
		v.Card = v.Card || z.Entry == directory.EntryCard
	}
	for _, ap := range s.AccessPoints() {
		p := zones[ap.ZoneID]
		if res := s.Residence(ap.ResidenceID); res != nil {
			p = residences[res.ID]
			if p == nil {
				p = &place{ID: res.ID, Name: res.Name, SSID: res.SSID}
				residences[res.ID] = p
			}
		}
		if p != nil {
			p.add(c.pointOf(s, ap))
		}
	}
	v.Zones, v.Residences = byName(zones), byName(residences)
	c.show(w, r, u, http.StatusOK, "desk", ui.View{TitleKey: "console.desk.title", Data: v})
}

func byName(m map[string]*place) []place {
	var list []place
	for _, p := range m {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b place) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list
}
