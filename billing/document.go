package billing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/internal/directory"
)

// Kind of a document.
type Kind string

const (
	// Invoice is the first document of a month, and a later one that adds
	// something or only shifts an amount between a lease and vacancy (total 0).
	Invoice Kind = "invoice"
	// CreditNote is a correction whose total is negative. Its amounts are stored
	// with their sign, like all others, so that sums need no case by kind; a
	// format that wants a credit note's amounts positive turns them as it writes.
	CreditNote Kind = "credit_note"
)

// Document is what was issued: never changed, never deleted.
type Document struct {
	ID         string `json:"id"`
	OperatorID string `json:"operator_id"`
	// Operator and SIREN are the customer as it was called on the day of issue.
	Operator string          `json:"operator"`
	SIREN    string          `json:"siren,omitempty"`
	Month    directory.Month `json:"month"`
	Kind     Kind            `json:"kind"`
	// Series is the year of issue, in which numbers count from 1 without a gap
	// (CGI ann. II art. 242 nonies A, I-7°). There is one series for all operators
	// and for credit notes too: the issuer has one chronological sequence then,
	// with nothing to justify, and a missing number shows at once. A new year
	// begins a new series so that a closed year can be checked and archived whole.
	Series string `json:"series"`
	Number int64  `json:"number"`
	// IssuedOn is the civil date of issue where the clock stands.
	IssuedOn   directory.Date  `json:"issued_on"`
	IssuedAt   time.Time       `json:"issued_at"`
	DraftedBy  string          `json:"drafted_by"`
	ApprovedBy string          `json:"approved_by"`
	IssuedBy   string          `json:"issued_by"`
	Total      directory.Cents `json:"total_cents"` // tax included
	Net        directory.Cents `json:"net_cents"`
	VAT        directory.Cents `json:"vat_cents"`
	// VATPerMille is the rate of the month as computed for this document.
	VATPerMille int       `json:"vat_per_mille"`
	Rule        string    `json:"rule"`
	InputHash   string    `json:"input_hash"`
	Lines       []Line    `json:"lines,omitempty"`
	Postings    []Posting `json:"postings,omitempty"`
	// PrevHash and Hash chain all documents of the series; see Seal.
	PrevHash string `json:"prev_hash"`
	Hash     string `json:"hash"`
}

// Name is the number as it is printed: FA-2026-000123. It has the same letters
// on an invoice and a credit note, because they share the series.
func (d Document) Name() string { return documentName(d.Series, d.Number) }

func documentName(series string, number int64) string {
	return fmt.Sprintf("FA-%s-%06d", series, number)
}

// Posting is one side of a ledger entry; the postings of a document sum to zero.
type Posting struct {
	Account string          `json:"account"` // receivable:<operator id>, revenue:access, vat:collected
	Amount  directory.Cents `json:"amount_cents"`
}

// postings returns the entry of a document: what the operator owes against
// revenue and the tax collected, by account. Sides of zero are left out.
func postings(d Document) []Posting {
	var list []Posting
	for _, p := range []Posting{
		{"receivable:" + d.OperatorID, d.Total},
		{"revenue:access", -d.Net},
		{"vat:collected", -d.VAT},
	} {
		if p.Amount != 0 {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Posting) int { return cmp.Compare(a.Account, b.Account) })
	return list
}

// Check holds a document against itself: its hash, its lines, tax and postings.
// The ledger asks it before it writes, Verify ever after.
func (d *Document) Check() error {
	var errs []error
	for _, f := range d.faults() {
		errs = append(errs, errors.New(f))
	}
	return errors.Join(errs...)
}

// faults says in sentences what is wrong with a document by itself.
func (d *Document) faults() []string {
	var list []string
	add := func(format string, args ...any) {
		list = append(list, d.Name()+": "+fmt.Sprintf(format, args...))
	}
	if d.hash() != d.Hash {
		add("it is not what was issued, its content does not match its hash")
	}
	if sum := Sum(d.Lines); sum != d.Total {
		add("its lines add up to %s €, its total is %s €", sum, d.Total)
	}
	if d.Net+d.VAT != d.Total {
		add("net %s € and VAT %s € do not make its total %s €", d.Net, d.VAT, d.Total)
	}
	if (d.Total < 0) != (d.Kind == CreditNote) {
		add("its kind is %s, with a total of %s €", d.Kind, d.Total)
	}
	var balance, receivable directory.Cents
	for _, p := range d.Postings {
		balance += p.Amount
		if p.Account == "receivable:"+d.OperatorID {
			receivable += p.Amount
		}
	}
	if balance != 0 {
		add("its postings are out of balance by %s €", balance)
	}
	if receivable != d.Total {
		add("its receivable is %s €, its total is %s €", receivable, d.Total)
	}
	return list
}
