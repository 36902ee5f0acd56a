package commune

import (
	"cmp"
	"crypto/rand"
	"math"
	"net/netip"
	"strings"

	"parvis/internal/directory"
	"parvis/radius/dialect"
)

func (rd *reader) plan(r *row) {
	i := rd.plans.take(r, "", r.text("name"))
	i.noun = directory.Plan{
		ID: i.id, Name: i.name,
		DownKbps: uint32(r.whole("down_kbps", math.MaxUint32)), UpKbps: uint32(r.whole("up_kbps", math.MaxUint32)),
		VLAN: uint16(r.whole("vlan", math.MaxUint16)), DeviceSlots: int(r.whole("device_slots", math.MaxInt32)),
		SessionTime: r.duration("session_time"), IdleTime: r.duration("idle_time"), Interim: r.duration("interim"),
		QuotaBytes: uint64(r.whole("quota_bytes", math.MaxInt64)), Role: r.text("role"),
	}
	r.done(i.noun.Validate())
}

func (rd *reader) zone(r *row) {
	i := rd.zones.take(r, "", r.text("name"))
	i.noun = directory.Zone{
		ID: i.id, Name: i.name, SSID: r.text("ssid"), PlanID: lookup(r, rd.plans, "plan", "").id,
		Entry: directory.Entry(r.text("entry")), Terms: r.text("terms"), Remember: r.duration("remember"),
	}
	r.done(i.noun.Validate())
}

func (rd *reader) nas(r *row) {
	i := rd.nases.take(r, "", r.text("name"))
	n := i.noun // its secrets stay where the file names none
	n.ID, n.Name = i.id, i.name
	n.Prefix, n.TLSName = r.prefix("address"), strings.ToLower(r.text("tls_name"))
	n.Dialect = r.dialect("dialect")
	n.Signature = cmp.Or(directory.Signature(r.text("signature")), directory.SignatureYes)
	if n.Signature == directory.SignatureAuto && i.was.Signature == directory.SignatureYes {
		n.Signature = directory.SignatureYes // auto has become yes by itself: it stays so
	}
	n.Identifier, n.ZoneID = r.text("identifier"), lookup(r, rd.zones, "zone", "").id
	n.Gateway, n.LoginURL = r.text("gateway"), r.text("login_url")
	n.DynAuthPort = uint16(r.whole("coa_port", math.MaxUint16))
	n.GatewaySecret = r.secret("gateway_secret_file", n.GatewaySecret)
	n.MACPassword = r.secret("mac_password_file", n.MACPassword)
	n.Secret = r.secret("secret_file", n.Secret)
	if !n.OldSecret.IsZero() && n.Secret == n.OldSecret && n.Secret != i.was.Secret {
		r.add("secret_file", "this is the secret from before the last change: write the present one there, or leave the key out")
	}
	if n.Secret.IsZero() && n.Prefix.IsValid() {
		n.Secret = directory.NewSecret(rand.Text()) // 130 random bits
		rd.secrets = append(rd.secrets, Secret{n.Name, n.Secret})
	}
	i.noun = n
	r.done(n.Validate())
}

// prefix is one address or a range, in the one spelling that the store keeps.
func (r *row) prefix(key string) netip.Prefix {
	s := r.text(key)
	if s == "" {
		return netip.Prefix{}
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		r.add(key, "%q is neither an address (192.0.2.1) nor a range (192.0.2.0/24)", clip(s))
		return netip.Prefix{}
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

func (r *row) dialect(key string) string {
	s := r.text(key)
	d, ok := dialect.For(s)
	if !ok {
		r.say(key, "there is no dialect %q: there are %s", clip(s), strings.Join(dialect.Names(), ", "))
		return unknown
	}
	return d.Name()
}

func (rd *reader) accessPoint(r *row) {
	i := rd.accessPoints.take(r, "", r.text("name"))
	a := directory.AccessPoint{
		ID: i.id, Name: i.name, NASID: lookup(r, rd.nases, "nas", "").id, Identifier: r.text("identifier"),
		ZoneID:      lookup(r, rd.zones, "zone", "").id,
		ResidenceID: lookup(r, rd.residences, "residence", rd.operatorID(r)).id,
		Vendor:      r.text("vendor"), Model: r.text("model"), Capacity: int(r.whole("capacity", math.MaxInt32)),
		Latitude: r.degrees("latitude"), Longitude: r.degrees("longitude"), Enabled: r.truth("enabled", true),
	}
	if s := r.text("bssid"); s != "" {
		var err error
		if a.BSSID, err = directory.ParseMAC(s); err != nil {
			r.add("bssid", "%v", err)
		}
	}
	i.noun = a
	r.done(a.Validate())
}

func (rd *reader) outlet(r *row) {
	nas := lookup(r, rd.nases, "nas", "")
	i := rd.outlets.take(r, nas.id, r.text("port"))
	i.noun = directory.Outlet{
		ID: i.id, NASID: nas.id, Port: i.name,
		DwellingID: lookup(r, rd.dwellings, "dwelling", rd.operatorID(r)).id,
	}
	r.done(i.noun.Validate())
}
