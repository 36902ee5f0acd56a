package console

import (
	"errors"
	"net/http"
	"time"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// overviewView holds what a role sees; a nil part is not shown.
type overviewView struct {
	Network *networkView
	Housing *housingView
	Charge  *chargeView
	Down    []point // the first that are down
}

type networkView struct {
	tally
	Refused     int // in the last hour
	RefusedMany bool
}

type housingView struct {
	Residences, Dwellings, Let int
	Ending, Without            int             // agreements
	Month                      directory.Month // to be charged
}

// Vacant counts the dwellings that are not let.
func (h housingView) Vacant() int { return h.Dwellings - h.Let }

type chargeView struct {
	Month directory.Month
	Total directory.Cents
	State string // key of its words
	Badge string
	URL   string
	Known bool
}

// downShown is how many silent access points the overview names.
const downShown = 5

func (c *console) overview(w http.ResponseWriter, r *http.Request, u directory.User) {
	if u.Role == directory.RoleDesk {
		http.Redirect(w, r, home(u.Role), http.StatusSeeOther)
		return
	}
	var v overviewView
	var err error
	if u.Role == directory.RoleAdmin || u.Role == directory.RoleNetwork {
		v.Network, v.Down, err = c.networkNow(r)
	}
	if err == nil && (u.Role == directory.RoleAdmin || u.Role == directory.RoleOperator) {
		v.Housing, err = c.housingNow(r, u)
	}
	if err == nil && u.Role == directory.RoleOperator {
		v.Charge, err = c.chargeNow(r, u)
	}
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	c.show(w, r, u, http.StatusOK, "overview", ui.View{TitleKey: "console.overview.title", Data: v})
}

func (c *console) networkNow(r *http.Request) (*networkView, []point, error) {
	v := &networkView{}
	var down []point
	for _, p := range c.points() {
		v.add(p)
		if p.State == stateDown && len(down) < downShown {
			down = append(down, p)
		}
	}
	list, err := c.Live.Refusals(r.Context(), refusalsShown)
	if err != nil {
		return nil, nil, err
	}
	v.Refused = refusedSince(list, c.Now().Add(-time.Hour))
	v.RefusedMany = v.Refused >= refusalsShown
	return v, down, nil
}

func (c *console) housingNow(r *http.Request, u directory.User) (*housingView, error) {
	today := c.today()
	list, err := c.Store.Residences(r.Context(), u.OperatorID, today)
	if err != nil {
		return nil, err
	}
	v := &housingView{Residences: len(list), Month: c.lastMonth()}
	for _, s := range list {
		v.Dwellings += s.Dwellings
		v.Let += s.Let
		switch {
		case !s.Agreed:
			v.Without++
		case residenceRow{s, today}.Ending():
			v.Ending++
		}
	}
	return v, nil
}

func (c *console) chargeNow(r *http.Request, u directory.User) (*chargeView, error) {
	m := c.lastMonth()
	v := &chargeView{Month: m, URL: subject{Operator: directory.Operator{ID: u.OperatorID}, Month: m}.url()}
	month, err := c.Charges.Month(r.Context(), u.OperatorID, m)
	var refused *Refused
	if errors.As(err, &refused) {
		v.State, v.Badge = refused.words(), "bad"
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Known, v.Total = true, month.MonthTotal
	switch {
	case month.Nothing && len(month.Documents) > 0:
		v.State, v.Badge = "console.charges.state.issued", "good"
	case month.Nothing:
		v.State = "console.charges.state.nothing"
	case month.Run == nil || month.Run.State == RunIssued || month.Stale:
		v.State, v.Badge = "console.charges.state.open", "wait"
	default:
		v.State, v.Badge = "console.charges.state."+month.Run.State, "wait"
	}
	return v, nil
}
