package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

// The states that Health gives, and stateOff: switched off in Parvis.
const (
	stateUp      = "up"
	stateDown    = "down"
	stateUnknown = "unknown"
	stateOff     = "off"
)

// point is an access point with its health.
type point struct {
	*directory.AccessPoint
	State     string
	Place     string // name of the zone or residence
	LastHeard time.Time
	Sessions  int
	In, Out   uint64
}

// Badge is the colour of the state; the words say it too.
func (p point) Badge() string {
	return map[string]string{stateUp: "good", stateDown: "bad", stateUnknown: "wait"}[p.State]
}

func (c *console) pointOf(s *directory.Snapshot, ap *directory.AccessPoint) point {
	p := point{AccessPoint: ap}
	p.State, p.LastHeard, p.Sessions, p.In, p.Out = c.Health.AccessPoint(ap.ID)
	if !ap.Enabled {
		p.State = stateOff
	}
	if z := s.Zone(ap.ZoneID); z != nil {
		p.Place = z.Name
	} else if r := s.Residence(ap.ResidenceID); r != nil {
		p.Place = r.Name
	}
	return p
}

// points lists all access points, what needs somebody first.
func (c *console) points() []point {
	s := c.Register.Snapshot()
	list := make([]point, 0, len(s.AccessPoints()))
	for _, ap := range s.AccessPoints() {
		list = append(list, c.pointOf(s, ap))
	}
	order := []string{stateDown, stateUnknown, stateUp, stateOff}
	slices.SortFunc(list, func(a, b point) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)),
			cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID),
		)
	})
	return list
}

// tally counts access points by state.
type tally struct{ Up, Down, Unknown, Off, Sessions int }

func (t *tally) add(p point) {
	switch p.State {
	case stateUp:
		t.Up++
	case stateDown:
		t.Down++
	case stateOff:
		t.Off++
	default:
		t.Unknown++
	}
	t.Sessions += p.Sessions
}

// On counts those that ought to work.
func (t tally) On() int { return t.Up + t.Down + t.Unknown }

type accessPointsView struct {
	Search search
	Tally  tally // of all, whatever is searched
	Points []point
	Pager  pager
}

func (c *console) accessPoints(w http.ResponseWriter, r *http.Request, u directory.User) {
	v := accessPointsView{Search: searchFor("console.access_points.search", r.URL)}
	var list []point
	for _, p := range c.points() {
		v.Tally.add(p)
		if found(v.Search.Query, p.Name, p.Place, p.Identifier, p.BSSID.String()) {
			list = append(list, p)
		}
	}
	v.Points, v.Pager = page(list, r.URL)
	c.show(w, r, u, http.StatusOK, "accesspoints", ui.View{TitleKey: "console.access_points.title", Data: v})
}

type accessPointView struct {
	point
	NAS      string
	Devices  []accounting.Session
	More     bool // there are more than are shown
	Done     *disconnected
	Duration func(accounting.Session) time.Duration
}

func (c *console) accessPoint(w http.ResponseWriter, r *http.Request, u directory.User) {
	s := c.Register.Snapshot()
	ap := s.AccessPoint(r.PathValue("id"))
	if ap == nil {
		c.fail(w, r, u, http.StatusNotFound)
		return
	}
	v := accessPointView{point: c.pointOf(s, ap), Done: readDisconnected(r.URL.Query())}
	if n := s.NAS(ap.NASID); n != nil {
		v.NAS = n.Name
	}
	sessions, err := c.Store.OpenSessions(r.Context(), accounting.Filter{AccessPointID: ap.ID}, rowsPerPage+1)
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	v.More = len(sessions) > rowsPerPage
	v.Devices = sessions[:min(len(sessions), rowsPerPage)]
	now := c.Now()
	v.Duration = func(s accounting.Session) time.Duration { return max(0, now.Sub(s.StartedAt)) }
	c.show(w, r, u, http.StatusOK, "accesspoint", ui.View{
		TitleKey: "console.access_point.title", TitleArgs: []any{ap.Name}, Data: v,
	})
}
