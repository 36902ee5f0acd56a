package directory

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
)

type validator interface{ Validate() error }

// with returns v changed by f, so that each row below is one change to a good noun.
func with[T any](v T, f func(*T)) T {
	f(&v)
	return v
}

var (
	goodPlan = Plan{ID: "i", Name: "City", VLAN: 4094, DeviceSlots: 5, SessionTime: 4 * time.Hour, Interim: time.Minute}
	goodZone = Zone{ID: "i", Name: "Port", SSID: "Parvis", PlanID: "p", Entry: EntryTap, Terms: "2026-01", Remember: 24 * time.Hour}
	goodNAS  = NAS{
		ID: "i", Name: "quay", Prefix: netip.MustParsePrefix("192.0.2.1/32"), Secret: NewSecret("parvis-demo"), Dialect: "generic",
		Gateway: GatewayGeneric, LoginURL: "http://192.0.2.1/login",
	}
	goodAP        = AccessPoint{ID: "i", Name: "mast", ZoneID: "z", BSSID: MAC{2, 1}, Latitude: 48.39, Longitude: -4.48}
	goodOperator  = Operator{ID: "i", Name: "Habitat", SIREN: "732829320"}
	goodSector    = Sector{ID: "i", OperatorID: "o", Name: "Nord"}
	goodAgreement = Agreement{ID: "i", SectorID: "s", Form: AgreementVote, Reference: "PV 12", Period: Period{From: 20000}}
	goodResidence = Residence{ID: "i", SectorID: "s", Name: "Les Tilleuls", PlanID: "p", SSID: "Tilleuls"}
	goodDwelling  = Dwelling{ID: "i", ResidenceID: "r", Ref: "A-1", Login: "logement-0001", Password: NewSecret("parvis-demo")}
	goodLease     = Lease{ID: "i", DwellingID: "d", Ref: "B-7", Period: Period{From: 20000, Until: 20001}}
	goodOutlet    = Outlet{ID: "i", DwellingID: "d", NASID: "n", Port: "ge-0/0/1"}
	goodCard      = Card{ID: "i", Hash: "h", Until: time.Unix(1, 0)}
	goodUser      = User{ID: "i", Name: "bailleur", Role: RoleOperator, OperatorID: "o", PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$a$b"}
)

func TestValidateAccepts(t *testing.T) {
	for _, v := range []validator{
		goodPlan, goodZone, goodNAS, goodAP, goodOperator, goodSector, goodAgreement, goodResidence, goodDwelling, goodLease, goodCard, goodUser, goodOutlet,
		with(goodPlan, func(p *Plan) { p.QuotaBytes, p.Role = math.MaxInt64, "public" }),
		with(goodNAS, func(n *NAS) { n.Signature = SignatureAuto }),
		with(goodNAS, func(n *NAS) { n.Prefix, n.Secret, n.TLSName = netip.Prefix{}, Secret{}, "gw-1.example.net" }),
		with(goodNAS, func(n *NAS) { n.TLSName = "sha256:" + strings.Repeat("0f", 32) }),
		with(goodNAS, func(n *NAS) { n.OldSecret, n.OldSecretUntil = NewSecret("x"), time.Unix(1, 0) }),
		Plan{ID: "i", Name: "Free"},
		with(goodZone, func(z *Zone) { z.Entry = EntryCard }),
		with(goodNAS, func(n *NAS) { n.Gateway, n.LoginURL = GatewayNone, "" }),
		with(goodNAS, func(n *NAS) { n.Gateway, n.GatewaySecret, n.LoginURL = GatewayCoova, NewSecret("x"), "" }),
		with(goodNAS, func(n *NAS) { n.Prefix = netip.MustParsePrefix("::ffff:192.0.2.0/120") }),
		with(goodAP, func(a *AccessPoint) { a.ZoneID, a.ResidenceID, a.BSSID, a.Identifier = "", "r", MAC{}, "mast" }),
		with(goodOperator, func(o *Operator) { o.SIREN = "" }),
		with(goodAgreement, func(a *Agreement) { a.Form, a.Period.Until = AgreementAccord, 20001 }),
		with(goodDwelling, func(d *Dwelling) { d.Login, d.Password = "", Secret{} }),
		with(goodUser, func(u *User) { u.Role, u.OperatorID = RoleAdmin, "" }),
	} {
		if err := v.Validate(); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, c := range []struct {
		v    validator
		want string // the one sentence
	}{
		{with(goodPlan, func(p *Plan) { p.ID = "" }), `plan "City": the id is missing`},
		{with(goodPlan, func(p *Plan) { p.Name = " " }), `plan " ": the name is empty`},
		{with(goodPlan, func(p *Plan) { p.VLAN = 4095 }), `plan "City": VLAN 4095 is not between 1 and 4094, or 0 for none`},
		{with(goodPlan, func(p *Plan) { p.DeviceSlots = -1 }), `plan "City": the number of devices is negative`},
		{with(goodPlan, func(p *Plan) { p.SessionTime = -time.Hour }), `plan "City": the session time -1h0m0s is out of range`},
		{with(goodPlan, func(p *Plan) { p.SessionTime = longest + time.Second }), `plan "City": the session time 1193046h28m16s is out of range`},
		{with(goodPlan, func(p *Plan) { p.IdleTime = time.Millisecond }), `plan "City": the idle time 1ms is not in whole seconds`},
		{with(goodPlan, func(p *Plan) { p.Interim = 59 * time.Second }), `plan "City": the interim interval 59s is shorter than a minute`},
		{with(goodZone, func(z *Zone) { z.SSID = "" }), `zone "Port": the SSID is empty`},
		{with(goodZone, func(z *Zone) { z.PlanID = "" }), `zone "Port": it has no plan`},
		{with(goodZone, func(z *Zone) { z.Entry = "form" }), `zone "Port": the entry "form" is not known: use tap or card`},
		{with(goodZone, func(z *Zone) { z.Terms = "" }), `zone "Port": the version of the terms is empty`},
		{with(goodZone, func(z *Zone) { z.Remember = 0 }), `zone "Port": the time for which a device is remembered must be at least a second`},
		{with(goodNAS, func(n *NAS) { n.Prefix = netip.Prefix{} }), `NAS "quay": it has no address and no certificate name`},
		{with(goodNAS, func(n *NAS) { n.Prefix = netip.MustParsePrefix("0.0.0.0/0") }), `NAS "quay": the range 0.0.0.0/0 is the whole internet`},
		{with(goodNAS, func(n *NAS) { n.Prefix = netip.MustParsePrefix("::ffff:0.0.0.0/96") }), `NAS "quay": the range ::ffff:0.0.0.0/96 is the whole internet`},
		{with(goodNAS, func(n *NAS) { n.Prefix = netip.MustParsePrefix("::ffff:0.0.0.0/90") }), `NAS "quay": the range ::ffff:0.0.0.0/90 covers more than the IPv4 addresses: write it as IPv4`},
		{with(goodNAS, func(n *NAS) { n.Secret = NewSecret("1234567") }), `NAS "quay": the secret is shorter than 8 characters`},
		{with(goodNAS, func(n *NAS) { n.Secret, n.TLSName = Secret{}, "gw.example.net" }), `NAS "quay": the secret is shorter than 8 characters`},
		{with(goodNAS, func(n *NAS) { n.Signature = "maybe" }), `NAS "quay": the signature "maybe" is not known: use yes, auto or no`},
		{with(goodNAS, func(n *NAS) { n.Signature, n.Prefix = SignatureAuto, netip.MustParsePrefix("192.0.2.0/24") }), `NAS "quay": the signature auto is for one address: in a range, one NAS that signs says nothing of the others`},
		{with(goodNAS, func(n *NAS) { n.OldSecret = NewSecret("x") }), `NAS "quay": an old secret needs a last instant, and only then there is one`},
		{with(goodNAS, func(n *NAS) { n.TLSName = "Gw.example.net" }), `NAS "quay": the certificate name "Gw.example.net" is neither a DNS name in small letters nor sha256: and 64 hexadecimal digits`},
		{with(goodNAS, func(n *NAS) { n.TLSName = "gw..net" }), `NAS "quay": the certificate name "gw..net" is neither a DNS name in small letters nor sha256: and 64 hexadecimal digits`},
		{with(goodNAS, func(n *NAS) { n.TLSName = "sha256:0F" }), `NAS "quay": the certificate name "sha256:0F" is neither a DNS name in small letters nor sha256: and 64 hexadecimal digits`},
		{with(goodPlan, func(p *Plan) { p.QuotaBytes = 1 << 63 }), `plan "City": the quota of 9223372036854775808 bytes is out of range`},
		{with(goodPlan, func(p *Plan) { p.Role = "a\n" + "b" }), `plan "City": the role "a\nb" holds a control character`},
		{with(goodOutlet, func(o *Outlet) { o.Port = "" }), `outlet "": it has no port`},
		{with(goodOutlet, func(o *Outlet) { o.Port = "a\x00" }), `outlet "a\x00": the port is too long or holds a control character`},
		{with(goodOutlet, func(o *Outlet) { o.DwellingID = "" }), `outlet "ge-0/0/1": it has no dwelling`},
		{with(goodOutlet, func(o *Outlet) { o.NASID = "" }), `outlet "ge-0/0/1": it has no NAS`},
		{with(goodNAS, func(n *NAS) { n.Dialect = "" }), `NAS "quay": it has no dialect`},
		{with(goodNAS, func(n *NAS) { n.Gateway = "magic" }), `NAS "quay": the gateway "magic" is not known: use coova or generic, or leave it empty`},
		{with(goodNAS, func(n *NAS) { n.Gateway = GatewayCoova }), `NAS "quay": a coova gateway needs its uamsecret`},
		{with(goodNAS, func(n *NAS) { n.LoginURL = "" }), `NAS "quay": a generic gateway needs a login URL`},
		{with(goodNAS, func(n *NAS) { n.LoginURL = "/login" }), `NAS "quay": the login URL "/login" is not an absolute http or https URL`},
		{with(goodNAS, func(n *NAS) { n.LoginURL = "javascript:alert(1)" }), `NAS "quay": the login URL "javascript:alert(1)" is not an absolute http or https URL`},
		{with(goodNAS, func(n *NAS) { n.LoginURL = "http://a:b@c/" }), `NAS "quay": the login URL "http://a:b@c/" is not an absolute http or https URL`},
		{with(goodNAS, func(n *NAS) { n.LoginURL = "http://:80/" }), `NAS "quay": the login URL "http://:80/" is not an absolute http or https URL`},
		{with(goodAP, func(a *AccessPoint) { a.ZoneID = "" }), `access point "mast": it stands in exactly one zone or residence`},
		{with(goodAP, func(a *AccessPoint) { a.ResidenceID = "r" }), `access point "mast": it stands in exactly one zone or residence`},
		{with(goodAP, func(a *AccessPoint) { a.BSSID = MAC{} }), `access point "mast": it needs a BSSID or an identifier, else no packet is ever known to be its own`},
		{with(goodAP, func(a *AccessPoint) { a.BSSID = MAC{1} }), `access point "mast": the BSSID 01-00-00-00-00-00 is a group address`},
		{with(goodAP, func(a *AccessPoint) { a.Capacity = -1 }), `access point "mast": the capacity is negative`},
		{with(goodAP, func(a *AccessPoint) { a.Latitude = math.NaN() }), `access point "mast": the latitude NaN is not between -90 and 90`},
		{with(goodAP, func(a *AccessPoint) { a.Longitude = 181 }), `access point "mast": the longitude 181 is not between -180 and 180`},
		{with(goodOperator, func(o *Operator) { o.SIREN = "732829321" }), `operator "Habitat": the SIREN "732829321" is not nine digits with a right check digit`},
		{with(goodOperator, func(o *Operator) { o.SIREN = "73282932 0" }), `operator "Habitat": the SIREN "73282932 0" is not nine digits with a right check digit`},
		{with(goodSector, func(s *Sector) { s.OperatorID = "" }), `sector "Nord": it has no operator`},
		{with(goodAgreement, func(a *Agreement) { a.SectorID = "" }), `agreement "PV 12": it has no sector`},
		{with(goodAgreement, func(a *Agreement) { a.Form = "" }), `agreement "PV 12": the form "" is not known: use vote or accord`},
		{with(goodAgreement, func(a *Agreement) { a.Reference = "" }), `agreement "": the reference is empty`},
		{with(goodAgreement, func(a *Agreement) { a.Period = Period{} }), `agreement "PV 12": the first day is missing`},
		{with(goodAgreement, func(a *Agreement) { a.Period.Until = 20000 }), `agreement "PV 12": it ends on 2024-10-04, which is not after its first day 2024-10-04`},
		{with(goodResidence, func(r *Residence) { r.SectorID = "" }), `residence "Les Tilleuls": it has no sector`},
		{with(goodResidence, func(r *Residence) { r.PlanID = "" }), `residence "Les Tilleuls": it has no plan`},
		{with(goodResidence, func(r *Residence) { r.SSID = "a\n" }), `residence "Les Tilleuls": the SSID "a\n" holds a control character`},
		{with(goodDwelling, func(d *Dwelling) { d.ResidenceID = "" }), `dwelling "A-1": it has no residence`},
		{with(goodDwelling, func(d *Dwelling) { d.Ref = "" }), `dwelling "": the operator's reference is empty`},
		{with(goodDwelling, func(d *Dwelling) { d.Login = "Logement" }), `dwelling "A-1": the login "Logement" is not in small letters`},
		{with(goodDwelling, func(d *Dwelling) { d.Login = "a b" }), `dwelling "A-1": the login "a b" holds ' ': use a–z, 0–9, dot, dash, underscore and @`},
		{with(goodDwelling, func(d *Dwelling) { d.Login = "02aabbccdd01" }), `dwelling "A-1": the login "02aabbccdd01" has the form of a MAC address or a ticket`},
		{with(goodDwelling, func(d *Dwelling) { d.Login = "ticket-abcdefghijklmnopqrstuvwxyz" }), `dwelling "A-1": the login "ticket-abcdefghijklmnopqrstuvwxyz" has the form of a MAC address or a ticket`},
		{with(goodDwelling, func(d *Dwelling) { d.Password = Secret{} }), `dwelling "A-1": it has a login without a password`},
		{with(goodDwelling, func(d *Dwelling) { d.Stock = Period{From: 9, Until: 8} }), `dwelling "A-1": it ends on 1970-01-09, which is not after its first day 1970-01-10`},
		{with(goodLease, func(l *Lease) { l.DwellingID = "" }), `lease "B-7": it has no dwelling`},
		{with(goodLease, func(l *Lease) { l.Period.From = 0 }), `lease "B-7": the first day is missing`},
		{with(goodCard, func(c *Card) { c.Hash = "" }), `card "i": it has no code`},
		{with(goodCard, func(c *Card) { c.Until = time.Time{} }), `card "i": it has no last day`},
		{with(goodUser, func(u *User) { u.Name = "Bailleur" }), `user "Bailleur": the name is not in small letters`},
		{with(goodUser, func(u *User) { u.Role, u.OperatorID = "root", "" }), `user "bailleur": "root" is not a role: use admin, network, operator or desk`},
		{with(goodUser, func(u *User) { u.OperatorID = "" }), `user "bailleur": an operator is set for the role operator, and only then`},
		{with(goodUser, func(u *User) { u.Role = RoleDesk }), `user "bailleur": an operator is set for the role operator, and only then`},
		{with(goodUser, func(u *User) { u.PasswordHash = "parvis-demo" }), `user "bailleur": the password is not kept as argon2id`},
	} {
		if err := c.v.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("%T: got %v\nwant %s", c.v, err, c.want)
		}
	}
}

func TestValidateSaysAllAtOnce(t *testing.T) {
	err := NAS{Secret: NewSecret("marker")}.Validate()
	if err == nil || strings.Count(err.Error(), "\n") < 4 {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "marker") {
		t.Error("the secret is in the error")
	}
}
