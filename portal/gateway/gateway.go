// Package gateway knows how each kind of gateway hands a browser over to the
// portal, and how the browser goes back through it: one file for each kind.
//
// Nothing that a query says is believed before the NAS that it names is found
// and, where that kind of gateway signs, the signature is right. The address
// that a browser is sent to comes from the signed part of the query or from the
// configuration; otherwise the portal would be an open redirector that gives
// tickets away.
package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"parvis/internal/directory"
)

// Why a query is not accepted. Each has a page of its own; none redirects.
var (
	ErrAbsent     = errors.New("no gateway parameters")
	ErrUnknown    = errors.New("no gateway of ours has that name")
	ErrSignature  = errors.New("the signature is not right")
	ErrExpired    = errors.New("the link is too old")
	ErrIncomplete = errors.New("a parameter is missing or malformed")
)

// State is what a gateway says about the browser that it sends.
type State string

// The states.
const (
	NotYet  State = "notyet"  // not let through
	Success State = "success" // let through just now
	Failed  State = "failed"  // RADIUS refused
	Already State = "already" // let through before
	Logoff  State = "logoff"  // signed out just now
)

// Client is a device at a gateway, checked.
type Client struct {
	NAS *directory.NAS
	// AccessPoint is where the device is; nil when the gateway names none that
	// is known to belong to it.
	AccessPoint *directory.AccessPoint
	MAC         directory.MAC
	IP          netip.Addr // inside the gateway's network; zero when not given
	SessionID   string     // Acct-Session-Id; may be empty
	UserURL     string     // where the reader wanted to go; handed back, never stored
	State       State
	// TimeLeft is what the gateway says is left; 0 when it says nothing.
	TimeLeft time.Duration
	// Query is the raw query that was checked, without what was added behind
	// its signature. It opens the same page again.
	Query string

	challenge []byte   // CoovaChilli only
	base      *url.URL // of the gateway: for CoovaChilli http://uamip:uamport, else LoginURL
}

// Parse reads the raw query with which a browser came to publicURL, the
// configured address of the portal (with or without a slash at its end).
// The errors are those above, wrapped.
func Parse(publicURL, rawQuery string, s *directory.Snapshot, now time.Time) (Client, error) {
	q, err := split(rawQuery)
	if err != nil {
		return Client{}, err
	}
	// With uamhomepage CoovaChilli wraps the whole URL, signature and all.
	if login, ok := q.get("loginurl"); ok {
		_, inner, ok := strings.Cut(login, "?")
		if !ok || strings.Contains(inner, "loginurl=") {
			return Client{}, fmt.Errorf("%w: loginurl", ErrIncomplete)
		}
		rawQuery = inner
		q, err = split(rawQuery)
		if err != nil {
			return Client{}, err
		}
	}
	switch {
	case q.has("uamip"), q.has("md"), q.has("challenge"):
		return parseCoova(publicURL, rawQuery, s)
	case q.has("nasid") && q.has("mac"):
		return parseGeneric(rawQuery, s, now)
	}
	return Client{}, ErrAbsent
}

// Origin is where the browser goes when it goes back, for form-action.
func (c Client) Origin() string { return c.base.Scheme + "://" + c.base.Host }

// LogonURL is where the browser proves itself to the gateway with a ticket.
// publicURL is where a gateway that has to be told sends it afterwards.
func (c Client) LogonURL(publicURL, user string, password directory.Secret, now time.Time) string {
	if c.NAS.Gateway == directory.GatewayCoova {
		return c.coovaLogon(user, password)
	}
	return c.genericLogon(publicURL, user, password, now)
}

// Signed reports whether what the query says of the device came from the
// gateway, and not just from anybody who knows its name.
func (c Client) Signed() bool { return !c.NAS.GatewaySecret.IsZero() }

// LogoffURL signs the device out at the gateway; empty when its kind has no
// address for that.
func (c Client) LogoffURL() string {
	if c.NAS.Gateway != directory.GatewayCoova {
		return ""
	}
	return c.Origin() + "/logoff"
}

// locate finds the access point, and forgets it when it belongs to another NAS:
// a gateway speaks only for its own places. (An access point may be bound to
// no NAS at all.)
func locate(s *directory.Snapshot, nas *directory.NAS, bssid directory.MAC, identifier string) *directory.AccessPoint {
	ap := s.FindAccessPoint(bssid, identifier)
	if ap == nil || ap.NASID != "" && ap.NASID != nas.ID {
		return nil
	}
	return ap
}

// maxQuery bounds a query, in octets. CoovaChilli sends under 2,048.
const maxQuery = 8 << 10

// params are the parameters of a raw query, the first of each name. Unlike
// url.Values it refuses what it cannot decode.
type params map[string]string

func split(raw string) (params, error) {
	if len(raw) > maxQuery {
		return nil, fmt.Errorf("%w: the query is longer than %d octets", ErrIncomplete, maxQuery)
	}
	p := params{}
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrIncomplete, err)
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrIncomplete, err)
		}
		if _, there := p[name]; !there {
			p[name] = value
		}
	}
	return p, nil
}

func (p params) get(name string) (string, bool) {
	v, ok := p[name]
	return v, ok && v != ""
}

func (p params) has(name string) bool {
	_, ok := p[name]
	return ok
}

// device reads what both kinds of gateway say in the same way.
func (p params) device(c *Client) error {
	var err error
	c.MAC, err = directory.ParseMAC(p["mac"])
	if err != nil || c.MAC.IsZero() {
		return fmt.Errorf("%w: mac", ErrIncomplete)
	}
	c.UserURL = p["userurl"]
	if ip, ok := p.get("ip"); ok {
		c.IP, err = netip.ParseAddr(ip)
		if err != nil {
			return fmt.Errorf("%w: ip", ErrIncomplete)
		}
	}
	return nil
}
