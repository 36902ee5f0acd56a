package portal

import (
	"net/http"
	"time"

	"parvis/internal/directory"
	"parvis/portal/gateway"
	"parvis/portal/ui"
)

// cityPage is the data of the welcome page.
type cityPage struct {
	Zone     *directory.Zone
	Query    string // of the gateway, for the hidden field
	Lang     string // goes along in the form's address: a sheet may keep no cookie
	Remember time.Duration
	Card     bool   // the page asks for a code
	Code     string // what was typed before
	Problem  string // key of what was wrong with it
	Again    bool   // the gateway refused just now
	Known    bool   // the device accepted before
}

// city is the page to which a gateway sends a browser.
func (p *portal) city(w http.ResponseWriter, r *http.Request) {
	v, err := p.open(r.URL.RawQuery)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	switch v.State {
	case gateway.Success, gateway.Already:
		if v.State == gateway.Success {
			p.metrics.funnel.reached(v.zone, stageAuthenticated)
		}
		p.online(w, r, v)
		return
	case gateway.Logoff:
		p.pages.Render(w, r, http.StatusOK, "message", ui.View{
			TitleKey: "portal.logoff.title", Data: messagePage{Text: "portal.logoff.text"}, Nav: links(v.Query),
		})
		return
	}
	p.metrics.funnel.reached(v.zone, stageDetected)
	p.welcome(w, r, http.StatusOK, v, cityPage{Again: v.State == gateway.Failed})
}

// welcome sends the page with the one button.
func (p *portal) welcome(w http.ResponseWriter, r *http.Request, status int, v visit, data cityPage) {
	data.Zone, data.Query, data.Remember = v.zone, v.Query, v.zone.Remember
	data.Lang = p.UI.Lang(r)
	data.Known = !v.until.IsZero()
	data.Card = v.zone.Entry == directory.EntryCard && !data.Known
	p.metrics.funnel.reached(v.zone, stageShown)
	p.pages.Render(w, r, status, "city", ui.View{
		TitleKey: "portal.city.title", TitleArgs: []any{v.zone.Name}, Data: data, Nav: links(v.Query),
		Here: "/?" + v.Query, FormAction: []string{v.Origin()},
	})
}

// onlinePage is the data of the page behind the gateway.
type onlinePage struct {
	Left   time.Duration
	Status string // URL; empty for none
	Logoff string // URL at the gateway; empty for none
}

// online says that the device is through. It moves on by itself once: iOS shows
// "Done" only after a whole navigation.
func (p *portal) online(w http.ResponseWriter, r *http.Request, v visit) {
	now := p.Now()
	data := onlinePage{Left: v.TimeLeft, Logoff: v.LogoffURL()}
	if v.Signed() {
		data.Status = "/status?" + v.Query
	}
	if data.Left == 0 && !v.until.IsZero() {
		data.Left = v.until.Sub(now)
	}
	p.keepDevice(w, v, now)
	p.pages.Render(w, r, http.StatusOK, "online", ui.View{
		TitleKey: "portal.online.title", Data: data, Nav: links(v.Query),
		RefreshAfter: 10 * time.Second, RefreshURL: data.Status,
	})
}

// plainPage is the data of the page for who came without a gateway.
type plainPage struct {
	Device *deviceView // the device of this browser, when it was here before
	Enter  string      // URL of the gateway's own login, from the configuration
}

// plain says where you are to somebody who did not come through a gateway.
func (p *portal) plain(w http.ResponseWriter, r *http.Request) {
	data := plainPage{Device: p.cookieDevice(r)}
	// A phone that was told of us by RFC 8908 comes with the gateway's name.
	nas := p.Register.Snapshot().NASByIdentifier(r.URL.Query().Get("n"))
	if nas != nil && nas.Gateway == directory.GatewayCoova {
		data.Enter = nas.LoginURL
	}
	p.pages.Render(w, r, http.StatusOK, "plain", ui.View{TitleKey: "portal.plain.title", Data: data, Nav: links("")})
}

// terms is the text that a device accepts.
func (p *portal) terms(w http.ResponseWriter, r *http.Request) {
	data := struct {
		Zone *directory.Zone
		Back string
	}{Back: "/"}
	nav := links("")
	if v, err := p.open(r.URL.RawQuery); err == nil {
		data.Zone, data.Back = v.zone, "/?"+v.Query
		nav = links(v.Query)
	}
	p.pages.Render(w, r, http.StatusOK, "terms", ui.View{TitleKey: "portal.terms.title", Data: data, Nav: nav})
}
