package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"parvis/internal/accounting"
	"parvis/portal/ui"
)

// nasses answer as the test says, and remember who was asked.
type nasses struct {
	mu    sync.Mutex
	says  Disconnected
	err   error
	asked []string // session, by
}

func (n *nasses) Disconnect(_ context.Context, key, by string) (Disconnected, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, key, by)
	return n.says, n.err
}

func TestDisconnect(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "reseau")
	here := "/access-points/" + tw.ap(5).ID
	sessions, err := tw.db.OpenSessions(t.Context(), accounting.Filter{AccessPointID: tw.ap(5).ID}, 10)
	if err != nil || len(sessions) == 0 {
		t.Fatal(len(sessions), err)
	}
	key := sessions[0].Key
	page := b.get(here).Body.String()
	if n := strings.Count(page, ">Disconnect</button>"); n != len(sessions) {
		t.Errorf("%d buttons for %d sessions", n, len(sessions))
	}
	if !strings.Contains(page, `aria-label="Disconnect `+sessions[0].MAC.String()+`"`) || !strings.Contains(page, `value="`+key+`"`) {
		t.Error("the button does not say which device, or which session")
	}
	web, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says   Disconnected
		colour string
		words  string
		why    string
	}{
		{Disconnected{State: DisconnectACK}, "good", "console.disconnect.ack", ""},
		{Disconnected{State: DisconnectNAK, Cause: 503}, "bad", "console.disconnect.nak", "console.disconnect.cause.503"},
		{Disconnected{State: DisconnectNAK, Cause: 999}, "bad", "console.disconnect.nak", "console.disconnect.cause.other"},
		{Disconnected{State: DisconnectTimeout}, "bad", "console.disconnect.timeout", ""},
		{Disconnected{State: DisconnectFailed, Why: "no_address"}, "bad", "console.disconnect.failed", "console.disconnect.why.no_address"},
		{Disconnected{State: DisconnectUnknown}, "wait", "console.disconnect.unknown", ""},
	} {
		tw.nas.says, tw.nas.asked = c.says, nil
		w := b.do("POST", here+"/disconnect", url.Values{"session": {key}})
		to := w.Header().Get("Location")
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, here+"?") {
			t.Fatalf("%+v: %d to %q", c.says, w.Code, to)
		}
		if len(tw.nas.asked) != 2 || tw.nas.asked[0] != key || tw.nas.asked[1] != "reseau" {
			t.Errorf("asked %q", tw.nas.asked)
		}
		page := b.get(to).Body.String()
		_, notice, _ := strings.Cut(page, `<div class="notice `+c.colour+`" role="status">`)
		notice, _, _ = strings.Cut(notice, "</div>")
		for _, want := range []string{c.words, c.why} {
			if want != "" && !strings.Contains(notice, web.Text("en", want)) {
				t.Errorf("%+v: the page says %q, not %s", c.says, notice, want)
			}
		}
	}

	// A session of another access point, or one that has ended, is asked nothing of.
	tw.nas.asked = nil
	for _, target := range []string{"/access-points/" + tw.ap(6).ID, here} {
		session := key
		if target == here {
			session = "n/nowhere/x/"
		}
		w := b.do("POST", target+"/disconnect", url.Values{"session": {session}})
		if to := w.Header().Get("Location"); to != target+"?disconnect=failed&why=ended" {
			t.Errorf("%s: %d to %q", target, w.Code, to)
		}
	}
	if w := b.do("POST", "/access-points/none/disconnect", url.Values{"session": {key}}); w.Code != http.StatusNotFound {
		t.Errorf("of no access point: %d", w.Code)
	}
	b.header["Sec-Fetch-Site"] = "cross-site"
	if w := b.do("POST", here+"/disconnect", url.Values{"session": {key}}); w.Code != http.StatusForbidden {
		t.Errorf("a form of another site: %d", w.Code)
	}
	delete(b.header, "Sec-Fetch-Site")
	if len(tw.nas.asked) != 0 {
		t.Errorf("asked %q", tw.nas.asked)
	}
	tw.nas.err = errors.New("the store is away")
	if w := b.do("POST", here+"/disconnect", url.Values{"session": {key}}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without the store: %d", w.Code)
	}
}

// The result is in the address: anybody can write one, and only words of ours
// come out of it.
func TestDisconnectNoticeOfAnybody(t *testing.T) {
	for q, want := range map[string]string{
		"":                                  "",
		"disconnect=<script>":               "",
		"disconnect=failed":                 "",
		"disconnect=failed&why=<script>":    "",
		"disconnect=nak":                    "console.disconnect.cause.other",
		"disconnect=nak&cause=-1":           "console.disconnect.cause.other",
		"disconnect=nak&cause=4294967296":   "console.disconnect.cause.other",
		"disconnect=nak&cause=508&why=<b>":  "console.disconnect.cause.508",
		"disconnect=failed&why=nas_gone":    "console.disconnect.why.nas_gone",
		"disconnect=ack&cause=503&why=<b>x": "",
	} {
		values, err := url.ParseQuery(q)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if d := readDisconnected(values); d != nil {
			got = d.Why()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", q, got, want)
		}
	}
}

func TestDisconnectHasWords(t *testing.T) {
	web, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"cause.other"}
	keys = append(keys, DisconnectStates()...)
	for _, why := range DisconnectReasons() {
		keys = append(keys, "why."+why)
	}
	for _, cause := range disconnectCauses() {
		keys = append(keys, "cause."+strconv.FormatUint(uint64(cause), 10))
	}
	for _, lang := range web.Languages() {
		for _, key := range keys {
			if key = "console.disconnect." + key; web.Text(lang, key) == key {
				t.Errorf("%s has no words for %s", lang, key)
			}
		}
	}
}
