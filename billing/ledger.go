package billing

import (
	"context"
	"time"

	"parvis/internal/directory"
)

// Books is what is known of an operator's month at one moment.
type Books struct {
	Facts  Facts
	Issued []Document // of the month, with their lines, oldest first
	// Run is the run that is not issued yet, else the newest one; nil when there
	// has been none.
	Run *Run
}

// Link is a document without its content: its place in the chain of a series.
type Link struct {
	DocumentID, OperatorID string
	Month                  directory.Month
	Series                 string
	Number                 int64
	IssuedOn               directory.Date
	PrevHash, Hash         string
}

// Ledger is what billing needs of the store.
type Ledger interface {
	// Books reads the operator's month in one transaction. An operator that does
	// not exist is ErrNoOperator.
	Books(ctx context.Context, operatorID string, m directory.Month) (Books, error)
	// SaveDraft keeps the month's run that is not issued yet when its input hash is
	// that of r, else puts r in its place. It returns the run that now stands.
	SaveDraft(ctx context.Context, r Run) (Run, error)
	// Approve turns the draft with that id and input hash into an approved run;
	// ErrDraftChanged when it is not a draft with that hash any more.
	Approve(ctx context.Context, runID, inputHash, by string, at time.Time) error
	// Issue locks the operator's month and runs make on its books as they are in
	// that transaction, which then takes the number in the document's series, seals
	// it behind the one before, writes document, lines and postings, and closes the
	// run. When make returns an error nothing is written and no number is used. make
	// may run again when the transaction has to.
	Issue(ctx context.Context, operatorID string, m directory.Month, make func(Books) (Document, error)) (Document, error)
	// Documents returns the documents of the operator with their lines, oldest
	// first; month 0 means all.
	Documents(ctx context.Context, operatorID string, m directory.Month) ([]Document, error)
	// Links returns every document's place, of all operators, by series and number.
	Links(ctx context.Context) ([]Link, error)
}
