package console

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/billing/document"
	"parvis/internal/directory"
)

var seen = regexp.MustCompile(`name="seen" value="([^"]*)"`)

const october = "2026-10"

// press reads the month's page and presses its one button; it fails when the
// page offers another step.
func (b *browser) press(step string) int {
	b.t.Helper()
	page := b.get("/charges?operator=" + b.tw.sample.Operators[0].ID + "&month=" + october).Body.String()
	if !strings.Contains(page, `action="/charges/`+step+`"`) {
		b.t.Fatalf("the page does not offer %s", step)
	}
	return b.take(step, seen.FindStringSubmatch(page)[1]).Code
}

func (b *browser) take(step, fingerprint string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do("POST", "/charges/"+step, url.Values{
		"operator": {b.tw.sample.Operators[0].ID}, "month": {october}, "seen": {fingerprint},
	})
}

func (tw *town) month(t *testing.T) MonthView {
	t.Helper()
	m, err := directory.ParseMonth(october)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tw.Charges.Month(t.Context(), tw.sample.Operators[0].ID, m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDraftApproveIssue(t *testing.T) {
	tw := newTown(t)
	own, colleague := tw.as(t, "bailleur"), tw.as(t, mate)
	if code := own.press(stepDraft); code != http.StatusSeeOther {
		t.Fatalf("draft: %d", code)
	}
	page := own.get("/charges").Body.String()
	if !strings.Contains(page, "You prepared this draft") || strings.Contains(page, "<button id=\"next\"") {
		t.Error("who drafted is not told that somebody else goes on")
	}
	w := own.take(stepApprove, tw.month(t).Fingerprint)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Two different people") {
		t.Errorf("approving one's own draft: %d", w.Code)
	}
	if w := colleague.take(stepIssue, tw.month(t).Fingerprint); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "not approved yet") {
		t.Errorf("issuing a draft: %d", w.Code)
	}
	if code := colleague.press(stepApprove); code != http.StatusSeeOther {
		t.Fatalf("approve: %d", code)
	}
	if code := own.press(stepIssue); code != http.StatusSeeOther {
		t.Fatalf("issue: %d", code)
	}
	v := tw.month(t)
	if !v.Nothing || len(v.Documents) != 1 || v.Documents[0].DraftedBy != "bailleur" || v.Documents[0].ApprovedBy != mate {
		t.Errorf("issued: %+v", v.Documents)
	}
	page = own.get("/charges?done=issue").Body.String()
	for _, want := range []string{"The document is issued", v.Documents[0].Name, "Everything is issued", `id="file"`, "by bailleur"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q after issuing", want)
		}
	}
	if w := own.take(stepDraft, v.Fingerprint); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "nothing to issue") {
		t.Errorf("issuing again: %d", w.Code)
	}
	tw.holdsFile(t, own, v)
}

// The file that is downloaded adds up to what was issued.
func (tw *town) holdsFile(t *testing.T, b *browser, v MonthView) {
	t.Helper()
	w := b.get("/charges/file?month=" + october)
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="charges-habitat-littoral-2026-10.csv"` {
		t.Errorf("file name: %s", got)
	}
	if got := w.Header().Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("content type: %s", got)
	}
	s, err := document.ReadCharges(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if s.Total != v.IssuedTotal || s.Total == 0 {
		t.Errorf("the file adds up to %s, issued was %s", s.Total, v.IssuedTotal)
	}
}

// An approval is of what the person saw: when a lease changes between the page
// and the button nothing is done.
func TestStepAppliesToWhatWasSeen(t *testing.T) {
	tw := newTown(t)
	tw.as(t, "bailleur").press(stepDraft)
	admin := tw.as(t, "admin")
	before := tw.month(t).Fingerprint
	lease := tw.sample.Leases[len(tw.sample.Leases)-1]
	lease.Period.Until = directory.NewDate(2026, 10, 10)
	if err := tw.db.PutLeases(t.Context(), []directory.Lease{lease}); err != nil {
		t.Fatal(err)
	}
	if tw.month(t).Fingerprint == before {
		t.Fatal("the lease changes nothing: the test is wrong")
	}
	w := admin.take(stepApprove, before)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "The lines have changed since you saw them") {
		t.Errorf("approving what was not seen: %d", w.Code)
	}
	if r := tw.month(t).Run; r.State != RunDraft {
		t.Errorf("the run is %s", r.State)
	}
	if !strings.Contains(w.Body.String(), `action="/charges/draft"`) {
		t.Error("the page does not offer a new draft")
	}
}

func TestStepNeedsTheTrail(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "bailleur")
	tw.Logins = brokenAudit{tw.Logins}
	if w := b.take(stepDraft, tw.month(t).Fingerprint); w.Code != http.StatusServiceUnavailable || tw.month(t).Run != nil {
		t.Errorf("a draft without a trail: %d", w.Code)
	}
	if w := b.get("/charges/file?month=" + october); w.Code != http.StatusServiceUnavailable || w.Header().Get("Content-Disposition") != "" {
		t.Errorf("a file without a trail: %d", w.Code)
	}
}

func TestStepNeedsItsSubject(t *testing.T) {
	tw := newTown(t)
	b := tw.as(t, "admin")
	for name, c := range map[string]struct {
		form url.Values
		want int
	}{
		"no operator":      {url.Values{"month": {october}}, http.StatusBadRequest},
		"no month":         {url.Values{"operator": {tw.sample.Operators[0].ID}}, http.StatusBadRequest},
		"odd month":        {url.Values{"operator": {tw.sample.Operators[0].ID}, "month": {"October"}}, http.StatusBadRequest},
		"far month":        {url.Values{"operator": {tw.sample.Operators[0].ID}, "month": {"9999-01"}}, http.StatusBadRequest},
		"unknown operator": {url.Values{"operator": {"x"}, "month": {october}}, http.StatusNotFound},
	} {
		if w := b.do("POST", "/charges/draft", c.form); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

// A problem of the data is a sentence on the page, not an error.
func TestFactsProblemIsShown(t *testing.T) {
	tw := newTown(t)
	tw.Charges = lacking{tw.Charges}
	page := tw.as(t, "bailleur").get("/charges")
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "no tariff on 2026-10-01") || strings.Contains(page.Body.String(), `id="next"`) {
		t.Errorf("got %d", page.Code)
	}
	if w := tw.as(t, "bailleur").get("/"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "The data has a problem") {
		t.Errorf("overview: %d", w.Code)
	}
}

func TestNextStep(t *testing.T) {
	run := func(state, drafted, approved string) *RunView {
		return &RunView{State: state, DraftedBy: drafted, ApprovedBy: approved}
	}
	for name, c := range map[string]struct {
		v    MonthView
		want next
	}{
		"nothing yet":            {MonthView{}, next{Step: stepDraft}},
		"nothing to charge":      {MonthView{Nothing: true}, next{}},
		"drafted by another":     {MonthView{Run: run(RunDraft, "a", "")}, next{Step: stepApprove}},
		"drafted by oneself":     {MonthView{Run: run(RunDraft, "ME", "")}, next{Step: stepApprove, Blocked: true, Why: "console.charges.blocked.drafted"}},
		"drafted, changed":       {MonthView{Run: run(RunDraft, "me", ""), Stale: true}, next{Step: stepDraft}},
		"changed back":           {MonthView{Run: run(RunDraft, "me", ""), Stale: true, Nothing: true}, next{}},
		"approved by oneself":    {MonthView{Run: run(RunApproved, "a", "me")}, next{Step: stepIssue}},
		"drafted by the program": {MonthView{Run: run(RunDraft, Program, "")}, next{Step: stepApprove}},
		"only oneself behind it": {MonthView{Run: run(RunApproved, Program, "me")}, next{Step: stepIssue, Blocked: true, Why: "console.charges.blocked.approved"}},
		"issued":                 {MonthView{Run: run(RunIssued, "a", "b"), Nothing: true}, next{}},
		"issued, a difference":   {MonthView{Run: run(RunIssued, "a", "b")}, next{Step: stepDraft}},
	} {
		if got := nextStep(c.v, directory.User{Name: "me"}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestRefusedError(t *testing.T) {
	var r *Refused
	if err := error(&Refused{Key: RefusedFacts, Text: "no tariff"}); !errors.As(err, &r) || err.Error() != "refused: facts: no tariff" {
		t.Error(err)
	}
}

// trail remembers what goes into the audit trail.
type trail struct {
	Logins
	entries *[]directory.AuditEntry
}

func (a trail) Audit(ctx context.Context, e directory.AuditEntry) error {
	*a.entries = append(*a.entries, e)
	return a.Logins.Audit(ctx, e)
}

func TestAuditTrail(t *testing.T) {
	tw := newTown(t)
	var entries []directory.AuditEntry
	tw.Logins = trail{tw.Logins, &entries}
	own, colleague := tw.as(t, "bailleur"), tw.as(t, mate)
	own.press(stepDraft)
	colleague.press(stepApprove)
	own.press(stepIssue)
	own.get("/charges/file?month=" + october)
	own.do("POST", "/logout", url.Values{})
	operator := tw.sample.Operators[0].ID
	var got []string
	for _, e := range entries {
		if !e.At.Equal(tw.clock.now()) {
			t.Errorf("%s at %s", e.Action, e.At)
		}
		subject := e.Subject
		if subject == operator {
			subject = "operator"
		} else {
			subject = "user"
		}
		got = append(got, e.Actor+" "+e.Action+" "+subject)
	}
	want := []string{
		"bailleur console.login user", mate + " console.login user", "bailleur charges.draft operator",
		mate + " charges.approve operator", "bailleur charges.issue operator", "bailleur charges.file operator",
		"bailleur console.logout user",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
