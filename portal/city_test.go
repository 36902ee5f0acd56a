package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/internal/directory"
)

var testMAC = directory.MAC{2, 0xaa, 0xbb, 0xcc, 0xdd, 1}

func TestWelcome(t *testing.T) {
	g := newRig(t)
	w := g.get("/?" + coova())
	for _, want := range []string{"WiFi gratuit\u00a0: Place de la Liberté", "Se connecter au WiFi", "pendant 12 heures"} {
		if !strings.Contains(text(w), want) {
			t.Errorf("no %q in %s", want, text(w))
		}
	}
	if w.Code != 200 || strings.Count(w.Body.String(), "<button") != 1 {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'self' http://10.1.0.1:3990") {
		t.Errorf("policy %s", csp)
	}
	if strings.Contains(text(w), "02-AA") {
		t.Error("the page shows the address to whoever looks over the shoulder")
	}
	// The language switch keeps the query as it was signed.
	w = g.get("/?" + coova() + "&lang=en")
	if !strings.Contains(text(w), "Connect to the WiFi") || w.Header().Get("Content-Language") != "en" {
		t.Errorf("English: %s", text(w))
	}
}

func TestRefusedQueries(t *testing.T) {
	g := newRig(t)
	for name, c := range map[string]struct {
		query string
		code  int
		words string
	}{
		"tampered":               {strings.Replace(coova(), "DD-01", "DD-02", 1), 400, "Ce lien n’est pas bon"},
		"no signature":           {strings.Split(coova(), "&md=")[0], 400, "Ce lien n’est pas bon"},
		"another gateway's host": {strings.Replace(coova(), "uamip=10.1.0.1", "uamip=203.0.113.9", 1), 400, "Ce lien n’est pas bon"},
		"unknown gateway":        {coova("nasid", "nobody", "called", "02-99-99-99-99-99"), 404, "Nous ne connaissons pas ce lieu"},
		"no zone":                {coova("nasid", "nowhere", "called", "02-99-99-99-99-99"), 404, "Nous ne connaissons pas ce lieu"},
		"disabled access point":  {coova("called", "02-11-22-33-44-66"), 404, "Nous ne connaissons pas ce lieu"},
		"in a residence":         {coova("called", "02-11-22-33-44-77"), 404, "Nous ne connaissons pas ce lieu"},
		"nothing":                {"", 200, "ouvrez cette page depuis le WiFi"},
		"a login URL of others":  {"loginurl=https%3A%2F%2Fevil.example%2F%3Fres%3Dnotyet%26uamip%3D203.0.113.9%26md%3D00", 404, "Nous ne connaissons pas ce lieu"},
		"a login URL by name":    {"n=place-1&loginurl=", 200, "ouvrez cette page depuis le WiFi"},
	} {
		for _, w := range []struct {
			how string
			res interface {
				Result() *http.Response
			}
			body string
		}{
			{"GET", g.get("/?" + c.query), text(g.get("/?" + c.query))},
			{"POST", g.post("/connect", url.Values{"gateway": {c.query}}), ""},
		} {
			res := w.res.Result()
			if w.how == "GET" && (res.StatusCode != c.code || !strings.Contains(w.body, c.words)) {
				t.Errorf("%s: got %d %s", name, res.StatusCode, w.body)
			}
			if w.how == "POST" && (res.StatusCode < 400 || res.StatusCode > 499) {
				t.Errorf("%s posted: got %d", name, res.StatusCode)
			}
			if to := res.Header.Get("Location"); to != "" {
				t.Errorf("%s %s redirects to %s", w.how, name, to)
			}
		}
	}
	if len(g.store.consents) != 0 || len(g.live.tickets) != 0 {
		t.Errorf("consents %v, tickets %v", g.store.consents, g.live.tickets)
	}
}

func TestTap(t *testing.T) {
	g := newRig(t)
	w := g.post("/connect", url.Values{"gateway": {coova()}}, "Accept-Language", "en")
	to, err := url.Parse(w.Header().Get("Location"))
	if w.Code != 303 || err != nil || to.Host != "10.1.0.1:3990" || to.Path != "/logon" {
		t.Fatalf("got %d %s", w.Code, w.Header().Get("Location"))
	}
	until := g.now.Add(12 * time.Hour)
	want := directory.Consent{
		Device:   directory.Device{MAC: testMAC, Terms: "2026-1", ZoneID: "tap", AcceptedAt: g.now, Until: until},
		Language: "en",
	}
	if len(g.store.consents) != 1 || g.store.consents[0] != want {
		t.Errorf("consents %+v", g.store.consents)
	}
	ticket := g.live.tickets[g.Key.TicketHash(to.Query().Get("username"))]
	if ticket != (directory.Ticket{MAC: testMAC, NASID: "n1", ZoneID: "tap", Until: until}) {
		t.Errorf("ticket %+v", ticket)
	}
	if got, ok := g.Register.Devices.Until(testMAC, "2026-1"); !ok || !got.Equal(until) {
		t.Errorf("remembered until %v", got)
	}
	if strings.Contains(w.Header().Get("Location"), g.Key.TicketPassword(to.Query().Get("username")).Reveal()) {
		t.Error("the password travels in clear")
	}
	// The same link again gives another ticket, for the same device only.
	again := g.post("/connect", url.Values{"gateway": {coova()}})
	if again.Header().Get("Location") == w.Header().Get("Location") || len(g.live.tickets) != 2 {
		t.Error("a ticket was given twice")
	}
	for _, one := range g.live.tickets {
		if one.MAC != testMAC {
			t.Errorf("ticket for %s", one.MAC)
		}
	}
	got := metricsText(t, g)
	for _, want := range []string{
		"parvis_portal_funnel_total stage=submitted zone=Place de la Liberté value:2", "parvis_portal_funnel_total stage=shown zone=Médiathèque value:0",
		"parvis_portal_logins_total method=tap result=ok value:2", "parvis_portal_logins_total method=card result=limited value:0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestTapThroughAGenericGateway(t *testing.T) {
	g := newRig(t)
	w := g.post("/connect", url.Values{"gateway": {"nasid=open-1&mac=02aabbccdd01&url=http%3A%2F%2Fevil.example"}})
	if to := w.Header().Get("Location"); w.Code != 303 || !strings.HasPrefix(to, "https://gw.example/login?") {
		t.Fatalf("got %d %s", w.Code, to)
	}
	// Anybody could have written that query: it tells nothing of the device.
	for _, path := range []string{"/status?nasid=open-1&mac=02aabbccdd01", "/?nasid=open-1&mac=02aabbccdd01&res=success"} {
		w := g.get(path)
		if w.Code != 200 || strings.Contains(text(w), "02-AA") || strings.Contains(w.Body.String(), "/forget") || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestCard(t *testing.T) {
	query := coova(inCardZone...)
	for name, c := range map[string]struct {
		code, words string
		status      int
		result      string
	}{
		"as printed":       {"1234 5678 9012 3452", "", 303, "ok"},
		"as people type":   {"l234-5678-9OI2-3452", "", 303, "ok"},
		"in Arabic digits": {"١٢٣٤٥٦٧٨٩٠١٢٣٤٥٢", "", 303, "ok"},
		"a slip":           {"1234567890123453", "erreur dans le code", 422, "wrong"},
		"too short":        {"1234", "erreur dans le code", 422, "wrong"},
		"empty":            {"", "erreur dans le code", 422, "wrong"},
		"revoked":          {revokedCard, "ne connaissons pas ce code", 422, "wrong"},
		"another zone's":   {elsewhereCard, "ne connaissons pas ce code", 422, "wrong"},
		"never printed":    {"0000000000000000", "ne connaissons pas ce code", 422, "wrong"},
		"over":             {oldCard, "trop vieille", 422, "wrong"},
	} {
		g := newRig(t)
		w := g.post("/connect", url.Values{"gateway": {query}, "code": {c.code}})
		if w.Code != c.status || !strings.Contains(text(w), c.words) {
			t.Errorf("%s: %d %s", name, w.Code, text(w))
		}
		if c.status != 303 {
			if len(g.store.consents)+len(g.live.tickets) != 0 || w.Header().Get("Location") != "" {
				t.Errorf("%s: let in", name)
			}
		} else if len(g.store.consents) != 1 || g.store.consents[0].CardID != "c1" || !g.store.consents[0].Device.Until.Equal(g.now.Add(24*time.Hour)) {
			t.Errorf("%s: %+v", name, g.store.consents) // the card ends before the zone's time
		}
		if got := metricsText(t, g); !strings.Contains(got, "method=card result="+c.result+" value:1") {
			t.Errorf("%s: no %s in\n%s", name, c.result, got)
		}
	}
}

func TestCardDeviceComesBackWithoutCode(t *testing.T) {
	g := newRig(t)
	query := coova(inCardZone...)
	if body := g.get("/?" + query).Body.String(); !strings.Contains(body, `inputmode="numeric"`) || !strings.Contains(body, `<label for="code">`) {
		t.Errorf("no field for the code in %s", body)
	}
	until := g.now.Add(3 * time.Hour)
	g.Register.Devices.Remember(testMAC, "2026-card", until)
	if w := g.get("/?" + query); strings.Contains(w.Body.String(), `name="code"`) {
		t.Error("asks again")
	}
	w := g.post("/connect", url.Values{"gateway": {query}})
	if w.Code != 303 || len(g.store.consents) != 0 {
		t.Errorf("%d %+v", w.Code, g.store.consents)
	}
	for _, ticket := range g.live.tickets {
		if !ticket.Until.Equal(until) {
			t.Errorf("a tap made a card's time longer: %v", ticket.Until)
		}
	}
}

func TestLimits(t *testing.T) {
	g := newRig(t)
	query := coova(inCardZone...)
	for i := range 11 {
		w := g.post("/connect", url.Values{"gateway": {query}, "code": {"0000000000000000"}})
		if want := 422; i < 10 && w.Code != want {
			t.Fatalf("try %d: %d", i, w.Code)
		} else if i == 10 && (w.Code != 429 || w.Header().Get("Retry-After") != "61") {
			t.Fatalf("try %d: %d %v", i, w.Code, w.Header())
		}
	}
	if w := g.post("/connect", url.Values{"gateway": {query}, "code": {goodCard}}); w.Code != 429 {
		t.Errorf("the right code after too many: %d", w.Code)
	}
	other := coova(append([]string{"mac", "02-00-00-00-00-09"}, inCardZone...)...)
	if w := g.post("/connect", url.Values{"gateway": {other}, "code": {goodCard}}); w.Code != 303 {
		t.Errorf("another device behind the same address: %d", w.Code)
	}
}

// One phone that goes on and on must not keep the square out.
func TestOneDeviceDoesNotUseUpItsAddress(t *testing.T) {
	g := newRig(t)
	for range 2 * tapsByAddress.burst {
		g.post("/connect", url.Values{"gateway": {coova()}})
	}
	if n := g.live.tries["portal/tap/ip/192.0.2.1"]; n != tapsByDevice.burst {
		t.Errorf("%d tries of one device counted against the address, want %d", n, tapsByDevice.burst)
	}
	if w := g.post("/connect", url.Values{"gateway": {coova("mac", "02-00-00-00-00-09")}}); w.Code != 303 {
		t.Errorf("another device behind the same address: %d", w.Code)
	}
}

// Of a gateway that does not sign, devices can be made up without end.
func TestMadeUpDevicesDoNotFillTheLimits(t *testing.T) {
	g := newRig(t)
	for i := range 2 * tapsByAddress.burst {
		g.post("/connect", url.Values{"gateway": {fmt.Sprintf("nasid=open-1&mac=02-00-00-00-%02x-%02x", i>>8, i&255)}})
	}
	if n := len(g.live.tries); n != tapsByAddress.burst+1 {
		t.Errorf("%d keys, want one for the address and %d for devices", n, tapsByAddress.burst)
	}
}

// Two zones may share their terms, and remember for different times.
func TestTapDoesNotShortenTheMemory(t *testing.T) {
	g := newRig(t)
	until := g.now.Add(90 * 24 * time.Hour)
	g.Register.Devices.Remember(testMAC, "2026-1", until)
	if w := g.post("/connect", url.Values{"gateway": {coova()}}); w.Code != 303 {
		t.Fatalf("%d", w.Code)
	}
	if got, _ := g.Register.Devices.Until(testMAC, "2026-1"); !got.Equal(until) {
		t.Errorf("remembered until %v, want %v as in the store", got, until)
	}
}

func TestWhenSomethingIsAway(t *testing.T) {
	for name, breakIt := range map[string]func(*rig){
		"store": func(g *rig) { g.store.away = true },
		"live":  func(g *rig) { g.live.away = true },
	} {
		g := newRig(t)
		breakIt(g)
		w := g.post("/connect", url.Values{"gateway": {coova()}})
		if w.Code != 503 || w.Header().Get("Location") != "" || !strings.Contains(w.Body.String(), "href=\"/?res=notyet") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if len(g.live.tickets) != 0 {
			t.Errorf("%s: a ticket", name)
		}
	}
}

func TestGatewayStates(t *testing.T) {
	g := newRig(t)
	g.Register.Devices.Remember(testMAC, "2026-1", g.now.Add(5*time.Hour))
	for res, words := range map[string][]string{
		"success": {"Vous avez internet", "Il vous reste 5 heures"},
		"already": {"Vous avez internet"},
		"failed":  {"La connexion n’a pas marché", "Se connecter au WiFi"},
		"reject":  {"La connexion n’a pas marché"},
		"logoff":  {"La connexion est fermée"},
	} {
		w := g.get("/?" + coova("res", res))
		for _, want := range words {
			if w.Code != 200 || !strings.Contains(text(w), want) {
				t.Errorf("%s: %d, no %q in %s", res, w.Code, want, text(w))
			}
		}
		refresh := strings.Contains(w.Body.String(), `http-equiv="refresh" content="10;url=/status?res=`)
		if online := res == "success" || res == "already"; refresh != online {
			t.Errorf("%s: refresh %v", res, refresh)
		}
	}
	if w := g.get("/?" + coova("res", "success", "timeleft", "5400")); !strings.Contains(text(w), "Il vous reste 1 heure 30 minutes") {
		t.Errorf("the gateway's time: %s", text(w))
	}
}

func TestPlainPageLeadsToTheConfiguredGateway(t *testing.T) {
	g := newRig(t)
	if body := g.get("/?n=card-1").Body.String(); !strings.Contains(body, `href="http://10.1.0.1:3990/prelogin"`) {
		t.Errorf("no way in: %s", body)
	}
	for _, path := range []string{"/", "/?n=nobody", "/?n=place-1", "/?n=open-1"} {
		if w := g.get(path); w.Code != 200 || strings.Contains(w.Body.String(), "button big") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestWeight: the first page must be there before the second round trip of
// TCP's start, about 14 kB with its style sheet.
func TestWeight(t *testing.T) {
	g := newRig(t)
	for _, query := range []string{coova("res", "failed"), coova(inCardZone...)} {
		w := g.get("/?"+query, "Accept-Encoding", "gzip")
		if w.Header().Get("Content-Encoding") != "gzip" {
			t.Fatal("not compressed")
		}
		page := g.get("/?" + query).Body.String()
		requests := regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
		total := w.Body.Len()
		for _, r := range requests {
			total += g.get(r[1], "Accept-Encoding", "gzip").Body.Len()
		}
		t.Logf("%d octets in %d requests", total, 1+len(requests))
		if total > 14_000 || len(requests) > 2 { // the style sheet; the icon, which sheets do not load
			t.Errorf("%d octets in %d requests", total, 1+len(requests))
		}
	}
}
