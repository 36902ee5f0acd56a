package portal

import (
	"net/http"
	"strconv"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

const (
	labelHome = "portal-home"
	homeIdle  = 30 * time.Minute // without a page
	homeLife  = 12 * time.Hour   // in all
	// More devices than any dwelling has; the page says when it shows only these.
	maxDevices = 50
)

// The tries to sign in. The passwords are strong, so this is to stop noise: by
// address it is wide, because a whole residence may share one, and by login too,
// so that somebody elsewhere who knows a login cannot keep its tenant out.
var (
	signInsByAddress = limit{burst: 100, every: time.Second}
	signInsByBoth    = limit{burst: 10, every: time.Minute}
	signInsByLogin   = limit{burst: 100, every: 6 * time.Second}
)

// homePage is the data of a dwelling's page.
type homePage struct {
	Dwelling  *directory.Dwelling
	Residence *directory.Residence
	Plan      *directory.Plan
	Devices   []homeDevice
	Unknown   bool // the devices could not be read just now
	More      bool
}

type homeDevice struct {
	MAC   directory.MAC
	Place string // of the access point; empty when not known
	Since time.Time
	Bytes uint64
}

type signInPage struct {
	Login   string
	Problem bool
}

// home shows the dwelling that is signed in, or the form to sign in.
func (p *portal) home(w http.ResponseWriter, r *http.Request) {
	d, since := p.tenant(r)
	if d == nil {
		p.signIn(w, r, http.StatusOK, signInPage{})
		return
	}
	p.signedIn(w, d, since)
	snap := p.Register.Snapshot()
	data := homePage{Dwelling: d, Residence: snap.Residence(d.ResidenceID)}
	if data.Residence != nil {
		data.Plan = snap.Plan(data.Residence.PlanID)
	}
	sessions, err := p.Store.OpenSessions(r.Context(), accounting.Filter{DwellingID: d.ID}, maxDevices+1)
	if err != nil {
		// The rest of the page is in memory: the database may be away.
		p.Log.ErrorContext(r.Context(), "sessions not read", "error", err)
		data.Unknown = true
	}
	if len(sessions) > maxDevices {
		sessions, data.More = sessions[:maxDevices], true
	}
	for i := range sessions {
		s := &sessions[i]
		one := homeDevice{MAC: s.MAC, Since: s.StartedAt, Bytes: s.In + s.Out}
		if ap := snap.AccessPoint(s.AccessPointID); ap != nil {
			one.Place = ap.Name
		}
		data.Devices = append(data.Devices, one)
	}
	p.pages.Render(w, r, http.StatusOK, "home", ui.View{TitleKey: "portal.home.title", Data: data, Nav: links("")})
}

func (p *portal) signIn(w http.ResponseWriter, r *http.Request, status int, data signInPage) {
	p.pages.Render(w, r, status, "signin", ui.View{TitleKey: "portal.signin.title", Data: data, Nav: links(""), Here: "/home"})
}

// homeLogin checks a dwelling's login and password.
func (p *portal) homeLogin(w http.ResponseWriter, r *http.Request) {
	err := r.ParseForm()
	if err != nil {
		p.badForm(w, r, err)
		return
	}
	p.metrics.logins.WithLabelValues(methodHome, p.checkHome(w, r)).Inc()
}

func (p *portal) checkHome(w http.ResponseWriter, r *http.Request) string {
	typed := r.PostForm.Get("login")
	limits := []counted{{"home/ip/" + ui.Remote(r), signInsByAddress}}
	login, err := directory.ParseLogin(typed)
	if err == nil {
		limits = append(limits,
			counted{"home/both/" + login + "/" + ui.Remote(r), signInsByBoth},
			counted{"home/login/" + login, signInsByLogin})
	}
	if ok, result := p.allow(w, r, "/home", limits); !ok {
		return result
	}
	var d *directory.Dwelling
	if err == nil {
		d = p.Register.Snapshot().DwellingByLogin(login)
	}
	// The same work and the same words whether the login or the password is
	// wrong.
	password := directory.NewSecret(directory.NewTicketCode())
	if d != nil && !d.Password.IsZero() {
		password = d.Password
	}
	if !password.Equal(r.PostForm.Get("password")) || d == nil {
		p.signIn(w, r, http.StatusUnprocessableEntity, signInPage{Login: cut(typed), Problem: true})
		return resultWrong
	}
	p.signedIn(w, d, p.Now())
	http.Redirect(w, r, "/home", http.StatusSeeOther)
	return resultOK
}

func (p *portal) homeLogout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, p.cookie("home", "", -1))
	http.Redirect(w, r, "/home", http.StatusSeeOther)
}

// signedIn gives the browser half an hour more, but not beyond homeLife.
func (p *portal) signedIn(w http.ResponseWriter, d *directory.Dwelling, since time.Time) {
	until := p.Now().Add(homeIdle)
	if end := since.Add(homeLife); end.Before(until) {
		until = end
	}
	token := sealToken(p.CookieKey, labelHome, until, d.ID, p.fingerprint(d), strconv.FormatInt(since.Unix(), 36))
	http.SetCookie(w, p.cookie("home", token, int(until.Sub(p.Now())/time.Second)))
}

// tenant returns the dwelling that is signed in, and since when; nil for none.
func (p *portal) tenant(r *http.Request) (*directory.Dwelling, time.Time) {
	c, err := r.Cookie(p.cookieName("home"))
	if err != nil {
		return nil, time.Time{}
	}
	fields, ok := openToken(p.CookieKey, labelHome, c.Value, p.Now(), 3)
	if !ok {
		return nil, time.Time{}
	}
	d := p.Register.Snapshot().Dwelling(fields[0])
	if d == nil || fields[1] != p.fingerprint(d) {
		return nil, time.Time{} // gone, or its key was changed: for all browsers
	}
	since, err := strconv.ParseInt(fields[2], 36, 64)
	if err != nil {
		return nil, time.Time{}
	}
	return d, time.Unix(since, 0)
}

// fingerprint ties a sign-in to the password, without telling anything of it.
func (p *portal) fingerprint(d *directory.Dwelling) string {
	return p.CookieKey.Hash("portal-home-password", d.ID+"\n"+d.Password.Reveal())[:20]
}
