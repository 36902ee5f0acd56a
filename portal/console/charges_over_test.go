package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/directory"
)

// The page of a month that still runs is there to look at: it offers no step
// that would be refused, and a step that is taken all the same is.
func TestMonthThatIsNotOver(t *testing.T) {
	tw := newTown(t)
	own, colleague := tw.as(t, "bailleur"), tw.as(t, mate)
	operator, month := tw.sample.Operators[0].ID, directory.MonthOf(directory.DateOf(tw.clock.now()))
	page := func(b *browser) string {
		return b.get("/charges?operator=" + operator + "&month=" + month.String()).Body.String()
	}
	form := func(page string) url.Values {
		return url.Values{"operator": {operator}, "month": {month.String()}, "seen": {seen.FindStringSubmatch(page)[1]}}
	}
	draft := form(page(own))
	if w := own.do("POST", "/charges/"+stepDraft, draft); w.Code != http.StatusSeeOther {
		t.Fatalf("draft: %d", w.Code)
	}
	for name, b := range map[string]*browser{"who drafted": own, "the second person": colleague} {
		got := page(b)
		if !strings.Contains(got, "This month is not over. You can look at it") || strings.Contains(got, `id="next"`) || strings.Contains(got, `id="blocked"`) {
			t.Errorf("%s: the page does not say that the month is not over, or offers a step", name)
		}
	}
	for _, step := range []string{stepApprove, stepIssue} {
		w := colleague.do("POST", "/charges/"+step, draft)
		if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "It can be approved and issued from the first day") {
			t.Errorf("%s: %d", step, w.Code)
		}
	}
}
