package document

import (
	"fmt"
	"strings"
	"unicode"

	"parvis/billing"
	"parvis/internal/directory"
)

// Row is one line of a charges file: what to recover from one lease, or what
// stays with the operator as vacancy. On a correction it is the difference to
// the documents before.
type Row struct {
	Operator  string
	Month     directory.Month
	Document  string // its number, FA-2026-000123
	Residence string
	Dwelling  string // the operator's own identifier
	Door      string
	Vacant    bool
	Lease     string // the operator's own identifier; empty when vacant
	From      directory.Date
	Until     directory.Date // half-open, as everywhere; the file has the last day
	Days      int
	Amount    directory.Cents
	Label     string
}

// Statement is the content of a charges file.
type Statement struct {
	Rows  []Row
	Total directory.Cents // of the documents, tax included
}

// NewStatement gathers all lines of the documents: of a month's invoice and all
// its corrections, or of one of them. A document whose lines do not add up to
// its total is an error.
func NewStatement(documents ...billing.Document) (Statement, error) {
	var s Statement
	for i := range documents {
		d := &documents[i]
		if sum := billing.Sum(d.Lines); sum != d.Total {
			return Statement{}, fmt.Errorf("the lines of %s add up to %s €, its total is %s €: the file is not written", d.Name(), sum, d.Total)
		}
		s.Total += d.Total
		for j := range d.Lines {
			l := &d.Lines[j]
			s.Rows = append(s.Rows, Row{
				Operator: clean(d.Operator), Month: d.Month, Document: d.Name(),
				Residence: clean(l.Residence), Dwelling: clean(l.DwellingRef), Door: clean(l.Door),
				Vacant: l.Vacant(), Lease: clean(l.LeaseRef),
				From: l.From, Until: l.Until, Days: l.Days, Amount: l.Amount, Label: clean(l.Label),
			})
		}
	}
	return s, nil
}

// clean makes a text fit one cell: no control characters, valid UTF-8, no space
// around it.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// sum adds the rows.
func (s Statement) sum() directory.Cents {
	var total directory.Cents
	for i := range s.Rows {
		total += s.Rows[i].Amount
	}
	return total
}
