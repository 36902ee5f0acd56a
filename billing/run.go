package billing

import (
	"errors"
	"strings"
	"time"

	"parvis/internal/directory"
)

// State of a run.
type State string

const (
	Draft    State = "draft"
	Approved State = "approved"
	Issued   State = "issued"
)

// Run is one way from a computation to a document, for an operator and month.
// At most one run of an operator and month is not yet issued.
type Run struct {
	ID         string          `json:"id"`
	OperatorID string          `json:"operator_id"`
	Month      directory.Month `json:"month"`
	State      State           `json:"state"`
	// InputHash is of the lines, so that what was approved is what is issued.
	InputHash  string          `json:"input_hash"`
	Total      directory.Cents `json:"total_cents"`
	Lines      int             `json:"lines"`
	DraftedBy  string          `json:"drafted_by"`
	DraftedAt  time.Time       `json:"drafted_at"`
	ApprovedBy string          `json:"approved_by,omitempty"`
	ApprovedAt time.Time       `json:"approved_at,omitzero"`
	DocumentID string          `json:"document_id,omitempty"`
}

// Program is the actor of what Parvis does by itself. It may draft, never
// approve or issue.
const Program = "parvis"

// The reasons for which a step is refused, as sentences for the person who asked.
var (
	ErrNoOperator   = errors.New("there is no such operator")
	ErrNothing      = errors.New("there is nothing to issue: the month is already issued as computed now, or nothing in it is charged")
	ErrNoRun        = errors.New("there is no draft of this month: preview and draft it first")
	ErrNotApproved  = errors.New("the draft is not approved yet: a second person has to approve it first")
	ErrApproved     = errors.New("the draft is already approved: it can be issued")
	ErrDraftChanged = errors.New("the leases or tariffs have changed since the draft: preview and draft again")
	ErrChanged      = errors.New("the leases or tariffs have changed since the approval: preview and approve again")
	ErrSamePerson   = errors.New("two different people have to stand behind an issued document: ask somebody else for this step")
	ErrNobody       = errors.New("this step needs the name of the person who takes it")
	ErrNotOver      = errors.New("the month is not over")
	ErrClock        = errors.New("the clock is behind the date of the last document issued: set the clock right and try again")
)

// notOverError is ErrNotOver with the day that ends it.
type notOverError struct{ month directory.Month }

func (e notOverError) Error() string {
	return "the month " + e.month.String() + " is not over: charge it from " + e.month.Period().Until.String() + " on"
}

func (e notOverError) Is(target error) bool { return target == ErrNotOver }

// person checks who takes a step that the program may not take by itself.
func person(by string) (string, error) {
	by = strings.TrimSpace(by)
	if by == "" || same(by, Program) {
		return "", ErrNobody
	}
	return by, nil
}

// same reports whether two names are one person's: a login in capitals is not
// a second person.
func same(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// mayApprove: four eyes, so the approver is not who drafted.
func (r *Run) mayApprove(by string) error {
	if same(by, r.DraftedBy) {
		return ErrSamePerson
	}
	return nil
}

// mayIssue: behind a draft of the program there is only one person yet, its
// approver; then the issuer has to be the second one.
func (r *Run) mayIssue(by string) error {
	if same(r.DraftedBy, Program) && same(by, r.ApprovedBy) {
		return ErrSamePerson
	}
	return nil
}
