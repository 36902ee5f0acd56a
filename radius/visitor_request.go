package radius

import (
	"parvis/internal/access"
	"parvis/internal/directory"
	upstream "parvis/radius/client"
)

// forwarded is the Access-Request for the next hop. Identifier, Authenticator
// and Message-Authenticator are made anew with each sending; what the password
// is hidden with changes from the NAS's secret to the partner's.
func (s *Server) forwarded(q *inquiry) *upstream.Request {
	r := upstream.NewRequest(upstream.AccessRequest)
	r.Carry(upstream.UserName, q.attrs.Get(typeUserName)) // first: the password goes behind it
	named := false
	for _, a := range q.attrs {
		switch a.Type {
		case typeUserName, typeUserPassword, typeMessageAuthenticator:
			continue
		case typeOperatorName:
			named = true
		}
		r.Carry(upstream.Type(a.Type), a.Attribute)
	}
	var p proof
	p.read(q)
	switch p.method {
	case access.MethodPAP:
		if !p.malformed {
			r.Password(directory.NewSecret(string(p.password[:p.length])))
		}
	case access.MethodCHAP:
		// RFC 2865 §5.40: the Authenticator was the challenge, and is another at
		// the next hop.
		if _, there := q.attrs.Lookup(typeCHAPChallenge); !there {
			r.Bytes(upstream.CHAPChallenge, q.authenticator())
		}
	}
	return s.signed(r, named)
}

// signed adds what we say ourselves: who runs the access point, and that it has
// come through here, behind the Proxy-States of others (RFC 2865 §5.33).
func (s *Server) signed(r *upstream.Request, named bool) *upstream.Request {
	if name := s.o.Proxy.OperatorName(); name != "" && !named {
		r.Text(upstream.OperatorName, name)
	}
	return r.Bytes(upstream.ProxyState, s.proxyMark())
}

// forwardedAccounting is the Accounting-Request for the next hop: without our
// own Class, which is nobody else's business, and with the time at which it
// happened, because it may be sent late.
func (s *Server) forwardedAccounting(q *inquiry) *upstream.Request {
	r := upstream.NewRequest(upstream.AccountingRequest)
	named, timed := false, false
	for _, a := range q.attrs {
		switch a.Type {
		case typeMessageAuthenticator:
			continue
		case typeClass:
			if _, _, ours := parseClass(s.o.ClassKey, a.Attribute); ours {
				continue
			}
		case typeOperatorName:
			named = true
		case typeEventTimestamp:
			timed = true
		}
		r.Carry(upstream.Type(a.Type), a.Attribute)
	}
	if !timed {
		r.Time(upstream.EventTimestamp, happened(q.attrs, q.at))
	}
	return s.signed(r, named)
}
