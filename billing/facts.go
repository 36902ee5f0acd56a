package billing

import (
	"context"
	"time"

	"parvis/internal/directory"
)

// Tariff is a dated price per dwelling and month, immutable once written.
type Tariff struct {
	ID, OperatorID string
	SectorID       string         // empty: all sectors of the operator
	From           directory.Date // until the next tariff of the same sector or operator
	Price          directory.Cents
	VATPerMille    int    // 200 is 20 %; already in Price
	Label          string // what the charges statement calls it
	Reference      string // the decision (délibération) that set it
}

// Facts is all that a month depends on.
type Facts struct {
	Operator   directory.Operator
	Sectors    []directory.Sector
	Agreements []directory.Agreement
	Residences []directory.Residence
	Dwellings  []directory.Dwelling
	Leases     []directory.Lease
	Tariffs    []Tariff
}

// Charge is one party's share of one dwelling-month.
type Charge struct {
	DwellingID string
	LeaseID    string // empty: vacancy, which the operator bears
	From       directory.Date
	Until      directory.Date // half-open
	Days       int            // days of this party in scope
	Amount     directory.Cents
	TariffID   string // the tariff of the party's last day
}

// Vacant reports whether the operator bears the charge.
func (c Charge) Vacant() bool { return c.LeaseID == "" }

// Line is a charge on a document. On a correction Amount is the difference to
// what has been issued before, and may be negative.
type Line struct {
	Charge
	// Correction says that the same dwelling, party and month stood on an earlier document.
	Correction bool
}

// Kind of a document.
type Kind string

const (
	Invoice    Kind = "invoice"
	CreditNote Kind = "credit_note" // a correction whose total is negative
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
	ID, OperatorID string
	Month          directory.Month
	State          State
	InputHash      string // of the lines, so that what was approved is what is issued
	Total          directory.Cents
	Lines          int
	DraftedBy      string
	DraftedAt      time.Time
	ApprovedBy     string
	ApprovedAt     time.Time
	DocumentID     string
}

// Document is what was issued: never changed, never deleted.
type Document struct {
	ID, OperatorID string
	Month          directory.Month
	Kind           Kind
	Series         string // numbers have no gaps within a series
	Number         int64
	IssuedAt       time.Time
	IssuedBy       string
	Total          directory.Cents // tax included
	Net, VAT       directory.Cents
	Lines          []Line
	PrevHash, Hash string // chain over all documents of the series
}

// Posting is one side of a ledger entry; the postings of a document sum to zero.
type Posting struct {
	Account string // receivable:<operator>, revenue:access, vat:collected
	Amount  directory.Cents
}

// Ledger is what billing needs of the store.
type Ledger interface {
	// Facts returns what operator's month depends on as known now, and all lines
	// issued for that month so far.
	Facts(ctx context.Context, operatorID string, m directory.Month) (Facts, []Line, error)
	// Run returns the newest run of the operator and month, or ErrNoRun.
	Run(ctx context.Context, operatorID string, m directory.Month) (Run, error)
	// SaveDraft replaces the run that is not yet issued, if there is one.
	SaveDraft(ctx context.Context, r Run) error
	// Approve turns the draft with that id and input hash into an approved run;
	// ErrChanged when it is not a draft with that hash any more.
	Approve(ctx context.Context, runID, inputHash, by string, at time.Time) error
	// Issue runs make on the facts and issued lines as they are inside the one
	// transaction that then takes the number, completes the hash chain, and writes
	// document, lines and postings. When make returns an error nothing is written.
	Issue(ctx context.Context, runID string, make func(Facts, []Line, Run) (Document, []Posting, error)) (Document, error)
	// Documents returns every document of the operator with its lines, oldest
	// first; month 0 means all.
	Documents(ctx context.Context, operatorID string, m directory.Month) ([]Document, error)
}
