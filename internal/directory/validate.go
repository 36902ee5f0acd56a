package directory

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The Validate methods hold what one noun says about itself, where data enters;
// whether the others that it names exist is for NewSnapshot and the store. Each
// thing that is wrong is one sentence; several are joined, one to a line.

// problems gathers what is wrong with one noun.
type problems struct {
	noun string // for example `zone "Port"`
	errs []error
}

func about(noun, name string) *problems {
	return &problems{noun: fmt.Sprintf("%s %q", noun, clip(name))}
}

func (p *problems) add(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s", p.noun, fmt.Sprintf(format, args...)))
}

func (p *problems) check(ok bool, format string, args ...any) {
	if !ok {
		p.add(format, args...)
	}
}

func (p *problems) take(err error) {
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s: %w", p.noun, err))
	}
}

func (p *problems) id(id string) { p.check(id != "", "the id is missing") }

func (p *problems) name(s string) {
	_, err := ParseName("name", s)
	p.take(err)
}

func (p *problems) err() error { return errors.Join(p.errs...) }

// longest is what an integer attribute of RADIUS can carry (RFC 2865 §5).
const longest = math.MaxUint32 * time.Second

// minInterim is the least Acct-Interim-Interval, RFC 2869 §5.16.
const minInterim = 60 * time.Second

// Validate reports what is wrong with the plan.
func (p Plan) Validate() error {
	e := about("plan", p.Name)
	e.id(p.ID)
	e.name(p.Name)
	e.check(p.VLAN <= 4094, "VLAN %d is not between 1 and 4094, or 0 for none", p.VLAN)
	e.check(p.DeviceSlots >= 0, "the number of devices is negative")
	for _, t := range []struct {
		what string
		d    time.Duration
	}{{"session time", p.SessionTime}, {"idle time", p.IdleTime}, {"interim interval", p.Interim}} {
		e.check(t.d >= 0 && t.d <= longest, "the %s %s is out of range", t.what, t.d)
		e.check(t.d%time.Second == 0, "the %s %s is not in whole seconds", t.what, t.d)
	}
	e.check(p.QuotaBytes <= math.MaxInt64, "the quota of %d bytes is out of range", p.QuotaBytes)
	if p.Role != "" {
		_, err := ParseName("role", p.Role)
		e.take(err)
	}
	e.check(p.Interim == 0 || p.Interim >= minInterim, "the interim interval %s is shorter than a minute", p.Interim)
	return e.err()
}

// Validate reports what is wrong with the zone.
func (z Zone) Validate() error {
	e := about("zone", z.Name)
	e.id(z.ID)
	e.name(z.Name)
	_, err := ParseSSID(z.SSID)
	e.take(err)
	e.check(z.PlanID != "", "it has no plan")
	e.check(z.Entry == EntryTap || z.Entry == EntryCard, "the entry %q is not known: use tap or card", clip(string(z.Entry)))
	_, err = ParseName("version of the terms", z.Terms)
	e.take(err)
	e.check(z.Remember >= time.Second && z.Remember <= longest,
		"the time for which a device is remembered must be at least a second")
	return e.err()
}

// minSecret is the shortest RADIUS secret that is taken: shorter ones fall to a
// search within hours of one packet being heard. RFC 2865 §3 prefers 16 octets.
const minSecret = 8

// Validate reports what is wrong with the NAS.
func (n NAS) Validate() error {
	e := about("NAS", n.Name)
	e.id(n.ID)
	e.name(n.Name)
	switch {
	case !n.Prefix.IsValid():
		e.check(n.TLSName != "", "it has no address and no certificate name")
	case n.Prefix.Addr().Is4In6() && n.Prefix.Bits() < 96:
		e.add("the range %s covers more than the IPv4 addresses: write it as IPv4", n.Prefix)
	case unmap(n.Prefix).Bits() == 0:
		e.add("the range %s is the whole internet", n.Prefix)
	}
	// A NAS that comes by TLS only has no use for a secret: RFC 6614 §2.3 fixes it.
	e.check(len(n.Secret.Reveal()) >= minSecret || !n.Prefix.IsValid() && n.Secret.IsZero(),
		"the secret is shorter than %d characters", minSecret)
	e.check(n.OldSecret.IsZero() == n.OldSecretUntil.IsZero(), "an old secret needs a last instant, and only then there is one")
	switch n.Signature {
	case "", SignatureYes, SignatureNo:
	case SignatureAuto:
		e.check(!n.Prefix.IsValid() || n.Prefix.IsSingleIP(),
			"the signature auto is for one address: in a range, one NAS that signs says nothing of the others")
	default:
		e.add("the signature %q is not known: use yes, auto or no", clip(string(n.Signature)))
	}
	e.check(n.TLSName == "" || tlsName(n.TLSName),
		"the certificate name %q is neither a DNS name in small letters nor sha256: and 64 hexadecimal digits", clip(n.TLSName))
	e.check(n.Dialect != "", "it has no dialect")
	switch n.Gateway {
	case GatewayNone:
	case GatewayCoova:
		e.check(!n.GatewaySecret.IsZero(), "a coova gateway needs its uamsecret")
	case GatewayGeneric:
		e.check(n.LoginURL != "", "a generic gateway needs a login URL")
	default:
		e.add("the gateway %q is not known: use coova or generic, or leave it empty", clip(n.Gateway))
	}
	e.check(n.LoginURL == "" || webURL(n.LoginURL), "the login URL %q is not an absolute http or https URL", clip(n.LoginURL))
	return e.err()
}

// tlsName reports whether s names a certificate: a DNS name, or a fingerprint.
func tlsName(s string) bool {
	if digits, ok := strings.CutPrefix(s, "sha256:"); ok {
		return len(digits) == 64 && strings.Trim(digits, "0123456789abcdef") == ""
	}
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}

// Validate reports what is wrong with the access point.
func (a AccessPoint) Validate() error {
	e := about("access point", a.Name)
	e.id(a.ID)
	e.name(a.Name)
	e.check((a.ZoneID == "") != (a.ResidenceID == ""), "it stands in exactly one zone or residence")
	e.check(!a.BSSID.IsZero() || a.Identifier != "", "it needs a BSSID or an identifier, else no packet is ever known to be its own")
	e.check(a.BSSID[0]&1 == 0, "the BSSID %s is a group address", a.BSSID)
	e.check(a.Capacity >= 0, "the capacity is negative")
	e.check(math.Abs(a.Latitude) <= 90, "the latitude %v is not between -90 and 90", a.Latitude)
	e.check(math.Abs(a.Longitude) <= 180, "the longitude %v is not between -180 and 180", a.Longitude)
	return e.err()
}

// Validate reports what is wrong with the operator.
func (o Operator) Validate() error {
	e := about("operator", o.Name)
	e.id(o.ID)
	e.name(o.Name)
	e.check(o.SIREN == "" || siren(o.SIREN), "the SIREN %q is not nine digits with a right check digit", clip(o.SIREN))
	return e.err()
}

// siren reports whether s is nine digits that pass Luhn's check, as INSEE gives them.
func siren(s string) bool {
	return len(s) == 9 && strings.Trim(s, "0123456789") == "" && luhn(s[:8]) == s[8]
}

// Validate reports what is wrong with the sector.
func (s Sector) Validate() error {
	e := about("sector", s.Name)
	e.id(s.ID)
	e.name(s.Name)
	e.check(s.OperatorID != "", "it has no operator")
	return e.err()
}

// Validate reports what is wrong with the agreement.
func (a Agreement) Validate() error {
	e := about("agreement", a.Reference)
	e.id(a.ID)
	e.check(a.SectorID != "", "it has no sector")
	e.check(a.Form == AgreementVote || a.Form == AgreementAccord, "the form %q is not known: use vote or accord", clip(a.Form))
	_, err := ParseName("reference", a.Reference)
	e.take(err)
	e.period(a.Period)
	return e.err()
}

// period checks one that must begin on a known day.
func (p *problems) period(d Period) {
	p.check(!d.From.IsZero(), "the first day is missing")
	p.order(d)
}

func (p *problems) order(d Period) {
	p.check(d.Until.IsZero() || d.From < d.Until, "it ends on %s, which is not after its first day %s", d.Until, d.From)
}

// Validate reports what is wrong with the residence.
func (r Residence) Validate() error {
	e := about("residence", r.Name)
	e.id(r.ID)
	e.name(r.Name)
	e.check(r.SectorID != "", "it has no sector")
	e.check(r.PlanID != "", "it has no plan")
	if r.SSID != "" {
		_, err := ParseSSID(r.SSID)
		e.take(err)
	}
	return e.err()
}

// Validate reports what is wrong with the dwelling.
func (d Dwelling) Validate() error {
	e := about("dwelling", d.Ref)
	e.id(d.ID)
	_, err := ParseName("operator's reference", d.Ref)
	e.take(err)
	e.check(d.ResidenceID != "", "it has no residence")
	if d.Login != "" {
		e.login(d.Login)
		e.check(!d.Password.IsZero(), "it has a login without a password")
	}
	e.order(d.Stock)
	return e.err()
}

// login checks a login that is to be kept. One that reads as a MAC address or a
// ticket would be taken for that on the RADIUS path, and never let anybody in.
func (p *problems) login(s string) {
	normal, err := ParseLogin(s)
	p.take(err)
	p.check(err != nil || normal == s, "the login %q is not in small letters", clip(s))
	_, err = ParseMAC(s)
	p.check(err != nil && !IsTicketCode(s), "the login %q has the form of a MAC address or a ticket", clip(s))
}

// maxPort is the longest attribute that could name a port, RFC 2865 §5.
const maxPort = 253

// Validate reports what is wrong with the outlet.
func (o Outlet) Validate() error {
	e := about("outlet", o.Port)
	e.id(o.ID)
	e.check(o.DwellingID != "", "it has no dwelling")
	e.check(o.NASID != "", "it has no NAS")
	e.check(o.Port != "", "it has no port")
	e.check(len(o.Port) <= 3*maxPort && utf8.ValidString(o.Port) && !strings.ContainsFunc(o.Port, unicode.IsControl),
		"the port is too long or holds a control character")
	return e.err()
}

// Validate reports what is wrong with the lease.
func (l Lease) Validate() error {
	e := about("lease", l.Ref)
	e.id(l.ID)
	_, err := ParseName("operator's reference", l.Ref)
	e.take(err)
	e.check(l.DwellingID != "", "it has no dwelling")
	e.period(l.Period)
	return e.err()
}

// Validate reports what is wrong with the card.
func (c Card) Validate() error {
	e := about("card", c.ID)
	e.id(c.ID)
	e.check(c.Hash != "", "it has no code")
	e.check(!c.Until.IsZero(), "it has no last day")
	return e.err()
}

// Validate reports what is wrong with the user.
func (u User) Validate() error {
	e := about("user", u.Name)
	e.id(u.ID)
	normal, err := ParseLogin(u.Name)
	e.take(err)
	e.check(err != nil || normal == u.Name, "the name is not in small letters")
	_, err = ParseRole(string(u.Role))
	e.take(err)
	e.check((u.Role == RoleOperator) == (u.OperatorID != ""), "an operator is set for the role operator, and only then")
	e.check(strings.HasPrefix(u.PasswordHash, "$argon2id$"), "the password is not kept as argon2id")
	return e.err()
}
