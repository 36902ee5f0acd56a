package dialect

// DynamicAuth is how a family is told to end or to change a session, RFC 5176.
type DynamicAuth struct {
	// Port is the UDP port that it listens on unless it was set up otherwise.
	Port uint16
	// CanChange reports whether the rates of a running session follow a
	// CoA-Request with what Dialect.AppendChange writes. Where it is false, and
	// where the new grant has no limit in a direction, disconnect instead: the
	// device comes back and gets the new grant. (No attribute means no limit in
	// an Access-Accept, but no change in a CoA-Request.)
	CanChange bool
	// Attributes are those, and the only ones, that name the session, in this
	// order. One whose value is not known is left out.
	Attributes []Identify
	// Notes is for people: what is odd about this family.
	Notes string
}

// Has reports whether the family wants or needs that attribute.
func (d DynamicAuth) Has(a Identify) bool {
	for _, have := range d.Attributes {
		if have == a {
			return true
		}
	}
	return false
}

// Identify is an attribute of a Disconnect-Request or CoA-Request. The first
// ones name the NAS and the session, RFC 5176 §3; the last two say that the
// request is new and ours.
type Identify uint8

// MessageAuthenticator is first in the packet wherever it stands in the list.
const (
	MessageAuthenticator Identify = iota // 80, RFC 5176 §3.4
	UserName                             // 1, as in the accounting of the session
	NASIPAddress                         // 4, or NAS-IPv6-Address 95
	NASIdentifier                        // 32, as in the accounting of the session
	FramedIP                             // 8
	CallingStationID                     // 31, in the form that the NAS uses itself
	AcctSessionID                        // 44
	AcctMultiSessionID                   // 50
	EventTimestamp                       // 55, RFC 5176 §3.3: the NAS has a window of 300 s
	identifyCount
)

// String returns the attribute's name.
func (i Identify) String() string {
	if i >= identifyCount {
		return "unknown"
	}
	return [identifyCount]string{
		"Message-Authenticator", "User-Name", "NAS-IP-Address", "NAS-Identifier", "Framed-IP-Address",
		"Calling-Station-Id", "Acct-Session-Id", "Acct-Multi-Session-Id", "Event-Timestamp",
	}[i]
}

// Type returns the RADIUS attribute type; NASIPAddress is the IPv4 one.
func (i Identify) Type() byte {
	if i >= identifyCount {
		return 0
	}
	return [identifyCount]byte{80, 1, 4, 32, 8, 31, 44, 50, 55}[i]
}

// dynAuthPort: RFC 5176 §2. ciscoDynAuthPort is what came before it.
const (
	dynAuthPort      = 3799
	ciscoDynAuthPort = 1700
)

// DynAuth returns the dynamic authorisation of the dialect of that name, and the
// generic one's when there is none of that name.
func DynAuth(name string) DynamicAuth {
	switch name {
	case "coova":
		return DynamicAuth{
			Port: dynAuthPort, CanChange: true,
			Attributes: []Identify{MessageAuthenticator, UserName, AcctSessionID},
			Notes:      "chilli needs coaport and looks for User-Name; it answers nothing to an address other than its RADIUS servers' unless coanoipcheck is set. uspot takes Disconnect only.",
		}
	case "hostapd":
		return DynamicAuth{
			Port:       dynAuthPort,
			Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID, EventTimestamp},
			Notes:      "Disconnect only. NAS-Port and Proxy-State are refused (401), no session is 503, several are 508. User-Name is not sent: hostapd compares it with the outer identity.",
		}
	case "mikrotik":
		return DynamicAuth{
			Port: dynAuthPort, CanChange: true,
			Attributes: []Identify{MessageAuthenticator, UserName, FramedIP, AcctSessionID},
			Notes:      "needs /radius incoming set accept=yes. The port was 1700 before RouterOS 6. Address and pool cannot be changed.",
		}
	case "cisco":
		return DynamicAuth{
			Port: ciscoDynAuthPort, CanChange: true,
			Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID},
			Notes:      "a change is subscriber:command=reauthenticate: the controller asks again and gets the new grant. Every attribute sent must match. Some releases ignore the CoA-Request and take a Disconnect (PacketFence #1819).",
		}
	case "aruba":
		return DynamicAuth{
			Port:       dynAuthPort,
			Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID, EventTimestamp},
			Notes:      "needs an RFC 3576 server (dynamic authorisation) in the profile. A rate belongs to a role there.",
		}
	case "ruckus":
		return DynamicAuth{
			Port:       dynAuthPort,
			Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID},
			Notes:      "ZoneDirector refuses a Disconnect with Acct-Session-Id (PacketFence #1971), so it is never sent.",
		}
	case "unifi":
		return DynamicAuth{
			Port:       dynAuthPort,
			Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID, EventTimestamp},
			Notes:      "the access point listens, not the controller, and only when the RADIUS profile says so. Disconnect only, as in hostapd.",
		}
	case "omada":
		return DynamicAuth{
			Port:       dynAuthPort,
			Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID},
			Notes:      "needs CoA switched on in the RADIUS profile; ended sessions only.",
		}
	case "meraki":
		return DynamicAuth{
			Port:       ciscoDynAuthPort,
			Attributes: []Identify{MessageAuthenticator, CallingStationID, AcctSessionID},
			Notes:      "the access point listens, and only with CoA support switched on for the SSID. With sign-on splash RADIUS comes from the cloud, which takes no such request.",
		}
	case "cambium":
		return DynamicAuth{
			Port:       dynAuthPort,
			Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID, EventTimestamp},
			Notes:      "needs dynamic authorisation switched on for the WLAN.",
		}
	}
	return DynamicAuth{
		Port:       dynAuthPort,
		Attributes: []Identify{MessageAuthenticator, UserName, CallingStationID, AcctSessionID},
		Notes:      "Disconnect only: not every product that understands WISPr takes a rate by CoA-Request.",
	}
}
