package portal

import (
	"errors"
	"net/http"
	"time"

	"parvis/internal/directory"
	"parvis/portal/gateway"
	"parvis/portal/ui"
)

// visit is a device that a gateway vouches for, in a zone.
type visit struct {
	gateway.Client
	zone *directory.Zone
	// until is how long the device is remembered; zero when it is not.
	until time.Time
}

var errPlace = errors.New("the place is not in a zone")

// open checks a raw query and finds the place. A disabled access point is in no
// zone: RADIUS would refuse behind the button.
func (p *portal) open(rawQuery string) (visit, error) {
	snap, now := p.Register.Snapshot(), p.Now()
	c, err := gateway.Parse(p.public, rawQuery, snap, now)
	if err != nil {
		return visit{}, err
	}
	v := visit{Client: c, zone: zoneAt(snap, c.NAS, c.AccessPoint)}
	if v.zone == nil {
		return visit{}, errPlace
	}
	v.until = p.remembered(c.MAC, v.zone, now)
	return v, nil
}

// zoneAt finds the zone as RADIUS does: of the access point when it is known,
// else of the NAS. Nil when there is none, or the access point is switched off.
func zoneAt(snap *directory.Snapshot, nas *directory.NAS, ap *directory.AccessPoint) *directory.Zone {
	switch {
	case ap == nil:
		return snap.Zone(nas.ZoneID)
	case !ap.Enabled:
		return nil
	}
	return snap.Zone(ap.ZoneID)
}

// remembered returns until when the device is let in without a page; zero when
// it is not.
func (p *portal) remembered(mac directory.MAC, zone *directory.Zone, now time.Time) time.Time {
	until, ok := p.Register.Devices.Until(mac, zone.Terms)
	if !ok || !now.Before(until) {
		return time.Time{}
	}
	return until
}

// refuse sends the page for a query that is not accepted. It never redirects.
func (p *portal) refuse(w http.ResponseWriter, r *http.Request, err error) {
	page, status := "portal.link", http.StatusBadRequest
	switch {
	case errors.Is(err, gateway.ErrAbsent):
		p.plain(w, r)
		return
	case errors.Is(err, gateway.ErrUnknown), errors.Is(err, errPlace):
		page, status = "portal.place", http.StatusNotFound
	}
	p.Log.WarnContext(r.Context(), "gateway query refused", "error", err)
	p.pages.Render(w, r, status, "message", ui.View{TitleKey: page + ".title", Data: messagePage{Text: page + ".text"}, Nav: links(""), Here: "/"})
}

// footer are the links under a page. They keep the gateway's query: in a
// captive sheet there is no other way back.
type footer struct{ Terms, Home string }

func links(query string) footer {
	if query == "" {
		return footer{"/terms", "/home"}
	}
	return footer{"/terms?" + query, "/home"}
}
