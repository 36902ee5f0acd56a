// Package access decides whether a device may in, and with what. It is pure:
// everything that a decision depends on is in Facts and the instant.
//
// Nothing here, nor anything that this package imports, knows of billing:
// nobody is cut off for a debt, because there is no code that could.
package access

import (
	"time"

	"parvis/internal/directory"
)

// Method is how a device proved who it is.
type Method uint8

// The methods; String gives the metric label.
const (
	MethodNone Method = iota
	MethodPAP
	MethodCHAP
	MethodMAC
	MethodTicket
	MethodMSCHAP
	MethodOutlet // the wired port that the NAS names
	MethodProxy  // whatever a visitor's own network has checked
	methodCount
)

// Methods lists all of them, for metrics that start at 0.
func Methods() []Method {
	all := make([]Method, methodCount)
	for i := range all {
		all[i] = Method(i)
	}
	return all
}

// String returns the metric label.
func (m Method) String() string {
	return [methodCount]string{"none", "pap", "chap", "mac", "ticket", "mschap", "outlet", "proxy"}[m]
}

// Facts is all that a decision depends on.
type Facts struct {
	Method Method
	// Verified: the password, response or ticket password was right. Always
	// true for MethodMAC and MethodOutlet, whose only proof is what the NAS says;
	// for MethodProxy it is what the visitor's own network said.
	Verified bool
	MAC      directory.MAC

	// AccessPoint, Zone and Residence are where the device is; nil when not
	// known. At most one of Zone and Residence is set.
	AccessPoint *directory.AccessPoint
	Zone        *directory.Zone
	Residence   *directory.Residence

	// Dwelling is whose login was given, or whose outlet it is; nil when there is none.
	Dwelling *directory.Dwelling
	// OtherDevices counts the devices of the dwelling that are on now, without this one.
	OtherDevices int

	// Plan is the zone's plan, or that of the dwelling's residence.
	Plan *directory.Plan

	// Remembered is until when the device is remembered in the zone; zero when it is not.
	Remembered time.Time
	// Ticket is what the redeemed code was made for, nil when there was none.
	Ticket *directory.Ticket
	// NASID is the NAS that asks.
	NASID string
	// HomeSession and HomeIdle are how long a visitor's own network lets a
	// session last and be silent; zero when it does not say.
	HomeSession, HomeIdle time.Duration
}

// Grant is what a device that is let in gets. Zero means: no limit of ours.
type Grant struct {
	DownKbps, UpKbps               uint32 // kbit/s
	VLAN                           uint16
	SessionTime, IdleTime, Interim time.Duration // whole seconds
	// QuotaBytes is what the session may carry in both directions together.
	QuotaBytes uint64
	// Role is the name of a role or group policy on the NAS.
	Role string
	// ZoneID or DwellingID is who the session is counted for.
	ZoneID, DwellingID string
}

// Decision is the outcome; Grant only counts when Reason.Accepted().
type Decision struct {
	Reason Reason
	Grant  Grant
}

// Decide says whether the device may in. It never returns an error: what is
// not known is a reason to refuse, and the reason says so.
func Decide(f Facts, now time.Time) Decision {
	switch f.Method {
	case MethodPAP, MethodCHAP, MethodMSCHAP:
		if f.Dwelling == nil {
			return refuse(UnknownLogin)
		}
		return decideDwelling(f)
	case MethodOutlet:
		if f.Dwelling == nil {
			return refuse(UnknownOutlet)
		}
		return decideDwelling(f)
	case MethodMAC:
		return decideDevice(f, now)
	case MethodTicket:
		return decideTicket(f, now)
	case MethodProxy:
		return decideVisitor(f)
	}
	return refuse(NoProof)
}

func decideDwelling(f Facts) Decision {
	switch {
	case !f.Verified:
		return refuse(WrongPassword)
	case f.AccessPoint != nil && !f.AccessPoint.Enabled:
		return refuse(PlaceDisabled)
	case f.Plan == nil:
		return refuse(NoPlan)
	case f.Plan.DeviceSlots > 0 && f.OtherDevices >= f.Plan.DeviceSlots:
		return refuse(DeviceSlots)
	}
	g := grant(f.Plan)
	g.DwellingID = f.Dwelling.ID
	return Decision{Accepted, g}
}

func decideDevice(f Facts, now time.Time) Decision {
	if r := checkZone(f); r != Accepted {
		return refuse(r)
	}
	switch {
	case f.MAC.IsZero():
		return refuse(NoProof)
	case f.Remembered.IsZero():
		return refuse(UnknownDevice)
	}
	return acceptUntil(f, f.Remembered, now)
}

func decideTicket(f Facts, now time.Time) Decision {
	switch {
	case f.Ticket == nil:
		return refuse(TicketUnknown)
	case !f.Verified:
		return refuse(WrongPassword)
	case f.MAC.IsZero() || f.Ticket.MAC != f.MAC || f.Ticket.NASID != f.NASID:
		return refuse(TicketElsewhere)
	}
	if r := checkZone(f); r != Accepted {
		return refuse(r)
	}
	return acceptUntil(f, f.Ticket.Until, now)
}

// decideVisitor lets in whom another network vouches for, wherever the commune
// has a zone: for no longer than both allow, and at the zone's own rate.
func decideVisitor(f Facts) Decision {
	if r := checkZone(f); r != Accepted {
		return refuse(r)
	}
	if !f.Verified {
		return refuse(ProxyRefused)
	}
	g := grant(f.Plan)
	g.ZoneID = f.Zone.ID
	g.SessionTime = shorter(g.SessionTime, f.HomeSession)
	g.IdleTime = shorter(g.IdleTime, f.HomeIdle)
	return Decision{Accepted, g}
}

// shorter returns the shorter of two times, of which zero is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func checkZone(f Facts) Reason {
	switch {
	case f.AccessPoint != nil && !f.AccessPoint.Enabled:
		return PlaceDisabled
	case f.Zone == nil:
		return UnknownPlace
	case f.Plan == nil:
		return NoPlan
	}
	return Accepted
}

// acceptUntil ends the session with the memory at the latest, so that the
// gateway shows the page again when the zone's time is over. RADIUS counts
// whole seconds, and 0 would mean no end: less than one second is no time.
func acceptUntil(f Facts, until, now time.Time) Decision {
	left := until.Sub(now).Truncate(time.Second)
	if left <= 0 {
		return refuse(MemoryExpired)
	}
	g := grant(f.Plan)
	g.ZoneID = f.Zone.ID
	if g.SessionTime == 0 || left < g.SessionTime {
		g.SessionTime = left
	}
	return Decision{Accepted, g}
}

func grant(p *directory.Plan) Grant {
	return Grant{
		DownKbps: p.DownKbps, UpKbps: p.UpKbps, VLAN: p.VLAN,
		SessionTime: p.SessionTime, IdleTime: p.IdleTime, Interim: p.Interim,
		QuotaBytes: p.QuotaBytes, Role: p.Role,
	}
}

func refuse(r Reason) Decision { return Decision{Reason: r} }
