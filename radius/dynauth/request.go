package dynauth

import (
	"cmp"
	"net/netip"
	"time"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/radius/client"
	"parvis/radius/dialect"
)

// typeNASIPv6Address is RFC 3162 §2.1.
const typeNASIPv6Address client.Type = 95

// asked is a request that is ready to be sent.
type asked struct {
	kind    Kind
	instead bool
	request *client.Request

	// On the NAS's own connection.
	nasID string
	from  netip.Addr // of the session's accounting; invalid when it is not known

	// Over UDP, unless unreachable says why it cannot be.
	unreachable error
	to          netip.AddrPort
	secrets     []directory.Secret // the first is the one that the NAS should have
}

// prepare spells what is wanted of the session in the dialect of its NAS; a nil
// grant asks for its end.
func (c *Client) prepare(s accounting.Session, g *access.Grant, now time.Time) (asked, error) {
	if !s.Open() {
		return asked{}, ErrEnded
	}
	nas := c.o.Register.Snapshot().NAS(s.NASID)
	if nas == nil {
		return asked{}, ErrNASGone
	}
	spelled := dialect.DynAuth(nas.Dialect)
	a := asked{nasID: nas.ID, secrets: secrets(nas, now)}
	a.from, _ = netip.ParseAddr(s.NASAddress)
	to, err := address(nas, s)
	switch {
	case err != nil && c.o.Reverse == nil:
		return asked{}, err
	case err != nil:
		a.unreachable = err
	default:
		a.to = netip.AddrPortFrom(to, cmp.Or(nas.DynAuthPort, spelled.Port))
	}
	var change []byte
	if g != nil {
		change = changes(nas.Dialect, spelled, *g)
		a.instead = change == nil
	}
	code := client.DisconnectRequest
	if change != nil {
		a.kind, code = CoA, client.CoARequest
	}
	a.request = client.NewRequest(code)
	if !identify(a.request, spelled, nas, s, to, now) {
		return asked{}, ErrUnnamed
	}
	a.request.Encoded(change)
	return a, nil
}

// address is where the NAS listens: its own address, else the one that the
// session's accounting came from.
func address(nas *directory.NAS, s accounting.Session) (netip.Addr, error) {
	if nas.Prefix.IsSingleIP() {
		return nas.Prefix.Addr(), nil
	}
	if !nas.Prefix.IsValid() {
		return netip.Addr{}, ErrTLSOnly
	}
	from, err := netip.ParseAddr(s.NASAddress)
	if err != nil || !nas.Prefix.Contains(from) { // or it is from before the range was changed
		return netip.Addr{}, ErrNoAddress
	}
	return from, nil
}

// secrets are those that the NAS may have: while it is being given a new one,
// it may still have the old one.
func secrets(nas *directory.NAS, now time.Time) []directory.Secret {
	list := []directory.Secret{nas.Secret}
	if !nas.OldSecret.IsZero() && now.Before(nas.OldSecretUntil) {
		list = append(list, nas.OldSecret)
	}
	return list
}

// changes is what a CoA-Request says of the new rates; nil where the dialect
// has no words for them: a missing attribute is no change, so no limit cannot
// be said.
func changes(name string, d dialect.DynamicAuth, g access.Grant) []byte {
	if !d.CanChange || g.DownKbps == 0 || g.UpKbps == 0 {
		return nil
	}
	spell, ok := dialect.For(name)
	if !ok {
		return nil
	}
	return spell.AppendChange(nil, g)
}

// identify adds the attributes that name the session, those of the dialect and
// no other: hostapd answers 401 to one that it does not know, and a ZoneDirector
// refuses an Acct-Session-Id. It reports whether they name one session.
// Without the NAS's address in to, that one is left out.
func identify(r *client.Request, d dialect.DynamicAuth, nas *directory.NAS, s accounting.Session, to netip.Addr, now time.Time) (named bool) {
	for _, attribute := range d.Attributes {
		kind := client.Type(attribute.Type())
		switch attribute {
		case dialect.UserName:
			r.Text(kind, s.Login)
		case dialect.NASIPAddress:
			if to.Is6() {
				r.Bytes(typeNASIPv6Address, to.AsSlice())
			} else {
				r.IPv4(kind, to)
			}
		case dialect.NASIdentifier:
			r.Text(kind, nas.Identifier)
		case dialect.CallingStationID:
			if !s.MAC.IsZero() {
				r.Text(kind, s.MAC.String())
				named = true
			}
		case dialect.AcctSessionID:
			r.Text(kind, s.AcctSessionID)
			named = named || s.AcctSessionID != ""
		case dialect.EventTimestamp:
			r.Time(kind, now)
		case dialect.MessageAuthenticator, dialect.FramedIP, dialect.AcctMultiSessionID:
			// The first is in every request of package client; a session keeps
			// neither of the others.
		}
	}
	return named
}
