package demo

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"time"

	"parvis/radius/client"
)

// describe adds what chilli says in every Access-Request: Called-Station-Id is
// the gateway's own MAC, without an SSID.
func (g *Gateway) describe(r *client.Request, p *phone) *client.Request {
	const wispr = 14122 // WISPr-Location-Name is 2, WISPr-Logoff-URL 3
	r.Text(client.CalledStationID, g.o.Called.String()).
		Text(client.NASIdentifier, g.o.NASID).
		IPv4(client.NASIPAddress, g.o.Listen.Addr()).
		Uint32(client.NASPortType, client.PortWireless).
		Uint32(client.NASPort, 1).
		Text(client.AcctSessionID, p.session).
		Vendor(wispr, 3, []byte("http://"+g.o.Listen.String()+"/logoff"))
	if g.o.Zone != "" {
		r.Vendor(wispr, 2, []byte(g.o.Zone))
	}
	return r
}

// start lets the phone in as long as RADIUS said.
func (g *Gateway) start(ctx context.Context, p *phone, user string, reply *client.Reply) {
	now := g.o.Now()
	p.user, p.class, p.started, p.bytes, p.reply = user, reply.All(client.Class), now, 0, ""
	p.until = time.Time{}
	if limit := reply.Seconds(client.SessionTimeout); limit > 0 {
		p.until = now.Add(limit)
	}
	g.account(ctx, p, client.Start, 0)
}

func (g *Gateway) stop(ctx context.Context, p *phone, cause uint32) {
	g.account(ctx, p, client.Stop, cause)
	p.user = ""
	p.begin()
}

// account tells RADIUS. A lost packet does not put anybody out: the next report
// carries the same totals.
func (g *Gateway) account(ctx context.Context, p *phone, status client.AcctStatus, cause uint32) {
	now := g.o.Now()
	r := client.Accounting(status, client.Session{
		ID: p.session, User: p.user, MAC: p.mac, Called: g.o.Called.String(), Address: p.ip, Class: p.class,
		At: now, Cause: cause,
		Usage: client.Usage{In: p.bytes / 10, Out: p.bytes, Seconds: uint32(now.Sub(p.started).Seconds())},
	})
	r.Text(client.NASIdentifier, g.o.NASID).IPv4(client.NASIPAddress, g.o.Listen.Addr()).
		Uint32(client.NASPortType, client.PortWireless)
	// Also when the browser does not wait for its page.
	_, err := g.o.Acct.Exchange(context.WithoutCancel(ctx), r)
	if err != nil {
		g.o.Log.Warn("the simulated gateway could not account", "error", err)
	}
}

// pageBytes is what a page of the pretended internet weighs.
const pageBytes = 2_000_000

// internet is the page behind the gateway. Each view is reported as an Interim,
// so that the console shows the session growing.
func (g *Gateway) internet(w http.ResponseWriter, r *http.Request, p *phone) {
	p.bytes += pageBytes
	g.account(r.Context(), p, client.Interim, 0)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Internet</title><h1>Vous êtes sur internet</h1>
<p>You are online. This page stands for any site: <b>%s</b></p>
<p>%s</p><p><a href="/logoff">Se déconnecter – sign out</a></p></html>
`, html.EscapeString(r.Host+r.URL.Path), html.EscapeString(p.mac.String()))
}
