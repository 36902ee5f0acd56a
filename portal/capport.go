package portal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"parvis/internal/directory"
)

// captive is the answer of RFC 8908 §5. Android ignores it, without a word,
// when it is over 4,096 octets, has another type or lacks captive.
type captive struct {
	Captive          bool   `json:"captive"`
	UserPortalURL    string `json:"user-portal-url"`
	VenueInfoURL     string `json:"venue-info-url"`
	SecondsRemaining *int64 `json:"seconds-remaining,omitempty"`
}

// capport answers phones that were told of us by DHCP option 114 (RFC 8910).
// The gateway fills in who asks: m the MAC, n its NAS-Identifier, c the
// Called-Station-Id; i and s, the address and the session, are not needed.
//
// It never answers with an error: iOS trusts this alone, so what cannot be read
// is a captive device that shall see the page.
func (p *portal) capport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	answer := captive{Captive: true, UserPortalURL: p.public + "/", VenueInfoURL: p.public + "/status"}
	snap, now := p.Register.Snapshot(), p.Now()
	nas := snap.NASByIdentifier(q.Get("n"))
	if nas != nil {
		answer.UserPortalURL += "?n=" + url.QueryEscape(nas.Identifier)
	}
	mac, err := directory.ParseMAC(q.Get("m"))
	if zone := askedZone(snap, nas, q.Get("c")); zone != nil && err == nil {
		if until := p.remembered(mac, zone, now); !until.IsZero() {
			left := int64(until.Sub(now) / time.Second)
			answer.Captive, answer.SecondsRemaining = false, &left
		}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		p.UI.Error(w, r, http.StatusInternalServerError) // not possible: three texts and a number
		return
	}
	w.Header().Set("Content-Type", "application/captive+json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

// askedZone finds the zone by the access point, else by the NAS; nil for none.
func askedZone(snap *directory.Snapshot, nas *directory.NAS, called string) *directory.Zone {
	station, err := directory.ParseCalledStation(called)
	var ap *directory.AccessPoint
	if err == nil {
		ap = snap.FindAccessPoint(station.BSSID, "")
	}
	if nas == nil {
		if ap == nil {
			return nil
		}
		return zoneAt(snap, nil, ap)
	}
	if ap != nil && ap.NASID != "" && ap.NASID != nas.ID {
		ap = nil
	}
	return zoneAt(snap, nas, ap)
}
