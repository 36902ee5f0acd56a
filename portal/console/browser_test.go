package console

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"parvis/cmd/parvis/demo"
	"parvis/internal/peers"
)

// A real browser without JavaScript: two people take a month to its document.
func TestBrowserWalk(t *testing.T) {
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
	text := func(selector string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
		if err != nil {
			t.Fatalf("%s: %v", selector, err)
		}
		return s
	}
	signIn := func(name string) {
		t.Helper()
		do(chromedp.Navigate(srv.URL+"/"), chromedp.WaitVisible(chromedp.CSS("#password")),
			chromedp.SendKeys(chromedp.CSS("#name"), name), chromedp.SendKeys(chromedp.CSS("#password"), demo.Secret),
			chromedp.Click(chromedp.CSS("form[action='/login'] button")), chromedp.WaitVisible(chromedp.CSS("nav.tabs")))
	}
	signOut := func() {
		t.Helper()
		do(chromedp.Click(chromedp.CSS("form[action='/logout'] button")), chromedp.WaitVisible(chromedp.CSS("#password")))
	}
	press := func(step string) string {
		t.Helper()
		do(chromedp.Navigate(srv.URL+"/charges"), chromedp.WaitVisible(chromedp.CSS("form[action='/charges/"+step+"']")),
			chromedp.Click(chromedp.CSS("#next")), chromedp.WaitVisible(chromedp.CSS(".notice[role=status]")))
		return text(".notice[role=status]")
	}

	do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	signIn("bailleur")
	if got := press(stepDraft); !strings.Contains(got, "Le brouillon est prêt") {
		t.Errorf("after the draft: %s", got)
	}
	if got := text("#blocked"); !strings.Contains(got, "quelqu’un d’autre doit l’approuver") {
		t.Errorf("who drafted reads: %s", got)
	}
	signOut()

	signIn("admin")
	do(chromedp.Click(chromedp.CSS("nav.tabs a[href='/refusals']")), chromedp.WaitVisible(chromedp.CSS("#refused")))
	if got := text("main"); !strings.Contains(got, "Le mot de passe n’est pas le bon") || !strings.Contains(got, "La personne retape") {
		t.Errorf("the refusals read: %s", got)
	}
	if got := press(stepApprove); !strings.Contains(got, "C’est approuvé") {
		t.Errorf("after the approval: %s", got)
	}
	if got := press(stepIssue); !strings.Contains(got, "Le document est émis") {
		t.Errorf("after issuing: %s", got)
	}
	if got := text("ol.steps"); !strings.Contains(got, "par bailleur") || !strings.Contains(got, "par admin") {
		t.Errorf("the steps read: %s", got)
	}
	if v := tw.month(t); len(v.Documents) != 1 || v.Documents[0].DraftedBy != "bailleur" || v.Documents[0].IssuedBy != "admin" {
		t.Errorf("documents: %+v", v.Documents)
	}
	signOut()
}
