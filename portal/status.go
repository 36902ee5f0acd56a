package portal

import (
	"net/http"
	"time"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// A device that came through a gateway that signs is known again by a cookie of
// this browser for a day, and by a hidden field of the status page for an hour.
const (
	labelDevice = "portal-device"
	deviceLife  = 24 * time.Hour
	forgetLife  = time.Hour
)

// deviceView is what the pages say about a device.
type deviceView struct {
	MAC    directory.MAC
	Zone   *directory.Zone
	Until  time.Time // zero: not remembered
	Left   time.Duration
	Logoff string
	Token  string // for the form that forgets; empty when it is not offered
}

func (p *portal) view(mac directory.MAC, zone *directory.Zone, logoff string) *deviceView {
	now := p.Now()
	d := &deviceView{MAC: mac, Zone: zone, Logoff: logoff, Until: p.remembered(mac, zone, now)}
	if !d.Until.IsZero() {
		d.Left = d.Until.Sub(now)
		d.Token = sealToken(p.CookieKey, labelDevice, now.Add(forgetLife), mac.String(), zone.ID, logoff)
	}
	return d
}

// status is the short address that says how much time is left.
func (p *portal) status(w http.ResponseWriter, r *http.Request) {
	var d *deviceView
	nav := links("")
	v, err := p.open(r.URL.RawQuery)
	switch {
	case err == nil && v.Signed():
		d = p.view(v.MAC, v.zone, v.LogoffURL())
		nav = links(v.Query)
	case err == nil:
		// Anybody can write a query of a gateway that does not sign: it tells
		// nothing about the device, and forgets nothing.
		nav = links(v.Query)
	default:
		d = p.cookieDevice(r)
	}
	p.pages.Render(w, r, http.StatusOK, "status", ui.View{TitleKey: "portal.status.title", Data: d, Nav: nav})
}

// forget drops the memory of a device, with the token of its status page.
func (p *portal) forget(w http.ResponseWriter, r *http.Request) {
	err := r.ParseForm()
	if err != nil {
		p.badForm(w, r, err)
		return
	}
	d := p.openDevice(r.PostForm.Get("device"))
	if d == nil {
		p.sorry(w, r, http.StatusBadRequest, "/status")
		return
	}
	err = p.Store.Forget(r.Context(), d.MAC, d.Zone.Terms)
	if err != nil {
		p.Log.ErrorContext(r.Context(), "device not forgotten", "error", err)
		p.sorry(w, r, http.StatusServiceUnavailable, "/status")
		return
	}
	p.Register.Devices.Forget(d.MAC, d.Zone.Terms)
	http.SetCookie(w, p.cookie("device", "", -1))
	data := struct{ Logoff string }{d.Logoff}
	p.pages.Render(w, r, http.StatusOK, "forgotten", ui.View{TitleKey: "portal.forgotten.title", Data: data, Nav: links(""), Here: "/status"})
}

// keepDevice lets this browser find its status again at the short address.
func (p *portal) keepDevice(w http.ResponseWriter, v visit, now time.Time) {
	if !v.Signed() {
		return
	}
	token := sealToken(p.CookieKey, labelDevice, now.Add(deviceLife), v.MAC.String(), v.zone.ID, v.LogoffURL())
	http.SetCookie(w, p.cookie("device", token, int(deviceLife/time.Second)))
}

func (p *portal) cookieDevice(r *http.Request) *deviceView {
	c, err := r.Cookie(p.cookieName("device"))
	if err != nil {
		return nil
	}
	return p.openDevice(c.Value)
}

func (p *portal) openDevice(token string) *deviceView {
	fields, ok := openToken(p.CookieKey, labelDevice, token, p.Now(), 3)
	if !ok {
		return nil
	}
	mac, err := directory.ParseMAC(fields[0])
	zone := p.Register.Snapshot().Zone(fields[1])
	if err != nil || zone == nil {
		return nil
	}
	return p.view(mac, zone, fields[2])
}

func (p *portal) cookieName(name string) string {
	if p.Secure {
		return "__Host-" + name
	}
	return name
}

// cookie is one of ours: for this host alone, out of reach of scripts.
func (p *portal) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: p.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: p.Secure, SameSite: http.SameSiteLaxMode,
	}
}
