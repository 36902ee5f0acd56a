package commune

import (
	"cmp"
	"slices"

	"parvis/internal/directory"
)

func (rd *reader) operator(r *row) {
	i := rd.operators.take(r, "", r.text("name"))
	i.noun = directory.Operator{ID: i.id, Name: i.name, SIREN: r.text("siren")}
	r.done(i.noun.Validate())
}

// operatorID is that of the key operator, which may be left out where the other
// keys say enough.
func (rd *reader) operatorID(r *row) string { return lookup(r, rd.operators, operatorColumn, "").id }

func (rd *reader) sector(r *row) {
	operator := rd.operatorID(r)
	i := rd.sectors.take(r, operator, r.text("name"))
	i.noun = directory.Sector{ID: i.id, OperatorID: operator, Name: i.name}
	r.done(i.noun.Validate())
}

func (rd *reader) agreement(r *row) {
	sector := lookup(r, rd.sectors, "sector", rd.operatorID(r))
	i := rd.agreements.take(r, sector.id, r.text("reference"))
	i.noun = directory.Agreement{ID: i.id, SectorID: sector.id, Form: r.text("form"), Reference: i.name, Period: r.period()}
	r.done(i.noun.Validate())
}

func (rd *reader) residence(r *row) {
	sector := lookup(r, rd.sectors, "sector", rd.operatorID(r))
	i := rd.residences.take(r, sector.scope, r.text("name"))
	i.noun = directory.Residence{
		ID: i.id, SectorID: sector.id, Name: i.name, Address: r.text("address"), SSID: r.text("ssid"),
		PlanID: lookup(r, rd.plans, "plan", "").id,
	}
	r.done(i.noun.Validate())
}

func (rd *reader) dwelling(r *row) {
	residence := lookup(r, rd.residences, "residence", rd.operatorID(r))
	i := rd.dwellings.take(r, residence.scope, r.text("ref"))
	d := i.noun // its login and password stay where the file says none
	d.ID, d.ResidenceID, d.Ref, d.Door, d.Stock = i.id, residence.id, i.name, r.text("door"), r.period()
	if s := r.text("login"); s != "" {
		login, err := directory.ParseLogin(s)
		if err != nil {
			r.add("login", "%v", err)
		}
		d.Login = login
	}
	rd.credentials(&d, residence)
	i.noun = d
	r.done(d.Validate())
}

func (rd *reader) lease(r *row) {
	dwelling := lookup(r, rd.dwellings, "dwelling", rd.operatorID(r))
	i := rd.leases.take(r, dwelling.scope, r.text("ref"))
	i.noun = directory.Lease{ID: i.id, DwellingID: dwelling.id, Ref: i.name, Period: r.period()}
	r.done(i.noun.Validate())
}

// overlaps says which leases have days of a dwelling that another one has.
func (rd *reader) overlaps() {
	byDwelling := map[string][]*item[directory.Lease]{}
	for _, i := range rd.leases.items {
		if id := i.noun.DwellingID; id != "" && id != unknown && (i.row == nil || !i.row.failed) {
			byDwelling[id] = append(byDwelling[id], i)
		}
	}
	for _, list := range byDwelling {
		slices.SortFunc(list, func(a, b *item[directory.Lease]) int {
			return cmp.Or(cmp.Compare(a.noun.Period.From, b.noun.Period.From), cmp.Compare(a.id, b.id))
		})
		longest := list[0]
		for _, i := range list[1:] {
			if end := longest.noun.Period.Until; end == 0 || i.noun.Period.From < end {
				overlap(longest, i)
			}
			if end := longest.noun.Period.Until; end != 0 && (i.noun.Period.Until == 0 || i.noun.Period.Until > end) {
				longest = i
			}
		}
	}
}

// overlap says it on a line of the file: that of the lease that begins later,
// when the file has both.
func overlap(a, b *item[directory.Lease]) {
	if b.row == nil {
		a, b = b, a
	}
	if b.row == nil {
		return // both are in the database, which would not have taken them
	}
	where := "in the database"
	if a.row != nil {
		where = a.row.place()
	}
	b.row.say("", "lease %q (%s) has days of the lease %q (%s; %s): a dwelling has one lease a day",
		clip(b.name), spell(b.noun.Period), clip(a.name), spell(a.noun.Period), where)
}

func spell(p directory.Period) string {
	if p.Until.IsZero() {
		return "from " + p.From.String()
	}
	return "from " + p.From.String() + " until " + p.Until.String()
}
