package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parvis/cmd/parvis/demo"
	"parvis/internal/peers"
)

// TestCityWalk is a visitor on the square: refused, through the page with one
// tap, and from then on let in by the access point.
func TestCityWalk(t *testing.T) {
	const mac, stranger = "02-E2-E0-00-00-01", "02-E2-E0-00-00-02"
	p := startDemo(t, t.TempDir())
	out, code := askMAC(t, p.auth, mac)
	if code != 1 || !strings.Contains(out, "Received Access-Reject") {
		t.Fatalf("an unknown device: exit code %d\n%s", code, out)
	}
	why := signIn(t, p, "reseau").get(p.console + "/refusals")
	var row string
	for _, r := range strings.Split(why.body, "<tr>") {
		if strings.Contains(r, mac) {
			row = r
		}
	}
	mustContain(t, "the refusals", row, "L’appareil n’a pas encore accepté les conditions de cette zone", "Place du Marché, Halle nord")
	if n := remaining(t, p, mac); n != 0 {
		t.Errorf("captive portal API: %d s remain for a device that did not accept", n)
	}

	v := visitor{t, peers.Chromium(t, peers.Language("fr"), withoutScripts)}
	v.do(chromedp.EmulateViewport(320, 640), chromedp.Navigate(p.gateway+"/news?mac="+mac))
	v.sees("WiFi gratuit", "Place du Marché")
	v.click(`a[hreflang="en"]`)
	v.sees("Free WiFi", "Place du Marché")
	v.click(`a[hreflang="fr"]`)
	v.sees("WiFi gratuit")
	if buttons := v.count("button"); buttons != 1 {
		t.Errorf("the page has %d buttons, want the one", buttons)
	}
	v.click("button.big")
	v.sees("Vous avez internet", "Il vous reste")
	v.do(chromedp.Navigate(p.gateway + "/news"))
	v.sees("Vous êtes sur internet", mac)

	out, code = askMAC(t, p.auth, mac)
	if code != 0 {
		t.Fatalf("the device that accepted: exit code %d\n%s", code, out)
	}
	timeout := regexp.MustCompile(`Session-Timeout = (\d+)`).FindStringSubmatch(out)
	if timeout == nil {
		t.Fatalf("no Session-Timeout:\n%s", out)
	}
	left, err := strconv.Atoi(timeout[1])
	// The square remembers a device for 12 hours.
	if most := 12 * 3600; err != nil || left > most || left < most-600 {
		t.Errorf("Session-Timeout %s, want just under %d", timeout[1], most)
	}
	if n := remaining(t, p, mac); n < left-60 || n > 12*3600 {
		t.Errorf("captive portal API: %d s remain, RADIUS gave %d", n, left)
	}
	if n := remaining(t, p, stranger); n != 0 {
		t.Errorf("captive portal API: %d s remain for a stranger", n)
	}
	if out, code := askMAC(t, p.auth, stranger); code != 1 {
		t.Errorf("a stranger: exit code %d\n%s", code, out)
	}
}

// remaining asks as a phone does by RFC 8908; 0 means captive, otherwise the
// seconds that remain.
func remaining(t *testing.T, p *process, mac string) int {
	t.Helper()
	got := newBrowser(t).get(p.portal + "/api/capport?" + url.Values{"m": {mac}, "n": {demo.NASIdentifier}}.Encode())
	var answer struct {
		Captive   *bool  `json:"captive"`
		Portal    string `json:"user-portal-url"`
		Remaining int    `json:"seconds-remaining"`
	}
	err := json.Unmarshal([]byte(got.body), &answer)
	if err != nil || got.status != http.StatusOK || answer.Captive == nil || !strings.HasPrefix(answer.Portal, p.portal) {
		t.Fatalf("captive portal API: %d %v\n%s", got.status, err, got.body)
	}
	if *answer.Captive {
		return 0
	}
	return answer.Remaining
}

// withoutScripts switches JavaScript off, as some captive mini-browsers do.
func withoutScripts() []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{chromedp.Flag("blink-settings", "scriptEnabled=false")}
}

// visitor is a person with a browser.
type visitor struct {
	t   *testing.T
	ctx context.Context
}

func (v visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// click presses what opens another page, and waits for it.
func (v visitor) click(selector string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		v.t.Fatalf("click %s: %v", selector, err)
	}
}

func (v visitor) sees(want ...string) {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		v.t.Fatal(err)
	}
	for _, w := range want {
		if !strings.Contains(words(got), w) {
			v.t.Fatalf("no %q in\n%s", w, got)
		}
	}
}

func (v visitor) count(selector string) int {
	v.t.Helper()
	n, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.querySelectorAll("main `+selector+`").length`))
	if err != nil {
		v.t.Fatal(err)
	}
	return n
}
