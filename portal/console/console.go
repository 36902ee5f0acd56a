package console

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

//go:embed templates/*.html
var templates embed.FS

// Options of New. Registerer may be nil, everything else is needed.
type Options struct {
	UI       *ui.UI
	Store    Store
	Logins   Logins
	Live     Live
	Register *directory.Register
	Charges  Charges
	Health   Health
	Sessions Sessions
	Clients  Clients
	// Now gives the instant and, by its location, the civil date.
	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
	// Secure says that the console is reached by HTTPS: its cookie gets Secure
	// and the __Host- prefix, and the browser is told to stay with HTTPS.
	Secure bool
}

type console struct {
	Options
	pages  *ui.Pages
	hashes *gate
	// nobody is the hash of a password that nobody knows: a name that does not
	// exist costs the same time as one that does.
	nobody string
	logins *prometheus.CounterVec
}

// New returns the handler of the whole console listener.
func New(o Options) (http.Handler, error) {
	c, err := newConsole(o)
	if err != nil {
		return nil, err
	}
	return c.handler(), nil
}

func newConsole(o Options) (*console, error) {
	if o.UI == nil || o.Store == nil || o.Logins == nil || o.Live == nil || o.Register == nil ||
		o.Charges == nil || o.Health == nil || o.Sessions == nil || o.Clients == nil || o.Now == nil || o.Log == nil {
		return nil, errors.New("console: an option is missing")
	}
	c := &console{Options: o, hashes: newGate(hashesAtOnce, hashWaiters)}
	var err error
	c.pages, err = o.UI.Parse(templates)
	if err != nil {
		return nil, err
	}
	c.nobody, err = HashPassword(newSecret())
	if err != nil {
		return nil, err
	}
	c.logins, err = newLoginCounter(o.Registerer)
	return c, err
}

func (c *console) today() directory.Date { return directory.DateOf(c.Now()) }

// handler builds the mux from the table of routes.
func (c *console) handler() http.Handler {
	// A form of another site must not sign anybody in or out, nor take a step.
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.UI.Error(w, r, http.StatusForbidden)
	}))
	mux := http.NewServeMux()
	for _, rt := range c.routes() {
		mux.Handle(rt.method+" "+rt.pattern, c.UI.Wrap("console_"+rt.name, origin.Handler(c.guard(rt))))
	}
	mux.Handle("GET /static/", c.UI.Static())
	mux.Handle("/", c.UI.Wrap("console_not_found", origin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.UI.Error(w, r, http.StatusNotFound)
	}))))
	if !c.Secure {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// RFC 6797 §6.1; a year, in seconds.
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		mux.ServeHTTP(w, r)
	})
}
