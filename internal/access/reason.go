package access

// Reason is why a device was let in or refused. The one enum drives the reply
// to the peer, the log key, the metric label and the words in the console.
type Reason uint8

// The reasons; Key gives the label, the language files give the words.
const (
	Accepted          Reason = iota
	UnknownDevice            // the MAC has not accepted this zone's terms
	MemoryExpired            // it had, but the zone's time is over
	UnknownLogin             // no dwelling has that login
	WrongPassword            // the password or response does not fit
	TicketUnknown            // never issued, already redeemed, or older than a minute
	TicketElsewhere          // redeemed by another device or through another NAS
	UnknownPlace             // the access point belongs to no zone
	PlaceDisabled            // the access point is switched off in Parvis
	NoPlan                   // the zone or residence has no plan
	DeviceSlots              // as many devices as the plan allows are on already
	NoProof                  // the request carries no password, response or MAC
	UnsupportedMethod        // it carries a proof that this server cannot check, such as EAP
	Unavailable              // what the proof needs could not be reached
	UnknownOutlet            // the wired port serves no dwelling
	ProxyRefused             // the visitor's own network said no
	ProxyUnreachable         // no server of the visitor's own network answered
	ProxyLoop                // the visitor's request came back from the network that it was sent to
	reasonCount
)

var reasonKeys = [reasonCount]string{
	"accepted", "unknown_device", "memory_expired", "unknown_login", "wrong_password",
	"ticket_unknown", "ticket_elsewhere", "unknown_place", "place_disabled", "no_plan",
	"device_slots", "no_proof", "unsupported_method", "unavailable", "unknown_outlet",
	"proxy_refused", "proxy_unreachable", "proxy_loop",
}

// Reasons lists all of them, for metrics that start at 0 and for language files.
func Reasons() []Reason {
	all := make([]Reason, reasonCount)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// Accepted reports whether the device was let in.
func (r Reason) Accepted() bool { return r == Accepted }

// Key is the metric label and log key, and the end of the language files' key "reason.…".
func (r Reason) Key() string { return reasonKeys[r] }

// String implements fmt.Stringer.
func (r Reason) String() string { return r.Key() }

// ParseReason is the inverse of Key; ok is false for a key that is not ours.
func ParseReason(key string) (r Reason, ok bool) {
	for i, k := range reasonKeys {
		if k == key {
			return Reason(i), true
		}
	}
	return 0, false
}

// Reply is the Reply-Message for the peer. It does not tell a guesser whether
// the login or the password was wrong; the administrator sees the true reason.
func (r Reason) Reply() string {
	switch r {
	case Accepted:
		return ""
	case DeviceSlots:
		return "Too many devices are connected"
	case Unavailable, ProxyUnreachable:
		return "Temporarily unavailable, please try again"
	case UnknownDevice, MemoryExpired:
		return "Please accept the terms on the welcome page"
	}
	return "Access refused"
}
