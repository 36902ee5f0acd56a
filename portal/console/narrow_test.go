package console

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"parvis/cmd/parvis/demo"
	"parvis/internal/peers"
)

// No page is wider than a small phone, or than a desk screen at 400 %
// (WCAG 2.2, 1.4.10): a table may scroll by itself, the page may not.
func TestPagesFitNarrowScreens(t *testing.T) {
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
	fits := func(page string) {
		t.Helper()
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
		if err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		if wide > 320 {
			t.Errorf("%s: %d px wide", page, wide)
		}
	}
	do(chromedp.EmulateViewport(320, 640), chromedp.Navigate(srv.URL+"/login"), chromedp.WaitVisible(chromedp.CSS("#password")))
	fits("/login")
	do(chromedp.SendKeys(chromedp.CSS("#name"), "admin"), chromedp.SendKeys(chromedp.CSS("#password"), demo.Secret),
		chromedp.Click(chromedp.CSS("form[action='/login'] button")), chromedp.WaitVisible(chromedp.CSS("nav.tabs")))
	snapshot := tw.Register.Snapshot()
	pages := []string{"/", "/nothing-here", "/access-points/" + snapshot.AccessPoints()[0].ID}
	for _, one := range tabs() {
		pages = append(pages, one.Href)
	}
	for _, ap := range snapshot.AccessPoints() {
		if ap.ResidenceID != "" {
			pages = append(pages, "/residences/"+ap.ResidenceID)
			break
		}
	}
	for _, page := range pages {
		do(chromedp.Navigate(srv.URL+page), chromedp.WaitVisible(chromedp.CSS("main")))
		fits(page)
	}
}
