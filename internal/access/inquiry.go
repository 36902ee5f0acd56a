package access

import (
	"strings"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// maxAttempts is how many refused requests an answer shows.
const maxAttempts = 20

// Question is what somebody asks about: a device, a dwelling's login, or a
// device with the login that it uses; and where, if that is known.
type Question struct {
	MAC   directory.MAC // zero when only the login is known
	Login string        // as people type it; empty when only the device is known
	// AccessPoint or Zone says where; both nil when that is to be found out.
	AccessPoint *directory.AccessPoint
	Zone        *directory.Zone
}

// Trail says how a part of the case was found out.
type Trail string

// The trails; the empty one means that it was not found out.
const (
	TrailAsked    Trail = "asked"    // it was part of the question
	TrailSession  Trail = "session"  // the device is connected there
	TrailAttempt  Trail = "attempt"  // it was refused there last
	TrailDwelling Trail = "dwelling" // the login's dwelling is there
)

// Trails lists those that have words.
func Trails() []Trail { return []Trail{TrailAsked, TrailSession, TrailAttempt, TrailDwelling} }

// Case is a question with what is known about it.
type Case struct {
	MAC directory.MAC
	// Login is normalised when it has the form of one; ByLogin says that the
	// dwelling's login is the way in that is looked at, LoginFrom whence it comes.
	Login     string
	ByLogin   bool
	LoginFrom Trail
	Dwelling  *directory.Dwelling // of the login; nil when there is none

	AccessPoint *directory.AccessPoint
	Zone        *directory.Zone
	Residence   *directory.Residence
	PlaceFrom   Trail
	// NAS is the RADIUS client of the access point, else the one through which
	// the last refused request came; nil when it is not known, or not any more.
	NAS *directory.NAS

	Attempts []directory.Refusal  // of the device, else of the login; newest first
	Sessions []accounting.Session // of the device that are open, newest first
}

// Known is what the case does not hold itself.
type Known struct {
	// Remembered is until when a device that accepted the terms is remembered;
	// zero when it is not.
	Remembered func(mac directory.MAC, terms string) time.Time
	// OtherDevices counts the devices of the dwelling that are on, without this one.
	OtherDevices int
}

// Answer is what a case comes to, there or in each zone.
type Answer struct {
	Case
	Facts Facts
	Explanation
	// Mistyped says that the login would be let in, but that the last attempt
	// came with a wrong password.
	Mistyped bool
	// Foreign says that no dwelling has the login, but that it names a realm
	// (RFC 7542 §2.2): a partner network's server may let it in, and only it knows.
	Foreign bool
	// Zones is set for a device of which it is not known where it is. Then
	// Facts and Explanation are empty.
	Zones []ZoneAnswer
}

// ZoneAnswer is what a device comes to in one zone.
type ZoneAnswer struct {
	Zone *directory.Zone
	Explanation
}

// OpenCase finds out how and where the device or login of q comes in. refusals
// are of everybody, newest first; sessions are open ones of the device of q,
// newest first, none when q has no device.
func OpenCase(s *directory.Snapshot, q Question, refusals []directory.Refusal, sessions []accounting.Session) Case {
	c := Case{MAC: q.MAC, Login: q.Login, Sessions: sessions}
	if login, err := directory.ParseLogin(q.Login); err == nil {
		c.Login = login
	}
	for _, r := range refusals {
		if len(c.Attempts) < maxAttempts && c.concerns(r) {
			c.Attempts = append(c.Attempts, r)
		}
	}
	c.findLogin(s)
	c.findPlace(s, q)
	c.findNAS(s)
	return c
}

// concerns reports whether the refusal is one of the device; of the login when
// no device is known: then it may be of any device of the dwelling.
func (c *Case) concerns(r directory.Refusal) bool {
	if !c.MAC.IsZero() {
		return r.MAC == c.MAC
	}
	if c.Login == "" {
		return false
	}
	login, err := directory.ParseLogin(r.Login)
	return r.Login == c.Login || err == nil && login == c.Login
}

// findLogin takes the login that was asked for, else the one that the device
// used last: a device of a dwelling gets in by nothing else.
func (c *Case) findLogin(s *directory.Snapshot) {
	switch {
	case c.Login != "":
		c.ByLogin, c.LoginFrom = true, TrailAsked
		c.Dwelling = s.DwellingByLogin(c.Login)
	case c.sessionIsNewer() && c.Sessions[0].DwellingID != "":
		c.Dwelling = s.Dwelling(c.Sessions[0].DwellingID)
		if c.Dwelling != nil && c.Dwelling.Login != "" {
			c.ByLogin, c.LoginFrom, c.Login = true, TrailSession, c.Dwelling.Login
		}
	case !c.sessionIsNewer() && len(c.Attempts) > 0 && triedLogin(c.Attempts[0]):
		c.ByLogin, c.LoginFrom, c.Login = true, TrailAttempt, c.Attempts[0].Login
		if login, err := directory.ParseLogin(c.Login); err == nil {
			c.Login, c.Dwelling = login, s.DwellingByLogin(login)
		}
	}
}

// triedLogin reports whether a person's login and password were refused.
func triedLogin(r directory.Refusal) bool {
	switch r.Method {
	case MethodNone.String(), MethodMAC.String(), MethodTicket.String(), MethodOutlet.String():
		return false
	}
	_, err := directory.ParseMAC(r.Login)
	return r.Login != "" && err != nil
}

// sessionIsNewer reports whether the last that is known of the device is a
// session, not a refusal.
func (c *Case) sessionIsNewer() bool {
	return len(c.Sessions) > 0 && (len(c.Attempts) == 0 || !c.Attempts[0].At.After(c.Sessions[0].UpdatedAt))
}

func (c *Case) findPlace(s *directory.Snapshot, q Question) {
	switch {
	case q.AccessPoint != nil:
		c.stand(s, q.AccessPoint, TrailAsked)
		return
	case q.Zone != nil:
		c.Zone, c.PlaceFrom = q.Zone, TrailAsked
		return
	case c.sessionIsNewer():
		last := c.Sessions[0]
		if ap := s.AccessPoint(last.AccessPointID); ap != nil {
			c.stand(s, ap, TrailSession)
		} else if z := s.Zone(last.ZoneID); z != nil {
			c.Zone, c.PlaceFrom = z, TrailSession
		}
	case len(c.Attempts) > 0:
		last := c.Attempts[0]
		if ap := pointOf(s, last); ap != nil {
			c.stand(s, ap, TrailAttempt)
			break
		}
		c.PlaceFrom = TrailAttempt
		c.Zone, c.Residence = s.Zone(last.ZoneID), s.Residence(last.ResidenceID)
		if n := nasNamed(s, last.NAS); n != nil && c.Zone == nil && c.Residence == nil {
			c.Zone = s.Zone(n.ZoneID) // as RADIUS does where the access point is not known
		}
	}
	if c.PlaceFrom == "" && c.Dwelling != nil {
		if r := s.Residence(c.Dwelling.ResidenceID); r != nil {
			c.Residence, c.PlaceFrom = r, TrailDwelling
		}
	}
}

func (c *Case) stand(s *directory.Snapshot, ap *directory.AccessPoint, from Trail) {
	c.AccessPoint, c.PlaceFrom = ap, from
	c.Zone, c.Residence = s.Zone(ap.ZoneID), s.Residence(ap.ResidenceID)
}

// pointOf finds the access point that a refusal names. A name is not unique in
// a commune: it has to stand where the refusal was.
func pointOf(s *directory.Snapshot, r directory.Refusal) *directory.AccessPoint {
	if r.AccessPoint == "" {
		return nil
	}
	for _, ap := range s.AccessPoints() {
		if ap.Name == r.AccessPoint && ap.ZoneID == r.ZoneID && ap.ResidenceID == r.ResidenceID {
			return ap
		}
	}
	return nil
}

func (c *Case) findNAS(s *directory.Snapshot) {
	if c.AccessPoint != nil {
		c.NAS = s.NAS(c.AccessPoint.NASID)
	}
	if c.NAS != nil || len(c.Attempts) == 0 || c.PlaceFrom == TrailAsked {
		return
	}
	c.NAS = nasNamed(s, c.Attempts[0].NAS)
}

func nasNamed(s *directory.Snapshot, name string) *directory.NAS {
	for _, n := range s.NASes() {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Answer decides the case at now. A login is taken as given with its right
// password, because only the person knows what they type: whether the last
// attempt failed for its password is seen in Attempts.
func (c Case) Answer(s *directory.Snapshot, k Known, now time.Time) Answer {
	a := Answer{Case: c}
	if !c.ByLogin && c.PlaceFrom == "" {
		for _, z := range s.Zones() {
			a.Zones = append(a.Zones, ZoneAnswer{z, Explain(c.deviceFacts(s, z, k), now)})
		}
		if len(a.Zones) > 0 {
			return a
		}
	}
	if c.ByLogin {
		a.Facts = c.loginFacts(s, k)
	} else {
		a.Facts = c.deviceFacts(s, c.Zone, k)
	}
	a.Explanation = Explain(a.Facts, now)
	a.Mistyped = a.Reason.Accepted() && c.ByLogin && len(c.Attempts) > 0 && !c.sessionIsNewer() &&
		c.Attempts[0].Reason == WrongPassword.Key()
	a.Foreign = a.Reason == UnknownLogin && strings.Contains(c.Login, "@")
	switch {
	case a.Mistyped:
		a.Advice = AdvicePassword
	case a.Foreign:
		a.Advice = AdvicePartner
	}
	return a
}

// deviceFacts are what RADIUS gathers for a request with nothing but a MAC.
func (c Case) deviceFacts(s *directory.Snapshot, z *directory.Zone, k Known) Facts {
	f := Facts{
		Method: MethodMAC, Verified: true, MAC: c.MAC,
		AccessPoint: c.AccessPoint, Zone: z, Residence: c.Residence, NASID: c.nasID(),
	}
	if z != nil {
		f.Plan, f.Remembered = s.Plan(z.PlanID), k.Remembered(c.MAC, z.Terms)
	}
	return f
}

// loginFacts are what RADIUS gathers for a dwelling's login with its password.
func (c Case) loginFacts(s *directory.Snapshot, k Known) Facts {
	f := Facts{
		Method: MethodPAP, MAC: c.MAC, AccessPoint: c.AccessPoint, Zone: c.Zone, Residence: c.Residence,
		Dwelling: c.Dwelling, NASID: c.nasID(),
	}
	if c.Dwelling == nil {
		return f
	}
	f.Verified = !c.Dwelling.Password.IsZero() // an empty password never fits
	if r := s.Residence(c.Dwelling.ResidenceID); r != nil {
		f.Plan = s.Plan(r.PlanID)
	}
	if f.Plan != nil && f.Plan.DeviceSlots > 0 {
		f.OtherDevices = k.OtherDevices
	}
	return f
}

func (c Case) nasID() string {
	if c.NAS == nil {
		return ""
	}
	return c.NAS.ID
}
