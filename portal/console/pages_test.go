package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

// The keys that templates put together must be there in every language; the
// literal ones are checked when the pages are parsed.
func TestEveryComposedKeyHasWords(t *testing.T) {
	web, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	add := func(prefix string, ends ...string) {
		for _, end := range ends {
			keys = append(keys, prefix+end)
		}
	}
	for _, r := range access.Reasons() {
		add("reason.", r.Key())
		add("console.reason_help.", r.Key())
	}
	for _, m := range access.Methods() {
		add("console.method.", m.String())
	}
	for _, a := range access.Advices() {
		add("", whatToDo(a, false), whatToDo(a, true))
	}
	for _, trail := range access.Trails() {
		add("console.explain.trail.", string(trail))
	}
	add("console.explain.login_trail.", string(access.TrailAsked), string(access.TrailSession), string(access.TrailAttempt))
	for _, e := range []access.Explanation{{}, {Decision: access.Decision{Reason: access.UnknownDevice}}} {
		for _, byLogin := range []bool{false, true} {
			add("", explained{Answer: access.Answer{Case: access.Case{ByLogin: byLogin}, Explanation: e}}.Verdict())
		}
	}
	for _, k := range RefusedKeys() {
		add("", (&Refused{Key: k}).words())
	}
	add("", (&Refused{Key: "one of another release"}).words())
	for _, tab := range tabs() {
		add("", tab.Key)
	}
	add("console.nas.posture.", postures()...)
	add("console.nas.help.", postures()...)
	add("console.role.", "admin", "network", "operator", "desk")
	add("console.login.", resultWrong, resultLimited, resultBusy, resultFailed)
	add("console.state.", stateUp, stateDown, stateUnknown, stateOff)
	add("console.works.", "yes", "partly", "no", "unknown", "none")
	add("console.desk.entries.", string(directory.EntryTap), string(directory.EntryCard))
	add("console.charges.kinds.", KindInvoice, KindCreditNote)
	add("console.charges.stage.", RunDraft, RunApproved, RunIssued)
	add("console.charges.state.", "open", "nothing", RunDraft, RunApproved, RunIssued)
	add("console.charges.blocked.", "drafted", "approved")
	for _, group := range []string{"explain.", "button.", "done."} {
		add("console.charges."+group, stepDraft, stepApprove, stepIssue)
	}
	for _, lang := range web.Languages() {
		for _, key := range keys {
			if web.Text(lang, key) == key {
				t.Errorf("%s has no words for %s", lang, key)
			}
		}
	}
}

var (
	titleOf = regexp.MustCompile(`<title>(.*?)</title>`)
	tables  = regexp.MustCompile(`(?s)<table.*?</table>`)
)

// Titles are unique, tables have a caption and headers with a scope, and
// nothing needs a script or a style of its own.
func TestPagesAreSound(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	titles := map[string]string{}
	for _, target := range []string{
		"/", "/desk", "/residences", "/residences/" + tw.sample.Residences[0].ID, "/residences/" + tw.sample.Residences[1].ID,
		"/access-points", "/access-points/" + tw.ap(5).ID, "/access-points/" + tw.ap(6).ID, "/refusals", "/explain?mac=" + tenantMAC(0).String(), "/charges", "/charges?month=2026-09",
	} {
		w := b.get(target)
		page := w.Body.String()
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", target, w.Code)
			continue
		}
		title := titleOf.FindStringSubmatch(page)[1]
		if titles[title] != "" {
			t.Errorf("%s and %s have the title %q", titles[title], target, title)
		}
		titles[title] = target
		for _, table := range tables.FindAllString(page, -1) {
			if !strings.Contains(table, "<caption") || strings.Contains(table, "<th>") || !strings.Contains(table, `scope="row"`) {
				t.Errorf("%s: a table without caption or scopes", target)
			}
		}
		for _, bad := range []string{"<script", "style=", "onclick", "console.", "<no value>", "%!"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s has %q", target, bad)
			}
		}
		if strings.Count(page, "<h1") != 1 {
			t.Errorf("%s has %d h1", target, strings.Count(page, "<h1"))
		}
	}
}

func TestRefusalsSayWhyAndWhatToDo(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "reseau")
	page := b.get("/refusals").Body.String()
	for _, want := range []string{
		"The password is not right", "The person types the password of the letter again", "Too many devices of the dwelling",
		tenantMAC(0).String(), "logement-0042", "password (PAP)", "through Passerelle centre", "from_a_newer_node",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if page := b.get("/refusals?reason=device_slots").Body.String(); strings.Contains(page, tenantMAC(0).String()) || !strings.Contains(page, tenantMAC(3).String()) {
		t.Error("the filter does not filter")
	}
}

func TestResidenceShowsLeasesAndCounts(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "bailleur")
	path := "/residences/" + tw.sample.Residences[0].ID
	page := b.get(path + "?q=LOGEMENT-0001").Body.String()
	for _, want := range []string{tw.sample.Dwellings[0].Ref, tw.sample.Dwellings[0].Door, "logement-0001", "1 dwelling<", `<td class="number">1</td>`, "since "} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "logement-0002") {
		t.Error("the search does not search")
	}
	vacant := 0
	dwellings, err := tw.db.Dwellings(t.Context(), "", tw.sample.Residences[0].ID, tw.today())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dwellings {
		if d.Lease == nil {
			vacant++
		}
	}
	if got := strings.Count(b.get(path).Body.String(), `<span class="badge wait">vacant</span>`); got != vacant || vacant == 0 {
		t.Errorf("%d dwellings show as vacant, want %d", got, vacant)
	}
	if w := b.get(path + "?q=" + url.QueryEscape("<script>")); strings.Contains(w.Body.String(), "<script>") {
		t.Error("the search text is not escaped")
	}
}

func TestAccessPointShowsItsSessions(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "reseau")
	page := b.get("/access-points/" + tw.ap(5).ID).Body.String()
	for _, want := range []string{tenantMAC(0).String(), tenantMAC(1).String(), "340\u00a0MB", "12\u00a0MB", "2 hours", "never keeps the addresses of visited sites"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	page = b.get("/access-points").Body.String()
	if down, up := strings.Index(page, tw.ap(0).Name), strings.Index(page, tw.ap(5).Name); down < 0 || down > up {
		t.Error("what is down does not come first")
	}
}

func TestDeskAnswers(t *testing.T) {
	tw := newTown(t)
	page := tw.as(t, "accueil").get("/desk").Body.String()
	for _, want := range []string{"works in part", "a button on the welcome page", "the code of a paper card", tw.sample.Zones[0].SSID} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestPlaceWorks(t *testing.T) {
	for name, c := range map[string]struct {
		tally
		want string
	}{
		"no access point": {tally{}, "none"},
		"all off":         {tally{Off: 2}, "none"},
		"all up":          {tally{Up: 2}, "yes"},
		"one silent":      {tally{Up: 1, Unknown: 1}, "yes"},
		"one down":        {tally{Up: 1, Down: 1}, "partly"},
		"all down":        {tally{Down: 2}, "no"},
		"down or silent":  {tally{Down: 1, Unknown: 1}, "no"},
		"all silent":      {tally{Unknown: 2}, "unknown"},
	} {
		if got := (place{tally: c.tally}).Works(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestDevicesOnCountsADeviceOnce(t *testing.T) {
	s := func(dwelling string, n byte) accounting.Session {
		return accounting.Session{DwellingID: dwelling, MAC: directory.MAC{n}}
	}
	got := devicesOn([]accounting.Session{s("a", 1), s("a", 1), s("a", 2), s("b", 1)})
	if got["a"] != 2 || got["b"] != 1 {
		t.Errorf("got %v", got)
	}
}

// Every row is on one page, whatever is asked for.
func TestPagesShowEveryRowOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := make([]int, rapid.IntRange(0, 900).Draw(t, "rows"))
		for i := range list {
			list[i] = i
		}
		u := &url.URL{Path: "/residences", RawQuery: "q=a"}
		var all []int
		for range 10 {
			rows, p := page(list, u)
			if len(rows) > rowsPerPage || len(rows) > 0 && (rows[0] != p.From-1 || rows[len(rows)-1] != p.To-1) {
				t.Fatalf("page %+v has %d rows", p, len(rows))
			}
			all = append(all, rows...)
			if p.After == "" {
				break
			}
			var err error
			if u, err = url.Parse(p.After); err != nil || u.Query().Get("q") != "a" {
				t.Fatalf("link %q", p.After)
			}
		}
		if len(all) != len(list) {
			t.Fatalf("%d of %d rows are shown", len(all), len(list))
		}
		odd := &url.URL{RawQuery: "page=" + url.QueryEscape(rapid.String().Draw(t, "page"))}
		if rows, _ := page(list, odd); len(list) > 0 && len(rows) == 0 {
			t.Fatal("an empty page of a table with rows")
		}
	})
}
