package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// A gateway of no special kind redirects to
//
//	?nasid=N&mac=M[&ip=I][&ap=BSSID][&url=U][&res=R][&t=T&sig=S]
//
// and lets a browser through that comes to its LoginURL with username, password
// and dst. The portal sends it there with a redirect rather than a form that
// somebody would have to press or a script submit; what then stands in the URL
// is a ticket that works once, for a minute, for this device at this NAS.
//
// With a GatewaySecret the query must be signed: T is the Unix time in seconds,
// at most ten minutes off, and S is the hexadecimal HMAC-SHA256 of the raw query
// before "&sig=".

// linkLife is how far a signed link's time may be off in either direction.
const linkLife = 10 * time.Minute

func parseGeneric(raw string, s *directory.Snapshot, now time.Time) (Client, error) {
	signed, rest, _ := strings.Cut(raw, "&sig=")
	sig, _, _ := strings.Cut(rest, "&")
	q, err := split(signed)
	if err != nil {
		return Client{}, err
	}
	nas := s.NASByIdentifier(q["nasid"])
	if nas == nil || nas.Gateway != directory.GatewayGeneric {
		return Client{}, ErrUnknown
	}
	query := signed
	if !nas.GatewaySecret.IsZero() {
		err = genericSigned(signed, sig, q["t"], nas.GatewaySecret, now)
		if err != nil {
			return Client{}, err
		}
		query += "&sig=" + sig
	}
	c := Client{NAS: nas, SessionID: q["sessionid"], Query: query}
	err = q.device(&c)
	if err != nil {
		return Client{}, err
	}
	if c.UserURL == "" {
		c.UserURL = q["url"]
	}
	if ap, ok := q.get("ap"); ok {
		station, err := directory.ParseCalledStation(ap)
		if err != nil {
			return Client{}, fmt.Errorf("%w: ap", ErrIncomplete)
		}
		c.AccessPoint = locate(s, nas, station.BSSID, "")
	}
	c.State = NotYet
	if res, ok := q.get("res"); ok {
		c.State, err = coovaState(res) // the same words
		if err != nil {
			return Client{}, err
		}
	}
	c.base, err = url.Parse(nas.LoginURL)
	if err != nil || c.base.Host == "" || c.base.Scheme != "http" && c.base.Scheme != "https" {
		return Client{}, fmt.Errorf("%w: the NAS has no login URL", ErrIncomplete)
	}
	return c, nil
}

func genericSigned(signed, sig, t string, secret directory.Secret, now time.Time) error {
	got, err := hex.DecodeString(sig)
	if err != nil || !hmac.Equal(got, genericMAC(signed, secret)) {
		return ErrSignature
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: t", ErrIncomplete)
	}
	if off := now.Unix() - seconds; off > int64(linkLife/time.Second) || off < -int64(linkLife/time.Second) {
		return ErrExpired
	}
	return nil
}

func genericMAC(signed string, secret directory.Secret) []byte {
	h := hmac.New(sha256.New, []byte(secret.Reveal()))
	h.Write([]byte(signed))
	return h.Sum(nil)
}

// genericLogon keeps the parameters that LoginURL may hold already.
func (c Client) genericLogon(publicURL, user string, password directory.Secret, now time.Time) string {
	u := *c.base
	q := u.Query()
	q.Set("username", user)
	q.Set("password", password.Reveal())
	q.Set("dst", strings.TrimRight(publicURL, "/")+"/?"+c.genericReturn(now))
	u.RawQuery = q.Encode()
	return u.String()
}

// genericReturn is the query with which the gateway brings the browser back
// once it is through. The gateway cannot sign it, so we do.
func (c Client) genericReturn(now time.Time) string {
	raw := "nasid=" + url.QueryEscape(c.NAS.Identifier) + "&mac=" + c.MAC.String()
	if c.AccessPoint != nil && !c.AccessPoint.BSSID.IsZero() {
		raw += "&ap=" + c.AccessPoint.BSSID.String()
	}
	raw += "&res=" + string(Success)
	if c.NAS.GatewaySecret.IsZero() {
		return raw
	}
	raw += "&t=" + strconv.FormatInt(now.Unix(), 10)
	return raw + "&sig=" + hex.EncodeToString(genericMAC(raw, c.NAS.GatewaySecret))
}
