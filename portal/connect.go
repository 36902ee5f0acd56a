package portal

import (
	"errors"
	"net/http"
	"time"

	"parvis/internal/directory"
	"parvis/portal/gateway"
	"parvis/portal/ui"
)

// Limits of the welcome page. The whole of a square may share one address
// behind a gateway, so those by address only stop a flood.
var (
	tapsByDevice   = limit{burst: 10, every: time.Minute}
	tapsByAddress  = limit{burst: 600, every: 100 * time.Millisecond}
	codesByDevice  = limit{burst: 10, every: time.Minute}
	codesByAddress = limit{burst: 100, every: 6 * time.Second}
)

// connect takes the one tap, or the code of a card, and sends the browser back
// through its gateway with a ticket. The gateway's query comes back in a hidden
// field and is checked as if it were new.
func (p *portal) connect(w http.ResponseWriter, r *http.Request) {
	err := r.ParseForm()
	if err != nil {
		p.badForm(w, r, err)
		return
	}
	v, err := p.open(r.PostForm.Get("gateway"))
	if err != nil {
		if errors.Is(err, gateway.ErrAbsent) {
			err = gateway.ErrIncomplete // a form without a gateway is nobody's
		}
		p.refuse(w, r, err)
		return
	}
	method := methodTap
	if v.zone.Entry == directory.EntryCard && v.until.IsZero() {
		method = methodCard
	}
	p.metrics.funnel.reached(v.zone, stageSubmitted)
	result := p.admit(w, r, v, method)
	p.metrics.logins.WithLabelValues(method, result).Inc()
}

// admit answers the request and returns the result for the metric.
func (p *portal) admit(w http.ResponseWriter, r *http.Request, v visit, method string) string {
	consent := directory.Consent{
		Device: directory.Device{
			MAC: v.MAC, Terms: v.zone.Terms, ZoneID: v.zone.ID,
			AcceptedAt: p.Now(), Until: p.Now().Add(v.zone.Remember),
		},
		Language: p.UI.Lang(r),
	}
	if method == methodCard {
		typed := r.PostForm.Get("code")
		code, err := directory.ParseCardCode(typed)
		if err != nil {
			// A slip is caught here, before it counts as a try.
			p.welcome(w, r, http.StatusUnprocessableEntity, v, cityPage{Code: cut(typed), Problem: "portal.card.slip"})
			return resultWrong
		}
		limits := limitsOf(v, r, "card", codesByDevice, codesByAddress)
		if ok, result := p.allow(w, r, "/?"+v.Query, limits); !ok {
			return result
		}
		card, problem := p.card(code, v.zone)
		if card == nil {
			p.welcome(w, r, http.StatusUnprocessableEntity, v, cityPage{Code: cut(typed), Problem: problem})
			return resultWrong
		}
		consent.CardID = card.ID
		if card.Until.Before(consent.Device.Until) {
			consent.Device.Until = card.Until
		}
	} else if ok, result := p.allow(w, r, "/?"+v.Query, limitsOf(v, r, "tap", tapsByDevice, tapsByAddress)); !ok {
		return result
	}
	// In a card zone only a card makes the time longer.
	renew := method == methodCard || v.zone.Entry != directory.EntryCard
	if !renew {
		consent.Device.Until = v.until
	}
	return p.send(w, r, v, consent, renew)
}

// limitsOf are the limits of a visit. Where the gateway vouches for the device
// its own limit comes first: one phone that goes on and on must not use up the
// tries of everybody behind the same address. Elsewhere anybody can make devices
// up, and the address comes first: they must not fill the table of the limits.
func limitsOf(v visit, r *http.Request, what string, byDevice, byAddress limit) []counted {
	device := counted{what + "/mac/" + v.MAC.String(), byDevice}
	address := counted{what + "/ip/" + ui.Remote(r), byAddress}
	if v.Signed() {
		return []counted{device, address}
	}
	return []counted{address, device}
}

// card finds a valid card of the zone, or the key of what is wrong with it. A
// card of elsewhere is as unknown as one that was never printed.
func (p *portal) card(code string, zone *directory.Zone) (*directory.Card, string) {
	card := p.Register.Snapshot().Card(p.Key.CardHash(code))
	switch {
	case card == nil || card.ZoneID != zone.ID || card.Revoked:
		return nil, "portal.card.unknown"
	case !p.Now().Before(card.Until):
		return nil, "portal.card.over"
	}
	return card, ""
}

// send records the consent and redirects to the gateway with a new ticket.
func (p *portal) send(w http.ResponseWriter, r *http.Request, v visit, consent directory.Consent, record bool) string {
	fail := func(what string, err error) string {
		p.Log.ErrorContext(r.Context(), what, "error", err)
		p.sorry(w, r, http.StatusServiceUnavailable, "/?"+v.Query)
		return resultFailed
	}
	if record {
		err := p.Store.Accept(r.Context(), consent)
		if err != nil {
			return fail("consent not recorded", err)
		}
		// As in the store, a memory that lasts longer already stays: another zone
		// with the same terms may have given it. When the memory is full the ticket
		// still lets the device in once.
		if consent.Device.Until.After(v.until) {
			p.Register.Devices.Remember(v.MAC, consent.Device.Terms, consent.Device.Until)
		}
	}
	code := directory.NewTicketCode()
	ticket := directory.Ticket{MAC: v.MAC, NASID: v.NAS.ID, ZoneID: v.zone.ID, Until: consent.Device.Until}
	err := p.Live.PutTicket(r.Context(), p.Key.TicketHash(code), ticket, directory.TicketLife)
	if err != nil {
		return fail("ticket not kept", err)
	}
	http.Redirect(w, r, v.LogonURL(p.public, code, p.Key.TicketPassword(code), p.Now()), http.StatusSeeOther)
	return resultOK
}

// badForm answers a form that cannot be read.
func (p *portal) badForm(w http.ResponseWriter, r *http.Request, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		p.UI.Error(w, r, http.StatusRequestEntityTooLarge)
		return
	}
	p.UI.Error(w, r, http.StatusBadRequest)
}

// cut keeps what is shown again of what was typed short.
func cut(s string) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), 64)])
}
