package console

import "slices"

// Refused is an error that a person can put right. Key names its words in the
// language files, console.refused.<key>.
type Refused struct {
	Key string
	// Text is a sentence about the data, for RefusedFacts: which tariff is
	// missing, for example.
	Text string
}

// The keys of Refused.
const (
	RefusedNothing      = "nothing"       // nothing is left to issue
	RefusedNoRun        = "no_run"        // no draft yet
	RefusedNotApproved  = "not_approved"  // the draft has to be approved first
	RefusedApproved     = "approved"      // it is approved already
	RefusedDraftChanged = "draft_changed" // the data changed since the draft
	RefusedChanged      = "changed"       // the data changed since the approval
	RefusedSamePerson   = "same_person"   // two people have to stand behind it
	RefusedNobody       = "nobody"        // the step needs a person
	RefusedNoOperator   = "no_operator"
	RefusedNotOver      = "not_over" // the month still runs
	RefusedClock        = "clock"    // the clock is behind the last document
	RefusedFacts        = "facts"    // the data has a problem; Text says which
)

// RefusedKeys lists all of them.
func RefusedKeys() []string {
	return []string{
		RefusedNothing, RefusedNoRun, RefusedNotApproved, RefusedApproved, RefusedDraftChanged, RefusedChanged,
		RefusedSamePerson, RefusedNobody, RefusedNoOperator, RefusedNotOver, RefusedClock, RefusedFacts,
	}
}

// Error implements error, for logs.
func (e *Refused) Error() string {
	if e.Text != "" {
		return "refused: " + e.Key + ": " + e.Text
	}
	return "refused: " + e.Key
}

// words is the key of the sentence for the page; a key that is not ours reads
// as a problem of the data.
func (e *Refused) words() string {
	if slices.Contains(RefusedKeys(), e.Key) {
		return "console.refused." + e.Key
	}
	return "console.refused." + RefusedFacts
}
