package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// Clients says what was seen of RADIUS clients.
type Clients interface {
	// Clients lists them in no order; those that were never seen may be missing.
	Clients(ctx context.Context) ([]ClientSeen, error)
}

// ClientSeen is what was seen of one RADIUS client. A zero instant means never,
// or not since this server was started: OldSecret alone is kept for longer, and
// told by the other servers too.
type ClientSeen struct {
	NASID string
	Heard time.Time
	// Unsigned is when a request without Message-Authenticator was last
	// answered, Refused when one was last dropped for the lack of it.
	Unsigned, Refused time.Time
	// Signs: it has proved that it signs, so what is auto counts as yes.
	Signs     bool
	OldSecret time.Time // when the old secret was last used
	Limited   time.Time // when requests beyond its share were last dropped
	// Connections is how many RADIUS over TLS connections it has.
	Connections int
}

// The postures of a RADIUS client against CVE-2024-3596, worst first.
const (
	postureUnsigned = "unsigned" // it need not sign, and does not
	postureRefused  = "refused"  // it must sign, and does not: it is not answered
	postureNo       = "no"       // it need not sign; nothing unsigned was seen
	postureAuto     = "auto"     // must sign once it has shown that it can
	postureYes      = "yes"
	postureTLS      = "tls" // certificates only: TLS signs
)

func postures() []string {
	return []string{postureUnsigned, postureRefused, postureNo, postureAuto, postureYes, postureTLS}
}

// client is one line of the page.
type client struct {
	*directory.NAS
	Seen    ClientSeen
	Posture string
	// StillOld: its old secret is valid, and was used since it has a new one.
	StillOld bool
}

// Red says that somebody has to do something about its signature.
func (c client) Red() bool {
	return c.Posture == postureUnsigned || c.Posture == postureRefused || c.Posture == postureNo
}

// Badge is the colour of the posture; the words say it too.
func (c client) Badge() string {
	switch {
	case c.Red():
		return "bad"
	case c.Posture == postureAuto:
		return "wait"
	}
	return "good"
}

// Address is the range that it asks from, one address without its length; empty
// when it is known by its certificate only.
func (c client) Address() string {
	switch {
	case !c.Prefix.IsValid():
		return ""
	case c.Prefix.IsSingleIP():
		return c.Prefix.Addr().String()
	}
	return c.Prefix.String()
}

// fingerprintShown is how many characters of a fingerprint tell it from others.
const fingerprintShown = len("sha256:") + 16

// Certificate is the name of its certificate, a fingerprint in short.
func (c client) Certificate() string {
	if strings.HasPrefix(c.TLSName, "sha256:") && len(c.TLSName) > fingerprintShown {
		return c.TLSName[:fingerprintShown] + "…"
	}
	return c.TLSName
}

func clientOf(n *directory.NAS, seen ClientSeen, now time.Time) client {
	if n.OldSecretUsed.After(seen.OldSecret) {
		seen.OldSecret = n.OldSecretUsed
	}
	c := client{NAS: n, Seen: seen}
	c.StillOld = !n.OldSecret.IsZero() && now.Before(n.OldSecretUntil) && !seen.OldSecret.IsZero()
	switch {
	case !n.Prefix.IsValid():
		c.Posture = postureTLS
	case n.Signature == directory.SignatureNo && !seen.Unsigned.IsZero(),
		n.Signature == directory.SignatureAuto && !seen.Unsigned.IsZero() && !seen.Signs:
		c.Posture = postureUnsigned
	// Anybody can send one unsigned packet in its name: what it does itself since
	// then counts more.
	case n.Signature != directory.SignatureNo && !seen.Refused.IsZero() && !seen.Heard.After(seen.Refused):
		c.Posture = postureRefused
	case n.Signature == directory.SignatureNo:
		c.Posture = postureNo
	case n.Signature == directory.SignatureAuto && !seen.Signs:
		c.Posture = postureAuto
	default:
		c.Posture = postureYes
	}
	return c
}

type nasView struct {
	Search                       search
	All, Red, StillOld, Flooding int // of all, whatever is searched
	List                         []client
	Pager                        pager
}

func (c *console) nas(w http.ResponseWriter, r *http.Request, u directory.User) {
	seen, err := c.Clients.Clients(r.Context())
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	byID := make(map[string]ClientSeen, len(seen))
	for _, one := range seen {
		byID[one.NASID] = one
	}
	v := nasView{Search: searchFor("console.nas.search", r.URL)}
	var list []client
	now := c.Now()
	for _, n := range c.Register.Snapshot().NASes() {
		row := clientOf(n, byID[n.ID], now)
		v.All++
		if row.Red() {
			v.Red++
		}
		if row.StillOld {
			v.StillOld++
		}
		if !row.Seen.Limited.IsZero() {
			v.Flooding++
		}
		if found(v.Search.Query, n.Name, row.Address(), n.TLSName, n.Dialect, n.Identifier) {
			list = append(list, row)
		}
	}
	order := postures()
	slices.SortFunc(list, func(a, b client) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Posture), slices.Index(order, b.Posture)),
			-compareBool(a.StillOld, b.StillOld), b.Seen.Limited.Compare(a.Seen.Limited),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID),
		)
	})
	v.List, v.Pager = page(list, r.URL)
	c.show(w, r, u, http.StatusOK, "nas", ui.View{TitleKey: "console.nas.title", Data: v})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
