package console

import (
	"time"

	"parvis/internal/directory"
)

// MonthView is an operator's month: as computed now, and what was issued of it.
type MonthView struct {
	OperatorID, Operator string
	Month                directory.Month
	// Dwellings are those charged; Leases and Vacant count the shares in them.
	Dwellings, Leases, Vacant int
	// MonthTotal is the month as computed, IssuedTotal what of it was issued, and
	// Left the difference, tax included.
	MonthTotal, IssuedTotal, Left directory.Cents
	// Nothing says that nothing is left to issue. A difference between parties
	// can be left with a Left of 0.
	Nothing bool
	// LeftLines is how many lines are left to issue; Lines are the first of them.
	LeftLines int
	Lines     []LineView
	Documents []DocumentView // issued, oldest first
	Run       *RunView       // nil when there has been none
	// Stale says that Run is not issued and no longer what the computation says.
	Stale bool
	// Fingerprint changes with the lines that are left, so that a step applies
	// to what the person saw.
	Fingerprint string
}

// LineView is one party's share of one dwelling-month.
type LineView struct {
	Residence, Dwelling, Door string
	Lease                     string // reference; empty for vacancy
	From, Until               directory.Date
	Days                      int
	Amount                    directory.Cents
	Correction                bool
}

// Vacant reports whether the operator bears the line itself.
func (l LineView) Vacant() bool { return l.Lease == "" }

// Last is the last day of the line.
func (l LineView) Last() directory.Date { return l.Until - 1 }

// The kinds of DocumentView.
const (
	KindInvoice    = "invoice"
	KindCreditNote = "credit_note"
)

// DocumentView is an issued document.
type DocumentView struct {
	Name                            string // as printed: FA-2026-000123
	Kind                            string // KindInvoice or KindCreditNote
	IssuedOn                        directory.Date
	Total                           directory.Cents
	DraftedBy, ApprovedBy, IssuedBy string
}

// The states of RunView.
const (
	RunDraft    = "draft"
	RunApproved = "approved"
	RunIssued   = "issued"
)

// Program is who drafts when Parvis does it by itself.
const Program = "parvis"

// RunView is the way of a month's lines to a document.
type RunView struct {
	State                 string
	DraftedBy, ApprovedBy string
	DraftedAt, ApprovedAt time.Time
	Total                 directory.Cents
	Lines                 int
}
