package gateway

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// parseCoova reads a redirect of CoovaChilli (UAM). uspot speaks the same, with
// "reject" for a failure.
func parseCoova(publicURL, raw string, s *directory.Snapshot) (Client, error) {
	signed, rest, ok := strings.Cut(raw, "&md=")
	if !ok {
		return Client{}, fmt.Errorf("%w: md is not there", ErrSignature)
	}
	md, _, _ := strings.Cut(rest, "&")
	q, err := split(signed) // nothing behind the signature counts
	if err != nil {
		return Client{}, err
	}
	nas, called := coovaNAS(q, s)
	if nas == nil {
		return Client{}, ErrUnknown
	}
	if !coovaSigned(publicURL, signed, md, nas.GatewaySecret) {
		return Client{}, ErrSignature
	}
	c := Client{
		NAS: nas, SessionID: q["sessionid"], Query: signed + "&md=" + md,
		AccessPoint: locate(s, nas, called, q["nasid"]),
	}
	err = q.device(&c)
	if err != nil {
		return Client{}, err
	}
	c.State, err = coovaState(q["res"])
	if err != nil {
		return Client{}, err
	}
	c.base, err = coovaBase(q)
	if err != nil {
		return Client{}, err
	}
	if text, ok := q.get("challenge"); ok { // absent with nochallenge
		c.challenge, err = hex.DecodeString(text)
		if err != nil || len(c.challenge) != md5.Size {
			return Client{}, fmt.Errorf("%w: challenge", ErrIncomplete)
		}
	}
	if text, ok := q.get("timeleft"); ok {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return Client{}, fmt.Errorf("%w: timeleft", ErrIncomplete)
		}
		c.TimeLeft = time.Duration(seconds) * time.Second
	}
	return c, nil
}

// coovaNAS finds the gateway by its NAS-Identifier, else by its own address.
func coovaNAS(q params, s *directory.Snapshot) (*directory.NAS, directory.MAC) {
	var called directory.MAC
	if station, err := directory.ParseCalledStation(q["called"]); err == nil {
		called = station.BSSID
	}
	nas := s.NASByIdentifier(q["nasid"])
	if nas == nil {
		if ap := s.FindAccessPoint(called, ""); ap != nil {
			nas = s.NAS(ap.NASID)
		}
	}
	if nas == nil || nas.Gateway != directory.GatewayCoova {
		return nil, called
	}
	return nas, called
}

// coovaSigned checks md = MD5(URL as sent, up to "&md=" ‖ uamsecret). The URL is
// the configured one, never the request's Host: a browser and a proxy rewrite
// that. Whether the gateway's uamserver ends with a slash is its own affair.
func coovaSigned(publicURL, signed, md string, secret directory.Secret) bool {
	got, err := hex.DecodeString(md)
	if err != nil || secret.IsZero() {
		return false // a gateway without uamsecret cannot be told from anybody else
	}
	base := strings.TrimRight(publicURL, "/")
	ok := false
	for _, query := range []string{signed, quotes.Replace(signed), marks.Replace(signed)} {
		for _, prefix := range []string{base + "/?", base + "?"} {
			want := md5.Sum([]byte(prefix + query + secret.Reveal()))
			if hmac.Equal(got, want[:]) {
				ok = true
			}
		}
	}
	return ok
}

// CoovaChilli sends ' ( ) as they are, in an SSID for example. A browser
// encodes the quote on its way (WHATWG URL, special-query percent-encode set),
// and html/template all three in a link.
var (
	quotes = strings.NewReplacer("%27", "'")
	marks  = strings.NewReplacer("%27", "'", "%28", "(", "%29", ")")
)

func coovaState(res string) (State, error) {
	switch res {
	case "notyet", "wispr":
		return NotYet, nil
	case "success":
		return Success, nil
	case "failed", "reject":
		return Failed, nil
	case "already", "status":
		return Already, nil
	case "logoff":
		return Logoff, nil
	}
	return "", fmt.Errorf("%w: res", ErrIncomplete)
}

func coovaBase(q params) (*url.URL, error) {
	ip, err := netip.ParseAddr(q["uamip"])
	if err != nil || ip.Zone() != "" {
		return nil, fmt.Errorf("%w: uamip", ErrIncomplete)
	}
	port, err := strconv.ParseUint(q["uamport"], 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("%w: uamport", ErrIncomplete)
	}
	return &url.URL{Scheme: "http", Host: netip.AddrPortFrom(ip, uint16(port)).String()}, nil
}

// coovaLogon answers the challenge by CHAP, so that not even a ticket's
// password travels: chal2 = MD5(challenge ‖ uamsecret), response =
// MD5(ident ‖ password ‖ chal2) with ident 0. A gateway set to nochallenge
// only takes the password in clear.
func (c Client) coovaLogon(user string, password directory.Secret) string {
	q := "username=" + url.QueryEscape(user)
	if c.challenge == nil {
		q += "&password=" + url.QueryEscape(password.Reveal())
	} else {
		chal2 := md5.Sum(append(append([]byte(nil), c.challenge...), c.NAS.GatewaySecret.Reveal()...))
		response := md5.Sum(append(append([]byte{0}, password.Reveal()...), chal2[:]...))
		q += "&response=" + hex.EncodeToString(response[:])
	}
	if c.UserURL != "" {
		q += "&userurl=" + url.QueryEscape(c.UserURL)
	}
	return c.Origin() + "/logon?" + q
}
