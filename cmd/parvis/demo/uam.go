package demo

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"parvis/internal/directory"
)

// toPortal redirects with chilli's parameters, in chilli's order.
func (g *Gateway) toPortal(w http.ResponseWriter, r *http.Request, p *phone, res, userURL string) {
	var q uamQuery
	q.add("res", res)
	q.add("uamip", g.o.Listen.Addr().String())
	q.add("uamport", strconv.Itoa(int(g.o.Listen.Port())))
	if !p.in() && p.session != "" {
		q.add("challenge", hex.EncodeToString(p.challenge[:]))
	}
	q.add("called", g.o.Called.String())
	if p.in() {
		q.add("uid", p.user)
		if left := p.left(g.o.Now()); !p.until.IsZero() {
			q.add("timeleft", strconv.Itoa(int(left.Seconds())))
		}
	}
	q.add("mac", p.mac.String())
	q.add("ip", p.ip.String())
	if res == "failed" && p.reply != "" {
		q.add("reply", p.reply)
	}
	if res == "status" {
		q.add("starttime", strconv.FormatInt(p.started.Unix(), 10))
		q.add("sessiontime", strconv.Itoa(int(g.o.Now().Sub(p.started).Seconds())))
	}
	q.add("ssid", g.o.SSID)
	q.add("nasid", g.o.NASID)
	q.add("sessionid", p.session)
	q.add("userurl", userURL) // chilli sends it empty, too
	// Not http.Redirect, which would clean the URL after it has been signed.
	w.Header().Set("Location", signed(g.o.PortalURL, q.String(), g.o.UAMSecret))
	w.WriteHeader(http.StatusFound)
}

// signed appends md, the upper-case hex of MD5 over the whole URL as sent, up
// to "&md=", and the uamsecret.
func signed(portalURL, query string, secret directory.Secret) string {
	whole := portalURL + "?" + query
	sum := md5.Sum([]byte(whole + secret.Reveal()))
	return whole + "&md=" + fmt.Sprintf("%X", sum)
}

// uamQuery is a query in the order of its making, escaped as chilli does it:
// with lower-case digits, which a re-encoding by net/url would turn into others
// and so break md.
type uamQuery struct{ strings.Builder }

func (q *uamQuery) add(name, value string) {
	if q.Len() > 0 {
		q.WriteByte('&')
	}
	q.WriteString(name)
	q.WriteByte('=')
	for i := range len(value) {
		c := value[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.", c) >= 0:
			q.WriteByte(c)
		default:
			fmt.Fprintf(q, "%%%02x", c)
		}
	}
}

var errResponse = errors.New("the response is not 32 hexadecimal digits")

// readResponse reads the CHAP answer: response = hex(MD5(ident ‖ password ‖
// chal2)), ident one byte, 0 when it is not given.
func readResponse(q url.Values) (ident byte, response [16]byte, err error) {
	if text := q.Get("ident"); text != "" {
		n, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return 0, response, fmt.Errorf("the ident: %w", err)
		}
		ident = byte(n)
	}
	b, err := hex.DecodeString(q.Get("response"))
	if err != nil || len(b) != len(response) {
		return 0, response, errResponse
	}
	return ident, [16]byte(b), nil
}
