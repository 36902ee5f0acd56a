package console

import (
	"net/http"
	"slices"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

// agreementWarning is how many days before its end an agreement shows: a vote
// of the tenants takes about half a year.
const agreementWarning = 183

// maxSessionsCounted bounds what is read to count devices. An operator with
// more devices on at once gets no counts rather than wrong ones.
const maxSessionsCounted = 50_000

type residencesView struct {
	Search         search
	Rows           []residenceRow
	Pager          pager
	Dwellings, Let int  // of all that were found
	All            bool // of every operator
}

type residenceRow struct {
	directory.ResidenceState
	today directory.Date
}

// Ending says that the agreement needs somebody soon.
func (r residenceRow) Ending() bool {
	return r.Agreed && !r.AgreementEnds.IsZero() && r.AgreementEnds <= r.today+agreementWarning
}

// Vacant counts the dwellings that are not let.
func (r residenceRow) Vacant() int { return r.Dwellings - r.Let }

func (c *console) residences(w http.ResponseWriter, r *http.Request, u directory.User) {
	today := c.today()
	list, err := c.Store.Residences(r.Context(), u.OperatorID, today)
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	v := residencesView{Search: searchFor("console.residences.search", r.URL), All: u.OperatorID == ""}
	var rows []residenceRow
	for _, one := range list {
		if found(v.Search.Query, one.Residence.Name, one.Residence.Address, one.Sector.Name, one.Operator.Name) {
			rows = append(rows, residenceRow{one, today})
			v.Dwellings += one.Dwellings
			v.Let += one.Let
		}
	}
	v.Rows, v.Pager = page(rows, r.URL)
	c.show(w, r, u, http.StatusOK, "residences", ui.View{TitleKey: "console.residences.title", Data: v})
}

type residenceView struct {
	residenceRow
	Search    search
	Rows      []directory.DwellingState
	Pager     pager
	Devices   map[string]int // on now, by dwelling; never who they are
	Counted   bool
	DevicesOn int
}

func (c *console) residence(w http.ResponseWriter, r *http.Request, u directory.User) {
	ctx, today, id := r.Context(), c.today(), r.PathValue("id")
	// Looked up among the user's own: another operator's id is not found.
	list, err := c.Store.Residences(ctx, u.OperatorID, today)
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	i := slices.IndexFunc(list, func(s directory.ResidenceState) bool { return s.Residence.ID == id })
	if i < 0 {
		c.fail(w, r, u, http.StatusNotFound)
		return
	}
	v := residenceView{residenceRow: residenceRow{list[i], today}, Search: searchFor("console.residence.search", r.URL)}
	dwellings, err := c.Store.Dwellings(ctx, u.OperatorID, id, today)
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	var rows []directory.DwellingState
	for _, d := range dwellings {
		if found(v.Search.Query, d.Dwelling.Ref, d.Dwelling.Door, d.Dwelling.Login) {
			rows = append(rows, d)
		}
	}
	v.Rows, v.Pager = page(rows, r.URL)
	sessions, err := c.Store.OpenSessions(ctx, accounting.Filter{OperatorID: v.Operator.ID}, maxSessionsCounted)
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	v.Devices, v.Counted = devicesOn(sessions), len(sessions) < maxSessionsCounted
	for _, d := range dwellings {
		v.DevicesOn += v.Devices[d.Dwelling.ID]
	}
	c.show(w, r, u, http.StatusOK, "residence", ui.View{
		TitleKey: "console.residence.title", TitleArgs: []any{v.Residence.Name}, Data: v,
	})
}

// devicesOn counts different devices by dwelling: one that roams may have two
// sessions for a moment.
func devicesOn(sessions []accounting.Session) map[string]int {
	type device struct {
		dwelling string
		mac      directory.MAC
	}
	seen, n := map[device]bool{}, map[string]int{}
	for _, s := range sessions {
		d := device{s.DwellingID, s.MAC}
		if !seen[d] {
			seen[d] = true
			n[s.DwellingID]++
		}
	}
	return n
}
