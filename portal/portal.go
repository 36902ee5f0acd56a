// Package portal is what residents and tenants see: the welcome page of the
// city's WiFi, the page of a dwelling, and the RFC 8908 answer for phones.
//
// Nothing here knows what anybody owes. No page shows an amount, a reminder or
// a suspension, because there is no such thing for a resident.
package portal

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

//go:embed templates/*.html
var templates embed.FS

// Store is what the portal needs of the store.
type Store interface {
	// Accept records a consent and the device memory that comes with it.
	Accept(ctx context.Context, c directory.Consent) error
	// Forget drops the memory of a device.
	Forget(ctx context.Context, mac directory.MAC, terms string) error
	// OpenSessions lists open sessions, at most limit of them.
	OpenSessions(ctx context.Context, f accounting.Filter, limit int) ([]accounting.Session, error)
}

// Live is what the portal needs of what is shared for minutes.
type Live interface {
	// PutTicket keeps a ticket under the hash of its code.
	PutTicket(ctx context.Context, hash string, t directory.Ticket, ttl time.Duration) error
	// Allow counts one try of key against burst tries at once and one more
	// every so often; retry is how long to wait when it is not ok.
	Allow(ctx context.Context, key string, burst int, every time.Duration) (ok bool, retry time.Duration, err error)
}

// Options of New.
type Options struct {
	UI       *ui.UI
	Register *directory.Register
	// Key makes the hashes of tickets and cards, CookieKey signs cookies and
	// form tokens.
	Key, CookieKey directory.Key
	Store          Store
	Live           Live
	// PublicURL is the address of the portal as gateways know it (uamserver),
	// for example https://wifi.example.
	PublicURL string
	// Secure says that the portal is reached by HTTPS: cookies get Secure and
	// the __Host- prefix.
	Secure     bool
	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

type portal struct {
	Options
	public  string // PublicURL without a slash at its end
	pages   *ui.Pages
	metrics *metrics
}

// route is one row of the portal's routes; the tests walk them all.
type route struct {
	pattern string // of http.ServeMux
	name    string // label of the handler
	handler http.HandlerFunc
}

// New returns the handler of the whole portal listener.
func New(o Options) (http.Handler, error) {
	p, err := newPortal(o)
	if err != nil {
		return nil, err
	}
	return p.handler(), nil
}

func newPortal(o Options) (*portal, error) {
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the public URL %q is not an http or https address without query", o.PublicURL)
	}
	if o.UI == nil || o.Register == nil || o.Store == nil || o.Live == nil || o.Now == nil || o.Log == nil {
		return nil, errors.New("portal: an option is missing")
	}
	if o.Key == (directory.Key{}) || o.CookieKey == (directory.Key{}) {
		return nil, errors.New("portal: a key is empty")
	}
	p := &portal{Options: o, public: strings.TrimRight(o.PublicURL, "/")}
	p.pages, err = o.UI.Parse(templates)
	if err != nil {
		return nil, err
	}
	p.metrics, err = newMetrics(o.Registerer, o.Register)
	return p, err
}

func (p *portal) routes() []route {
	return []route{
		{"GET /{$}", "city", p.city},
		{"POST /connect", "connect", p.connect},
		{"GET /status", "status", p.status},
		{"POST /forget", "forget", p.forget},
		{"GET /terms", "terms", p.terms},
		{"GET /api/capport", "capport", p.capport},
		{"GET /home", "home", p.home},
		{"POST /home/login", "home_login", p.homeLogin},
		{"POST /home/logout", "home_logout", p.homeLogout},
		{"GET /healthz", "healthz", healthz},
		{"/", "not_found", func(w http.ResponseWriter, r *http.Request) { p.UI.Error(w, r, http.StatusNotFound) }},
	}
}

func (p *portal) handler() http.Handler {
	// A form of another site must not sign anybody in, out or up.
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.UI.Error(w, r, http.StatusForbidden)
	}))
	mux := http.NewServeMux()
	for _, r := range p.routes() {
		mux.Handle(r.pattern, p.UI.Wrap(r.name, origin.Handler(r.handler)))
	}
	mux.Handle("GET /static/", p.UI.Static())
	return mux
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// limit is a rate: burst tries at once, then one more every so often.
type limit struct {
	burst int
	every time.Duration
}

// counted is a limit and what it counts by.
type counted struct {
	key string
	limit
}

// allow counts a try against the limits in their order. At the first that has
// no tries left, or cannot be counted, it sends the page that says so and reports
// false, and those behind it are not touched: no fail-open. here is where the
// reader can try again.
func (p *portal) allow(w http.ResponseWriter, r *http.Request, here string, limits []counted) (ok bool, result string) {
	for _, l := range limits {
		ok, retry, err := p.Live.Allow(r.Context(), "portal/"+l.key, l.burst, l.every)
		if err != nil {
			p.Log.ErrorContext(r.Context(), "limit not counted", "error", err)
			p.sorry(w, r, http.StatusServiceUnavailable, here)
			return false, resultFailed
		}
		if !ok {
			w.Header().Set("Retry-After", strconv.FormatInt(int64(retry/time.Second)+1, 10))
			p.sorry(w, r, http.StatusTooManyRequests, here)
			return false, resultLimited
		}
	}
	return true, ""
}

// messagePage is the data of a page with one message.
type messagePage struct {
	Text string // key
	Back string // URL to try again; empty for none
}

// sorry sends the words for a status, with a way back.
func (p *portal) sorry(w http.ResponseWriter, r *http.Request, status int, here string) {
	key := "ui.error." + strconv.Itoa(status)
	p.pages.Render(w, r, status, "message", ui.View{
		TitleKey: key + ".title", Data: messagePage{key + ".text", here}, Here: here, Nav: links(""),
	})
}
