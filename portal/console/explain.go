package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

// sessionsExplained is how many open sessions of one device are looked at.
const sessionsExplained = 10

// explainView is the form with what was asked, and the answer.
type explainView struct {
	Asked  string // the device or login
	Where  string // id of the zone or access point; empty when that is to be found out
	Point  *directory.AccessPoint
	Zones  []*directory.Zone
	Bad    bool // what was asked is neither a device nor a login
	Answer *explained
}

// explained is an answer with the keys of its words.
type explained struct {
	access.Answer
	desk     bool
	State    string // of the access point; empty when there is none
	Attempts []refusal
	Zones    []zoneAnswer
	Open     int // how many of them would let the device in
}

type zoneAnswer struct {
	access.ZoneAnswer
	desk bool
}

// Whole says that the reader may see devices, places and attempts.
func (e explained) Whole() bool { return !e.desk }

// Verdict is the key of the first line; its argument, if any, is Until.
func (e explained) Verdict() string {
	switch {
	case e.Foreign:
		return "console.explain.foreign"
	case !e.Reason.Accepted() && e.ByLogin:
		return "console.explain.no.login"
	case !e.Reason.Accepted():
		return "console.explain.no.device"
	case e.ByLogin:
		return "console.explain.yes.login"
	}
	return "console.explain.yes.device"
}

// Badge is the colour of the verdict; the words say it too.
func (e explained) Badge() string {
	switch {
	case e.Mistyped, e.Foreign:
		return "wait"
	case e.Reason.Accepted():
		return "good"
	}
	return "bad"
}

// What is the key of what to do, in the words of who reads it.
func (e explained) What() string { return whatToDo(e.Advice, e.desk) }

// What is as for an explained.
func (z zoneAnswer) What() string { return whatToDo(z.Advice, z.desk) }

// Words is the key of the outcome.
func (z zoneAnswer) Words() string { return "reason." + z.Reason.Key() }

func whatToDo(a access.Advice, desk bool) string {
	switch {
	case !desk:
		return "console.explain.advice." + a.Key()
	case a.ForTeam():
		return "console.explain.desk.team"
	}
	return "console.explain.desk." + a.Key()
}

// Refused is the key of the reason in words.
func (e explained) Refused() string { return "reason." + e.Reason.Key() }

// StateBadge is the colour of the access point's state; the words say it too.
func (e explained) StateBadge() string { return point{State: e.State}.Badge() }

// In is a link to the same question in one zone.
func (e explained) In(zoneID string) string {
	return "/explain?" + url.Values{"mac": {e.MAC.String()}, "where": {zoneID}}.Encode()
}

func (c *console) explain(w http.ResponseWriter, r *http.Request, u directory.User) {
	s := c.Register.Snapshot()
	v := explainView{Zones: s.Zones()}
	q, err := v.read(r.URL, s)
	status := http.StatusOK
	switch {
	case err != nil:
		v.Bad, status = true, http.StatusBadRequest
	case !q.MAC.IsZero() || q.Login != "":
		v.Answer, err = c.answer(r.Context(), s, q, u.Role == directory.RoleDesk)
		if err != nil {
			c.broken(w, r, u, err)
			return
		}
	}
	c.show(w, r, u, status, "explain", ui.View{TitleKey: "console.explain.title", Data: v})
}

// read takes the question of a URL: q is what a person typed, mac and login
// come from a link. The error says that one of them has no such form.
func (v *explainView) read(u *url.URL, s *directory.Snapshot) (q access.Question, err error) {
	mac, login := u.Query().Get("mac"), u.Query().Get("login")
	if typed := query(u); typed != "" {
		if _, err := directory.ParseMAC(typed); err == nil {
			mac, login = typed, ""
		} else {
			mac, login = "", typed
		}
	}
	v.Asked = cmp.Or(mac, login)
	if len(v.Asked) > maxQuery {
		v.Asked = ""
	}
	v.Where = u.Query().Get("where")
	if q.Zone, q.AccessPoint = s.Zone(v.Where), s.AccessPoint(v.Where); q.Zone == nil && q.AccessPoint == nil {
		v.Where = ""
	}
	v.Point = q.AccessPoint
	if mac != "" {
		if q.MAC, err = directory.ParseMAC(mac); err != nil {
			return q, err
		}
		v.Asked = q.MAC.String()
	}
	if login != "" {
		q.Login, err = directory.ParseLogin(login)
	}
	return q, err
}

func (c *console) answer(ctx context.Context, s *directory.Snapshot, q access.Question, desk bool) (*explained, error) {
	refusals, err := c.Live.Refusals(ctx, refusalsShown)
	if err != nil {
		return nil, err
	}
	var sessions []accounting.Session
	if !q.MAC.IsZero() {
		sessions, err = c.Store.OpenSessions(ctx, accounting.Filter{MAC: q.MAC}, sessionsExplained)
		if err != nil {
			return nil, err
		}
	}
	found := access.OpenCase(s, q, refusals, sessions)
	known := access.Known{Remembered: func(mac directory.MAC, terms string) time.Time {
		until, _ := c.Register.Devices.Until(mac, terms)
		return until
	}}
	if found.Dwelling != nil {
		known.OtherDevices, err = c.Live.Others(ctx, found.Dwelling.ID, q.MAC)
		if err != nil {
			return nil, err
		}
	}
	e := &explained{Answer: found.Answer(s, known, c.Now()), desk: desk}
	for _, z := range e.Answer.Zones {
		e.Zones = append(e.Zones, zoneAnswer{z, desk})
		if z.Reason.Accepted() {
			e.Open++
		}
	}
	if e.AccessPoint != nil {
		e.State = c.pointOf(s, e.AccessPoint).State
	}
	for _, one := range e.Answer.Attempts {
		e.Attempts = append(e.Attempts, refusalOf(s, one))
	}
	return e, nil
}
