package demo

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// Exchanger sends a RADIUS request; *client.Client is one.
type Exchanger interface {
	Exchange(ctx context.Context, r *client.Request) (*client.Reply, error)
}

// GatewayOptions of a simulated CoovaChilli.
type GatewayOptions struct {
	// PortalURL is chilli's uamserver: the page that a browser is sent to,
	// spelled as the portal itself is configured.
	PortalURL string
	// Listen is where the gateway itself is reached: uamip and uamport.
	Listen     netip.AddrPort
	Auth, Acct Exchanger
	NASID      string           // NAS-Identifier
	UAMSecret  directory.Secret // uamsecret
	Called     directory.MAC    // its own address, Called-Station-Id
	SSID       string
	Zone       string // WISPr-Location-Name
	Now        func() time.Time
	Log        *slog.Logger
}

// Gateway is a CoovaChilli without the network behind it: it keeps a browser
// out until RADIUS lets its phone in, over the same URLs. It is an
// http.Handler; safe for concurrent use.
//
// The browser stands for a phone: a cookie gives it a MAC, and ?mac= on any
// page takes another one.
type Gateway struct {
	o      GatewayOptions
	mux    *http.ServeMux
	phones phones
}

// NewGateway checks the options.
func NewGateway(o GatewayOptions) (*Gateway, error) {
	switch {
	case o.PortalURL == "" || !o.Listen.IsValid():
		return nil, errors.New("the simulated gateway needs the portal's and its own address")
	case o.Auth == nil || o.Acct == nil:
		return nil, errors.New("the simulated gateway needs a RADIUS client")
	case o.UAMSecret.IsZero():
		return nil, errors.New("the simulated gateway needs a uamsecret")
	}
	g := &Gateway{o: o, mux: http.NewServeMux(), phones: phones{limit: 256}}
	g.mux.HandleFunc("GET /logon", g.visit(g.logon))
	g.mux.HandleFunc("GET /logoff", g.visit(g.logoff))
	g.mux.HandleFunc("GET /logout", g.visit(g.logoff))
	g.mux.HandleFunc("GET /prelogin", g.visit(g.prelogin))
	g.mux.HandleFunc("GET /status", g.visit(g.status))
	g.mux.HandleFunc("GET /favicon.ico", http.NotFound) // a browser's own wish, not a person's
	g.mux.HandleFunc("GET /", g.visit(g.surf))
	return g, nil
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// visit finds the browser's phone and holds it for the whole request.
func (g *Gateway) visit(h func(http.ResponseWriter, *http.Request, *phone)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := g.phones.find(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		w.Header().Set("Cache-Control", "no-store")
		if p.in() && p.left(g.o.Now()) < 0 {
			// RFC 2866 §5.10: 5 is Session Timeout.
			g.stop(r.Context(), p, 5)
		}
		h(w, r, p)
	}
}

// surf is any site that the person wanted. A phone that is not in is tried by
// its MAC first, as chilli does with macreauth.
func (g *Gateway) surf(w http.ResponseWriter, r *http.Request, p *phone) {
	if !p.in() {
		p.prepare()
		reply, err := g.o.Auth.Exchange(r.Context(), g.describe(client.MACAuth(p.mac), p))
		if err == nil && reply.Accepted() {
			g.start(r.Context(), p, p.mac.String(), reply)
		}
	}
	if p.in() {
		g.internet(w, r, p)
		return
	}
	g.toPortal(w, r, p, "notyet", "http://"+r.Host+r.URL.RequestURI())
}

// logon checks what the portal's page made of the challenge: RADIUS sees
// CHAP-Challenge = chal2 and CHAP-Password = ident ‖ response.
func (g *Gateway) logon(w http.ResponseWriter, r *http.Request, p *phone) {
	q := r.URL.Query()
	user, userURL := q.Get("username"), q.Get("userurl")
	if p.in() {
		g.toPortal(w, r, p, "already", userURL)
		return
	}
	ident, response, err := readResponse(q)
	if err != nil || user == "" {
		http.Error(w, "a username and a CHAP response are needed", http.StatusBadRequest)
		return
	}
	p.prepare()
	chal2 := p.chal2(g.o.UAMSecret)
	request := client.CHAPResponse(user, ident, response, chal2[:]).
		Uint32(client.ServiceType, client.ServiceLogin).
		Text(client.CallingStationID, p.mac.String()).
		IPv4(client.FramedIPAddress, p.ip)
	reply, err := g.o.Auth.Exchange(r.Context(), g.describe(request, p))
	switch {
	case err != nil:
		g.o.Log.Warn("the simulated gateway has no answer from RADIUS", "error", err)
		p.reply = "RADIUS does not answer"
	case !reply.Accepted():
		p.reply = reply.Text(client.ReplyMessage)
	default:
		g.start(r.Context(), p, user, reply)
		g.toPortal(w, r, p, "success", userURL)
		return
	}
	p.begin() // a challenge is answered once
	g.toPortal(w, r, p, "failed", userURL)
}

func (g *Gateway) logoff(w http.ResponseWriter, r *http.Request, p *phone) {
	if p.in() {
		g.stop(r.Context(), p, 1) // RFC 2866 §5.10: User Request
	}
	g.toPortal(w, r, p, "logoff", "")
}

func (g *Gateway) prelogin(w http.ResponseWriter, r *http.Request, p *phone) {
	if p.in() {
		g.toPortal(w, r, p, "already", "")
		return
	}
	p.prepare()
	g.toPortal(w, r, p, "notyet", "")
}

func (g *Gateway) status(w http.ResponseWriter, r *http.Request, p *phone) {
	if p.in() {
		g.toPortal(w, r, p, "status", "")
		return
	}
	g.prelogin(w, r, p)
}
