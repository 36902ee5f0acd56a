package e2e

import (
	"html"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"testing"
	"time"

	"parvis/cmd/parvis/demo"
	"parvis/internal/directory"
	"parvis/radius/client"
)

// gatewayOf starts the simulated gateway of a NAS: it sends browsers to the
// portal of one process and asks the RADIUS server of another, or of the same.
func (w town) gatewayOf(t *testing.T, nas directory.NAS, portal, radius *process) string {
	t.Helper()
	open := func(server string) *client.Client {
		c, err := client.New(client.Options{
			Server: server, LocalAddr: nas.Prefix.Addr().String(), Secret: nas.Secret, Timeout: 3 * time.Second, Retries: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var point directory.AccessPoint
	for _, ap := range w.AccessPoints {
		if ap.NASID == nas.ID {
			point = ap
			break
		}
	}
	server := httptest.NewUnstartedServer(nil)
	g, err := demo.NewGateway(demo.GatewayOptions{
		PortalURL: portal.portal, Listen: netip.MustParseAddrPort(server.Listener.Addr().String()),
		Auth: open(radius.auth), Acct: open(radius.acct), NASID: nas.Identifier, UAMSecret: nas.GatewaySecret,
		Called: point.BSSID, SSID: "Ville-Exemple", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = g
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// nas finds one by its NAS-Identifier.
func (w town) nas(t *testing.T, identifier string) directory.NAS {
	t.Helper()
	for _, n := range w.NASes {
		if n.Identifier == identifier {
			return n
		}
	}
	t.Fatalf("the sample has no NAS %s", identifier)
	return directory.NAS{}
}

var hiddenGateway = regexp.MustCompile(`name="gateway" value="([^"]*)"`)

// tap opens the page of a gateway as the device mac and sends its one form.
func (b browser) tap(gateway, mac string, form url.Values) page {
	b.t.Helper()
	got := b.get(gateway + "/?mac=" + mac)
	hidden := hiddenGateway.FindStringSubmatch(got.body)
	if hidden == nil {
		b.t.Fatalf("no form for %s: %d\n%s", mac, got.status, got.body)
	}
	send := url.Values{"gateway": {html.UnescapeString(hidden[1])}}
	for k, v := range form {
		send[k] = v
	}
	return b.post("http://"+got.url.Host+"/connect?lang=fr", send)
}
