package access

import (
	"time"

	"parvis/internal/directory"
)

// Advice is what a person can do about a decision. It tells more than the
// Reason: one reason may have several ways out.
type Advice uint8

// The pieces of advice; Key gives the end of the language files' keys.
const (
	AdviceConnect    Advice = iota // nothing is in the way: connect once more
	AdviceTap                      // accept the terms on the welcome page
	AdviceCard                     // type the code of a paper card on the welcome page
	AdviceSignIn                   // this place is entered with a dwelling's login
	AdviceCheckLogin               // no dwelling has the login
	AdvicePassword                 // type the password of the letter again
	AdviceNoPassword               // the dwelling has none: give it one
	AdviceStartAgain               // go back to the welcome page
	AdvicePlace                    // say in Parvis where the access point stands
	AdviceSwitchOn                 // the access point is switched off in Parvis
	AdvicePlan                     // give the zone or residence a plan
	AdviceSlots                    // another device has to disconnect first
	AdviceOutlet                   // tie the wired port to its dwelling
	AdvicePartner                  // the login is one of another network, which decides
	AdviceEquipment                // the equipment asks in a wrong way
	AdviceWait                     // something could not be reached: try later
	AdviceHome                     // only the visitor's own network can help
	adviceCount
)

var adviceKeys = [adviceCount]string{
	"connect", "tap", "card", "sign_in", "check_login", "password", "no_password", "start_again",
	"place", "switch_on", "plan", "slots", "outlet", "partner", "equipment", "wait", "home",
}

// Advices lists all of them, for language files.
func Advices() []Advice {
	all := make([]Advice, adviceCount)
	for i := range all {
		all[i] = Advice(i)
	}
	return all
}

// Key is the end of the language files' keys for the advice.
func (a Advice) Key() string { return adviceKeys[a] }

// String implements fmt.Stringer.
func (a Advice) String() string { return a.Key() }

// ForTeam reports whether only who runs the network can follow the advice:
// a desk agent can but pass it on.
func (a Advice) ForTeam() bool {
	switch a {
	case AdviceNoPassword, AdvicePlace, AdviceSwitchOn, AdvicePlan, AdviceOutlet, AdviceEquipment:
		return true
	}
	return false
}

// Explanation is a decision with what can be done about it.
type Explanation struct {
	Decision
	Advice Advice
	// Until is when the device is forgotten; zero when it is refused, or when
	// what lets it in has no end.
	Until time.Time
}

// Explain decides as Decide does, because it asks Decide, and says what to do.
func Explain(f Facts, now time.Time) Explanation {
	e := Explanation{Decision: Decide(f, now)}
	e.Advice = advise(f, e.Reason)
	if e.Reason.Accepted() {
		switch f.Method {
		case MethodMAC:
			e.Until = f.Remembered
		case MethodTicket:
			e.Until = f.Ticket.Until
		}
	}
	return e
}

func advise(f Facts, r Reason) Advice {
	switch r {
	case Accepted:
		return AdviceConnect
	case UnknownDevice, MemoryExpired:
		if f.Zone != nil && f.Zone.Entry == directory.EntryCard {
			return AdviceCard
		}
		return AdviceTap
	case UnknownLogin:
		return AdviceCheckLogin
	case WrongPassword:
		switch {
		case f.Method == MethodTicket:
			return AdviceStartAgain
		case f.Dwelling != nil && f.Dwelling.Password.IsZero():
			return AdviceNoPassword
		}
		return AdvicePassword
	case TicketUnknown, TicketElsewhere:
		return AdviceStartAgain
	case UnknownPlace:
		if f.Residence != nil {
			return AdviceSignIn
		}
		return AdvicePlace
	case PlaceDisabled:
		return AdviceSwitchOn
	case NoPlan:
		return AdvicePlan
	case DeviceSlots:
		return AdviceSlots
	case UnknownOutlet:
		return AdviceOutlet
	case ProxyRefused, ProxyLoop:
		return AdviceHome
	case Unavailable, ProxyUnreachable:
		return AdviceWait
	}
	return AdviceEquipment
}
