package portal

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/peers"
)

// uamGateway behaves as CoovaChilli does between a phone and the portal: it
// redirects with a signed query, and lets through who answers the challenge.
// Instead of RADIUS it looks the ticket up where the portal put it.
type uamGateway struct {
	rig  *rig
	self string // http://127.0.0.1:port

	mu     sync.Mutex
	online bool
	logons []string
	refuse int // how many answers to refuse first, as a wrong one
}

const walkChallenge = "00112233445566778899aabbccddeeff"

func (g *uamGateway) redirect(w http.ResponseWriter, r *http.Request, res string, extra ...string) {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(g.self, "http://"))
	if err != nil {
		panic(err)
	}
	q := coova(append([]string{"res", res, "uamip", host, "uamport", port, "challenge", walkChallenge}, extra...)...)
	http.Redirect(w, r, testPublic+"/?"+q, http.StatusFound)
}

func (g *uamGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch r.URL.Path {
	case "/logon":
		user := r.URL.Query().Get("username")
		g.logons = append(g.logons, r.URL.RawQuery)
		if g.refuse > 0 {
			g.refuse--
			g.redirect(w, r, "failed", "reply", "refused")
			return
		}
		g.online = g.proves(user, r.URL.Query().Get("response"))
		if !g.online {
			g.redirect(w, r, "failed", "reply", "refused")
			return
		}
		g.redirect(w, r, "success", "uid", user, "timeleft", "7200")
	case "/scripts":
		w.Write([]byte("<p>plain</p><script>document.body.textContent = 'scripted'</script>"))
	case "/logoff":
		g.online = false
		g.redirect(w, r, "logoff")
	default:
		g.redirect(w, r, "notyet")
	}
}

// proves is the RADIUS side: CHAP over the ticket's password, once.
func (g *uamGateway) proves(user, response string) bool {
	challenge, err := hex.DecodeString(walkChallenge)
	if err != nil {
		return false
	}
	chal2 := md5.Sum(append(challenge, uamSecret...))
	want := md5.Sum(append(append([]byte{0}, g.rig.Key.TicketPassword(user).Reveal()...), chal2[:]...))
	g.rig.live.mu.Lock()
	defer g.rig.live.mu.Unlock()
	hash := g.rig.Key.TicketHash(user)
	ticket, ok := g.rig.live.tickets[hash]
	delete(g.rig.live.tickets, hash)
	mac, err := directory.ParseMAC("02-AA-BB-CC-DD-01")
	return err == nil && ok && ticket.MAC == mac && ticket.NASID == "n1" && response == hex.EncodeToString(want[:])
}

// withoutScripts switches JavaScript off and sends portal.test to the test. The
// name is not localhost, because there a browser treats plain HTTP as if it were HTTPS.
func withoutScripts(addr string) peers.ChromiumOption {
	return func() []chromedp.ExecAllocatorOption {
		return []chromedp.ExecAllocatorOption{
			chromedp.Flag("host-resolver-rules", "MAP portal.test:80 "+addr),
			chromedp.Flag("blink-settings", "scriptEnabled=false"),
		}
	}
}

// TestWalk connects a phone with a real browser, 320 px wide and without
// JavaScript: first refused, then let through, status, forgotten, signed out.
func TestWalk(t *testing.T) {
	for _, c := range []struct {
		lang                                                string
		title, again, online, left, status, forgot, goodbye string
	}{
		{
			"fr", "WiFi gratuit", "La connexion n’a pas marché", "Vous avez internet", "Il vous reste 2 heures",
			"Votre temps de connexion", "Votre appareil est oublié", "La connexion est fermée",
		},
		{
			"en", "Free WiFi", "The connection did not work", "You have internet", "You have 2 hours left",
			"Your connection time", "Your device is forgotten", "You are disconnected",
		},
	} {
		t.Run(c.lang, func(t *testing.T) {
			g := newRig(t)
			server := httptest.NewServer(g.http)
			t.Cleanup(server.Close) // behind the browser's end, which closes its connections
			gw := &uamGateway{rig: g, refuse: 1}
			gwServer := httptest.NewServer(gw)
			t.Cleanup(gwServer.Close)
			gw.self = gwServer.URL

			ctx := peers.Chromium(t, peers.Language(c.lang), withoutScripts(server.Listener.Addr().String()))
			see := func(step string, want ...string) {
				t.Helper()
				got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
				if err != nil {
					t.Fatalf("%s: %v", step, err)
				}
				for _, w := range want {
					if !strings.Contains(strings.ReplaceAll(got, "\u00a0", " "), w) {
						t.Fatalf("%s: no %q in\n%s", step, w, got)
					}
				}
				picture(ctx, t, c.lang+"-"+step)
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
				if err != nil {
					t.Fatalf("%s: %v", step, err)
				}
				if wide > 320 && step != "0-scripts" {
					t.Errorf("%s: %d px wide", step, wide)
				}
			}
			do := func(step string, actions ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				err := chromedp.Do(ctx, actions...)
				if err != nil {
					t.Fatalf("%s: %v", step, err)
				}
			}
			next := func(step, selector string) {
				t.Helper()
				_, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
				if err != nil {
					t.Fatalf("%s: %v", step, err)
				}
			}
			do("scripts", chromedp.Navigate(gwServer.URL+"/scripts"))
			see("0-scripts", "plain") // they are off
			do("start",
				chromedp.EmulateViewport(320, 640), chromedp.Navigate(gwServer.URL+"/"))
			see("1-welcome", c.title)
			next("refused", "button.big")
			see("2-again", c.again)
			next("connect", "button.big")
			see("3-online", c.online, c.left)
			if !gw.online || len(gw.logons) != 2 {
				t.Fatalf("online %v after %v", gw.online, gw.logons)
			}
			if len(g.store.consents) != 2 || g.store.consents[1].Language != c.lang {
				t.Errorf("consents %+v", g.store.consents)
			}
			next("status", `a[href^="/status"]`)
			see("4-status", c.status)
			next("forget", "button.danger")
			see("5-forgotten", c.forgot)
			next("logoff", fmt.Sprintf(`a[href="%s/logoff"]`, gwServer.URL))
			see("6-logoff", c.goodbye)
			if gw.online {
				t.Error("still online")
			}
		})
	}
}

// TestHomeWalk signs a tenant in and out on a desktop and on a phone.
func TestHomeWalk(t *testing.T) {
	g := newRig(t)
	g.store.sessions = []accounting.Session{{
		Key: "a", DwellingID: "d1", MAC: directory.MAC{2, 0xaa, 0xbb, 0xcc, 0xdd, 1}, AccessPointID: "ap3",
		StartedAt: g.now.Add(-90 * time.Minute), In: 500_000, Out: 12_000_000,
	}}
	server := httptest.NewServer(g.http)
	t.Cleanup(server.Close)
	ctx := peers.Chromium(t, peers.Language("fr"), withoutScripts(server.Listener.Addr().String()))
	for name, width := range map[string]int64{"phone": 320, "desktop": 1280} {
		t.Run(name, func(t *testing.T) {
			err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(testPublic+"/home"))
			if err != nil {
				t.Fatal(err)
			}
			picture(ctx, t, "home-signin-"+name)
			_, err = chromedp.RunResponse(ctx, chromedp.SendKeys(chromedp.ID("login"), "logement-0001"),
				chromedp.SendKeys(chromedp.ID("password"), "clé-du-logement"), chromedp.Click(chromedp.CSS("button.big")))
			if err != nil {
				t.Fatal(err)
			}
			got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("main")))
			if err != nil {
				t.Fatal(err)
			}
			picture(ctx, t, "home-"+name)
			for _, want := range []string{"Les Tilleuls", "rien à payer", "02-AA-BB-CC-DD-01", "12,5\u00a0Mo", "8 appareils", "5,5\u00a0Mbit/s"} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
			if err != nil || wide > width {
				t.Errorf("%d px wide: %v", wide, err)
			}
			_, err = chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS("main form button")))
			if err != nil {
				t.Fatal(err)
			}
			_, err = chromedp.Run(ctx, chromedp.Text(chromedp.CSS("label[for=password]")))
			if err != nil {
				t.Fatal(err)
			}
		})
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
	err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	if err != nil {
		t.Fatal(err)
	}
}
