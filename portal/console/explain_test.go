package console

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parvis/cmd/parvis/demo"
	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/peers"
)

func explainURL(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "/explain?" + v.Encode()
}

// visitor is a device of which nothing is known.
func visitor() directory.MAC { return directory.MAC{0x02, 0, 0, 0, 0, 0x99} }

func TestExplainPage(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "reseau")
	market, library := tw.zone(t, "Place du Marché"), tw.zone(t, "Médiathèque")
	known := directory.MAC{0x02, 0, 0, 0, 0, 0x01}
	tw.Register.Devices.Remember(known, market.Terms, tw.clock.now().Add(3*time.Hour))
	guest := directory.MAC{0x02, 0, 0, 0, 0, 0x02}
	tw.connect(t, guest, tw.ap(5).ID)
	dwelling := tw.sample.Dwellings[1]
	for i := range 12 {
		if err := tw.live.Present(t.Context(), dwelling.ID, tenantMAC(20+i), tw.clock.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		target string
		status int
		want   []string
		not    []string
	}{
		"nothing asked": {"/explain", 200, []string{"Device or login"}, []string{"What to do", "newest first"}},
		"remembered": {
			explainURL("q", strings.ToLower(known.String()), "where", market.ID), 200,
			[]string{"This device would be let in, until 17 November 2026, 14:30.", "Nothing is in the way", "Place du Marché", "as asked", "No refused attempt"},
			[]string{"would be refused"},
		},
		"first visit": {
			explainURL("mac", visitor().String(), "where", market.ID), 200,
			[]string{"This device would be refused.", "has not accepted the terms of this zone yet", "presses the button", "not remembered here"},
			nil,
		},
		"first visit where a card is asked for": {
			explainURL("mac", visitor().String(), "where", library.ID), 200, []string{"asks for the code of a paper card"}, []string{"presses the button"},
		},
		"nobody knows where": {
			explainURL("mac", known.String()), 200,
			[]string{"let in in 3 of 4 zones", "In each zone", "Médiathèque", "nobody knows where it is"},
			[]string{"What it depends on"},
		},
		"at an access point": {
			explainURL("mac", visitor().String(), "where", tw.ap(0).ID), 200, []string{tw.ap(0).Name, `<span class="badge bad">down</span>`, "RADIUS equipment"}, nil,
		},
		"connected": {
			explainURL("mac", guest.String()), 200, []string{"it is connected there", "yes, since 17 November 2026, 11:20", tw.ap(5).Name}, []string{"In each zone"},
		},
		"login and its last password": {
			explainURL("mac", tenantMAC(0).String(), "login", "logement-0042"), 200,
			[]string{"With the right password, this login would be let in.", "But the last attempt came with a wrong password", "types the password of the letter once more", "newest first", "The password is not right", tenantMAC(0).String(), "never keeps what people type"},
			nil,
		},
		"login without a slot": {
			explainURL("q", dwelling.Login), 200,
			[]string{"This login would be refused.", "Disconnect another device", "12, of "},
			nil,
		},
		"login not known":        {explainURL("q", "logement-9999"), 200, []string{"No dwelling has this login", "character by character"}, nil},
		"login of a partner":     {explainURL("q", "someone@partner.example"), 200, []string{"Parvis cannot tell", "a partner of the city"}, []string{"would be refused"}},
		"device that tried one":  {explainURL("mac", tenantMAC(3).String()), 200, []string{"the device tried it last", "logement-0042", "it was refused there last"}, nil},
		"neither":                {explainURL("q", "a b"), 400, []string{"This is neither the address of a device nor a login", `value="a b"`}, []string{"What to do"}},
		"a link with a bad MAC":  {explainURL("mac", "xyz"), 400, []string{"This is neither"}, nil},
		"a script":               {explainURL("q", "<script>"), 400, []string{"&lt;script&gt;"}, []string{"<script>"}},
		"a very long text":       {explainURL("login", strings.Repeat("a", 5000)), 400, []string{`value=""`}, nil},
		"a place that is not":    {explainURL("mac", known.String(), "where", "nowhere"), 200, []string{"let in in 3 of 4 zones"}, nil},
		"typed over an old link": {explainURL("q", "logement-9999", "mac", known.String()), 200, []string{"No dwelling has this login", `value="logement-9999"`}, []string{"Remembered until"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := b.get(c.target)
			page := html.UnescapeString(w.Body.String())
			if strings.Contains(name, "script") {
				page = w.Body.String()
			}
			if w.Code != c.status {
				t.Errorf("status %d", w.Code)
			}
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("no %q", want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(page, not) {
					t.Errorf("there is %q", not)
				}
			}
		})
	}
}

// The desk learns whether somebody gets in and what to do, not where a device
// was, which devices there are, nor what they tried.
func TestExplainToTheDesk(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "accueil")
	for target, want := range map[string]string{
		explainURL("login", "logement-0042"):                                              "Switch the WiFi of the device off and on",
		explainURL("mac", tenantMAC(2).String()):                                          "Type the password of the letter once more, slowly",
		explainURL("mac", visitor().String(), "where", tw.zone(t, "Médiathèque").ID):      "Give the person a paper card",
		explainURL("mac", visitor().String(), "where", tw.zone(t, "Place du Marché").ID):  "press the button",
		explainURL("mac", visitor().String(), "where", tw.switchOff(t, tw.ap(0).ID)):      "Nothing can be done at the desk",
		explainURL("login", "logement-9999"):                                              "the person tells their housing operator",
		explainURL("mac", visitor().String()):                                             "In each zone",
		explainURL("mac", tw.sample.AccessPoints[0].BSSID.String(), "where", "elsewhere"): "In each zone",
	} {
		w := b.get(target)
		page := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%s: %d, without %q", target, w.Code, want)
		}
		asked, _ := url.Parse(target)
		for what, s := range map[string]string{
			"what it depends on": "What it depends on", "attempts": "newest first", "a device": tenantMAC(0).String(), "another device": tenantMAC(2).String(),
			"where it was": tw.ap(5).Name, "a NAS": "Passerelle centre", "the equipment": "RADIUS",
		} {
			if s != asked.Query().Get("mac") && strings.Contains(page, s) {
				t.Errorf("%s shows %s", target, what)
			}
		}
	}
}

func TestRefusalsLeadToTheExplanation(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "reseau")
	link := `<a href="/explain?mac=` + tenantMAC(0).String() + `">Explain this device</a>`
	if page := b.get("/refusals").Body.String(); !strings.Contains(page, link) {
		t.Error("a refusal does not lead to its explanation")
	}
	if page := b.get("/explain?mac=" + tenantMAC(0).String()).Body.String(); strings.Contains(page, "Explain this device") || !strings.Contains(page, "through Passerelle centre") {
		t.Error("the attempts of an explanation are not as in the refusals, without their link")
	}
	if page := b.get("/access-points/" + tw.ap(5).ID).Body.String(); !strings.Contains(page, `href="/explain?where=`+tw.ap(5).ID) {
		t.Error("an access point does not lead to the explanation")
	}
	if page := b.get("/explain?where=" + tw.ap(5).ID).Body.String(); !strings.Contains(page, `<option value="`+tw.ap(5).ID+`" selected>`) {
		t.Error("the access point of a link is not chosen")
	}
}

// connect starts a session, ten minutes ago.
func (tw *town) connect(t *testing.T, mac directory.MAC, apID string) {
	t.Helper()
	at := tw.clock.now().Add(-10 * time.Minute)
	_, err := tw.db.ApplyEvents(t.Context(), "another node", []accounting.Record{{Seq: 1, Event: accounting.Event{
		Kind: accounting.Start, Received: at, At: at, NASID: tw.sample.NASes[0].ID, AcctSessionID: "guest", MAC: mac, AccessPointID: apID,
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

func (tw *town) zone(t *testing.T, name string) *directory.Zone {
	t.Helper()
	for _, z := range tw.Register.Snapshot().Zones() {
		if z.Name == name {
			return z
		}
	}
	t.Fatalf("no zone %q", name)
	return nil
}

// switchOff switches an access point off in the database and in the register.
func (tw *town) switchOff(t *testing.T, id string) string {
	t.Helper()
	ap := *tw.Register.Snapshot().AccessPoint(id)
	ap.Enabled = false
	if err := tw.db.PutAccessPoint(t.Context(), ap); err != nil {
		t.Fatal(err)
	}
	catalog, err := tw.db.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := directory.NewSnapshot(catalog)
	if err != nil {
		t.Fatal(err)
	}
	tw.Register.Swap(s)
	return id
}

// A browser shows the page whole, on a desk and on a phone: nothing is wider
// than the screen. PARVIS_TEST_PICTURES names a directory for pictures.
func TestExplainInABrowser(t *testing.T) {
	ctx := peers.Chromium(t, peers.Language("fr"))
	tw := newTown(t)
	srv := httptest.NewServer(tw.http)
	t.Cleanup(srv.Close)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(srv.URL+"/"), chromedp.WaitVisible(chromedp.CSS("#password")),
		chromedp.SendKeys(chromedp.CSS("#name"), "reseau"), chromedp.SendKeys(chromedp.CSS("#password"), demo.Secret),
		chromedp.Click(chromedp.CSS("form[action='/login'] button")), chromedp.WaitVisible(chromedp.CSS("nav.tabs")))
	for name, c := range map[string]struct{ target, verdict string }{
		"attempt": {explainURL("mac", tenantMAC(0).String()), "Avec le bon mot de passe, cet identifiant entrerait."},
		"refused": {explainURL("mac", visitor().String(), "where", tw.ap(0).ID), "Cet appareil serait refusé."},
		"zones":   {explainURL("mac", visitor().String()), "Cet appareil entrerait dans 0 zones sur 4."},
		"bad":     {explainURL("q", "a b"), "Ce n’est ni l’adresse d’un appareil ni un identifiant."},
	} {
		for size, width := range map[string]int64{"wide": 1280, "phone": 390} {
			do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(srv.URL+c.target), chromedp.WaitVisible(chromedp.CSS(".notice")))
			words, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(".notice")))
			if err != nil || !strings.Contains(words, c.verdict) {
				t.Errorf("%s: %q, %v", name, words, err)
			}
			overflow, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
			if err != nil || overflow {
				t.Errorf("%s is wider than %d pixels (%v)", name, width, err)
			}
			picture(ctx, t, name+"-"+size)
		}
	}
}

// picture keeps a screenshot in the directory that PARVIS_TEST_PICTURES names.
func picture(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("PARVIS_TEST_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "explain-"+name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestExplainedWords(t *testing.T) {
	for _, a := range access.Advices() {
		if got := whatToDo(a, true); a.ForTeam() != (got == "console.explain.desk.team") {
			t.Errorf("%s: %s", a, got)
		}
	}
}
