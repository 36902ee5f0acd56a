package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func newUI(t *testing.T, reg prometheus.Registerer) *UI {
	t.Helper()
	u, err := New(Options{Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func page(text string) fstest.MapFS {
	return fstest.MapFS{"templates/one.html": {Data: []byte(text)}}
}

func TestRender(t *testing.T) {
	u := newUI(t, nil)
	files := page(`{{define "main"}}<h1>{{.Title}}</h1>{{.Data}}{{template "shared"}}{{end}}`)
	files["templates/_shared.html"] = &fstest.MapFile{Data: []byte(`{{define "shared"}}[shared]{{end}}{{define "nav"}}<nav>{{.Nav}}</nav>{{end}}`)}
	pages, err := u.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/here?a=%3a&b", nil)
	r.Header.Set("Accept-Language", "en")
	u.Wrap("one", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.Render(w, r, http.StatusTeapot, "one", View{
			TitleKey: "ui.error.404.title", Nav: "NAV", Data: "<i>", FormAction: []string{"http://10.1.0.1:3990"},
			RefreshAfter: 5 * time.Second, RefreshURL: "/next?x=1",
		})
	})).ServeHTTP(w, r)
	if w.Code != http.StatusTeapot {
		t.Errorf("status %d", w.Code)
	}
	for _, want := range []string{
		`<html lang="en" dir="ltr">`, "<title>Page not found – Parvis</title>", "<h1>Page not found</h1>", "&lt;i&gt;", "[shared]",
		"<nav>NAV</nav>", `href="/here?a=%3a&amp;b&amp;lang=fr"`, `content="5;url=/next?x=1"`, `aria-current="true">English<`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, w.Body)
		}
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http://10.1.0.1:3990",
		"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store", "Content-Language": "en",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestParseRefusesAnUnknownKey(t *testing.T) {
	u := newUI(t, nil)
	for name, text := range map[string]string{
		"plain":             `{{define "main"}}{{t "no.such.key"}}{{end}}`,
		"in a branch":       `{{define "main"}}{{if .Data}}a{{else}}{{range .Data}}{{with .}}{{t "no.such.key"}}{{end}}{{end}}{{end}}{{end}}`,
		"in an argument":    `{{define "main"}}{{t "ui.brand" (tn "no.such.key" 1)}}{{end}}`,
		"text as a plural":  `{{define "main"}}{{tn "ui.brand" 1}}{{end}}`,
		"plural as a text":  `{{define "main"}}{{t "ui.duration.days" 1}}{{end}}`,
		"in another define": `{{define "main"}}{{template "x" .}}{{end}}{{define "x"}}{{t "no.such.key"}}{{end}}`,
	} {
		_, err := u.Parse(page(text))
		if err == nil || !strings.Contains(err.Error(), "lacks the key") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := u.Parse(page(`{{define "main"}}{{t "ui.brand"}}{{end}}`))
	if err != nil {
		t.Error(err)
	}
}

func TestRenderErrorIsAWholePage(t *testing.T) {
	u := newUI(t, nil)
	pages, err := u.Parse(page(`{{define "main"}}half{{.Data.Missing}}{{end}}`))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	pages.Render(w, httptest.NewRequest("GET", "/", nil), 200, "one", View{TitleKey: "ui.brand", Data: struct{}{}})
	if w.Code != 500 || strings.Contains(w.Body.String(), "half") || !strings.Contains(w.Body.String(), "Une erreur est arrivée") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestWrapRecoversAndCounts(t *testing.T) {
	reg := prometheus.NewRegistry()
	u := newUI(t, reg)
	w := httptest.NewRecorder()
	u.Wrap("bad", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") })).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "oops") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := testutil.ToFloat64(u.metrics.panics.WithLabelValues("bad")); got != 1 {
		t.Errorf("panics %v", got)
	}
	if n := testutil.CollectAndCount(u.metrics.duration); n != 1 {
		t.Errorf("%d series", n)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer went out as a whole one")
		}
	}()
	u.Wrap("bad", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		panic("oops")
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func TestWrapBoundsTheBody(t *testing.T) {
	u := newUI(t, nil)
	h := u.Wrap("form", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			u.Error(w, r, http.StatusRequestEntityTooLarge)
		}
	}))
	for size, want := range map[int]int{maxBody - 10: 200, maxBody + 10: 413} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("a", size)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%d octets: got %d, want %d", size, w.Code, want)
		}
	}
}

func TestPolicyIgnoresWhatCouldEndTheDirective(t *testing.T) {
	for _, bad := range []string{"http://a; script-src *", "http://a *", "*", "http://a,b", "http://a\r\nX: y"} {
		if got := policy([]string{bad}); got != policy(nil) {
			t.Errorf("%q: %s", bad, got)
		}
	}
}
