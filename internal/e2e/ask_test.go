package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/cmd/parvis/demo"
	"parvis/internal/peers"
)

const signed = "Message-Authenticator = 0x00\n"

// radclient sends one or more packets, one attribute a line.
func radclient(t testing.TB, address, kind, secret, attributes string, more ...string) (string, int) {
	t.Helper()
	return peers.Radclient(t, append(more, "-x", address, kind, secret), attributes)
}

// ask expects an answer: it tries again, as an access point would.
func ask(t testing.TB, address, kind, attributes string) (string, int) {
	t.Helper()
	return radclient(t, address, kind, demo.Secret, attributes, "-r", "5", "-t", "3")
}

// askMAC is an access point on the square that asks for a device by its address.
func askMAC(t testing.TB, address, mac string) (string, int) {
	t.Helper()
	return ask(t, address, "auth", fmt.Sprintf("User-Name = %s\nUser-Password = %s\nCalling-Station-Id = %s\nCalled-Station-Id = %s\n",
		mac, mac, mac, demo.GatewayMAC())+signed)
}

// page is what a browser gets.
type page struct {
	status int
	url    *url.URL // behind redirects
	body   string
}

// browser keeps cookies and follows redirects; it runs no scripts, like the
// pages want it.
type browser struct {
	t      testing.TB
	client *http.Client
}

func newBrowser(t testing.TB) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return browser{t, &http.Client{Jar: jar, Transport: transport, Timeout: eventually}}
}

func (b browser) get(address string) page {
	b.t.Helper()
	return b.send(http.MethodGet, address, nil)
}

func (b browser) post(address string, form url.Values) page {
	b.t.Helper()
	return b.send(http.MethodPost, address, form)
}

func (b browser) send(method, address string, form url.Values) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "fr")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	return page{answer.StatusCode, answer.Request.URL, string(body)}
}

// signIn opens the console as name.
func signIn(t testing.TB, p *process, name string) browser {
	t.Helper()
	b := newBrowser(t)
	got := b.post(p.console+"/login", url.Values{"name": {name}, "password": {demo.Secret}})
	if got.status != http.StatusOK || got.url.Path == "/login" {
		t.Fatalf("%s cannot sign in to the console: %d\n%s", name, got.status, got.body)
	}
	return b
}

// scrape reads the metrics.
func (p *process) scrape() string {
	p.t.Helper()
	got := newBrowser(p.t).get(p.metrics + "/metrics")
	if got.status != http.StatusOK {
		p.t.Fatalf("metrics: %d", got.status)
	}
	return got.body
}

// metric adds up the series of name whose labels hold all of labels, each
// spelled like `reason="short"`.
func (p *process) metric(name string, labels ...string) float64 {
	p.t.Helper()
	sum, found := 0.0, false
	for line := range strings.Lines(p.scrape()) {
		series, ok := strings.CutPrefix(line, name)
		if !ok || series[0] != '{' && series[0] != ' ' {
			continue
		}
		at := strings.LastIndexByte(series, ' ')
		all := true
		for _, l := range labels {
			all = all && strings.Contains(series[:at], l)
		}
		if !all {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(series[at:]), 64)
		if err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		p.t.Fatalf("there is no %s%v", name, labels)
	}
	return sum
}

// drained waits until everything that was acknowledged is in the store.
func (p *process) drained() {
	p.t.Helper()
	poll(p.t, eventually, "the journal is empty", func() bool { return p.metric("parvis_acct_journal_records") == 0 })
}

// words makes a page's text comparable.
func words(s string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&#39;", "'", "&#34;", `"`).Replace(s)
}

func mustContain(t testing.TB, where, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(words(text), w) {
			t.Errorf("%s: no %q in\n%s", where, w, text)
		}
	}
}

// took logs what something cost.
func took(t testing.TB, what string, began time.Time) {
	t.Helper()
	t.Logf("%s took %v", what, time.Since(began).Round(time.Millisecond))
}
