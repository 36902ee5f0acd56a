package console

import (
	"strings"

	"parvis/internal/directory"
)

// The steps of a month.
const (
	stepDraft   = "draft"
	stepApprove = "approve"
	stepIssue   = "issue"
)

// next is the one step that comes next, for one user.
type next struct {
	Step string // empty: nothing is left to do
	// Blocked says that this user may not take it; Why is the key of the reason.
	Blocked bool
	Why     string
}

// nextStep says what may be done with a month. Billing decides in the end: this
// only chooses what the page offers, by the same rule of four eyes.
func nextStep(v MonthView, u directory.User) next {
	run := v.Run
	switch {
	case run == nil || run.State == RunIssued:
		if v.Nothing {
			return next{}
		}
		return next{Step: stepDraft}
	case v.Stale && v.Nothing:
		return next{} // the difference went away; there is nothing to draft again
	case v.Stale:
		return next{Step: stepDraft}
	case run.State == RunDraft:
		if same(run.DraftedBy, u.Name) {
			return next{Step: stepApprove, Blocked: true, Why: "console.charges.blocked.drafted"}
		}
		return next{Step: stepApprove}
	}
	// Behind a draft of the program there is only its approver yet.
	if same(run.DraftedBy, Program) && same(run.ApprovedBy, u.Name) {
		return next{Step: stepIssue, Blocked: true, Why: "console.charges.blocked.approved"}
	}
	return next{Step: stepIssue}
}

func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// stage is one of the three steps as the page shows it.
type stage struct {
	Key  string // draft, approved, issued
	Done bool
	Now  bool // it comes next
	By   string
	On   any // time.Time or directory.Date, for the template; nil when not known
}

// stages says how far the month is. What was issued before and is followed by a
// difference shows in the documents: the three begin anew.
func stages(v MonthView, n next) []stage {
	list := []stage{{Key: RunDraft}, {Key: RunApproved}, {Key: RunIssued}}
	run := v.Run
	switch {
	case n.Step == stepDraft || run == nil:
		list[0].Now = n.Step == stepDraft
		return list
	case run.State == RunIssued && !v.Nothing:
		return list
	}
	list[0].Done, list[0].By, list[0].On = true, run.DraftedBy, run.DraftedAt
	if run.State == RunDraft {
		list[1].Now = n.Step == stepApprove
		return list
	}
	list[1].Done, list[1].By, list[1].On = true, run.ApprovedBy, run.ApprovedAt
	if run.State == RunApproved {
		list[2].Now = n.Step == stepIssue
		return list
	}
	list[2].Done = true
	if i := len(v.Documents) - 1; i >= 0 {
		list[2].By, list[2].On = v.Documents[i].IssuedBy, v.Documents[i].IssuedOn
	}
	return list
}
