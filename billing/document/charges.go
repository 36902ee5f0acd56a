package document

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parvis/internal/directory"
)

// The columns of a charges file: UTF-8, separated by semicolons as RPLS files
// are (arrêté of 5 January 2010), lines ended by CR LF, amounts with a decimal
// comma, as French rent systems read them.
var columns = []string{
	"operator", "month", "document", "residence", "dwelling", "door",
	"party", // bail or vacance
	"lease",
	"from", "to", // first and last day, both included
	"days", "amount", "label",
}

const (
	partyLease  = "bail"
	partyVacant = "vacance"

	// maxRows bounds a file that is read: ten times the largest operator's month.
	maxRows = 2_000_000
	// maxAmount bounds a row, so that no sum of maxRows overflows.
	maxAmount directory.Cents = 1_000_000_000_00
)

// WriteCharges writes the charges file. Before the first byte it checks that
// the rows add up to the documents' total.
func WriteCharges(w io.Writer, s Statement) error {
	if sum := s.sum(); sum != s.Total {
		return fmt.Errorf("the rows add up to %s €, the documents to %s €: the file is not written", sum, s.Total)
	}
	for i := range s.Rows {
		err := s.Rows[i].check()
		if err != nil {
			return fmt.Errorf("row %d: %w: the file is not written", i+1, err)
		}
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	err := out.Write(columns)
	for i := 0; i < len(s.Rows) && err == nil; i++ {
		err = out.Write(s.Rows[i].cells())
	}
	out.Flush()
	err = errors.Join(err, out.Error())
	if err != nil {
		return fmt.Errorf("write the charges file: %w", err)
	}
	return nil
}

// check refuses what would not read back as it was.
func (r *Row) check() error {
	switch {
	case r.Vacant && r.Lease != "":
		return fmt.Errorf("vacancy of dwelling %q names a lease", r.Dwelling)
	case r.From.IsZero() || r.Until <= r.From || (r.Until - 1).IsZero():
		return fmt.Errorf("dwelling %q has no days", r.Dwelling)
	case r.Days < 0 || r.Days > 31:
		return fmt.Errorf("dwelling %q has %d days in the month", r.Dwelling, r.Days)
	case r.Amount <= -maxAmount || r.Amount >= maxAmount:
		return fmt.Errorf("dwelling %q has an amount of %s €", r.Dwelling, r.Amount)
	}
	for _, text := range []string{r.Operator, r.Document, r.Residence, r.Dwelling, r.Door, r.Lease, r.Label} {
		if strings.ContainsAny(text, "\r\n\x00") || !utf8.ValidString(text) {
			return fmt.Errorf("%q does not fit one cell", text)
		}
	}
	return nil
}

func (r *Row) cells() []string {
	party := partyLease
	if r.Vacant {
		party = partyVacant
	}
	return []string{
		guard(r.Operator), r.Month.String(), guard(r.Document), guard(r.Residence), guard(r.Dwelling), guard(r.Door),
		party, guard(r.Lease),
		r.From.String(), (r.Until - 1).String(), strconv.Itoa(r.Days),
		strings.Replace(r.Amount.String(), ".", ",", 1), guard(r.Label),
	}
}

// guard puts an apostrophe ahead of a text that a spreadsheet would run as a
// formula. One that has such an apostrophe already gets another one, so that
// unguard gives back every text as it was.
func guard(s string) string {
	if formula(s) {
		return "'" + s
	}
	return s
}

func unguard(s string) string {
	if strings.HasPrefix(s, "'") && formula(s) {
		return s[1:]
	}
	return s
}

func formula(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.ContainsRune("=+-@\t＝＋－＠", []rune(s[:min(len(s), utf8.UTFMax)])[0])
}

// ReadCharges reads a file that WriteCharges wrote. Errors name the line.
func ReadCharges(r io.Reader) (Statement, error) {
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\uFEFF" {
		b.Discard(3) // spreadsheets put a byte order mark ahead when they save
	}
	in := csv.NewReader(b)
	in.Comma, in.FieldsPerRecord, in.ReuseRecord = ';', len(columns), true
	head, err := in.Read()
	if err != nil {
		return Statement{}, fmt.Errorf("read the header of the charges file: %w", err)
	}
	if !slices.Equal(head, columns) {
		return Statement{}, fmt.Errorf("the header of the charges file is not %s", strings.Join(columns, ";"))
	}
	var s Statement
	for {
		cells, err := in.Read()
		if err == io.EOF {
			s.Total = s.sum()
			return s, nil
		}
		if err != nil {
			return Statement{}, fmt.Errorf("read the charges file: %w", err)
		}
		line, _ := in.FieldPos(0)
		if len(s.Rows) == maxRows {
			return Statement{}, fmt.Errorf("line %d: a charges file has at most %d rows", line, maxRows)
		}
		row, err := parseRow(cells)
		if err != nil {
			return Statement{}, fmt.Errorf("line %d: %w", line, err)
		}
		s.Rows = append(s.Rows, row)
	}
}

func parseRow(cells []string) (Row, error) {
	r := Row{
		Operator: unguard(cells[0]), Document: unguard(cells[2]), Residence: unguard(cells[3]),
		Dwelling: unguard(cells[4]), Door: unguard(cells[5]), Lease: unguard(cells[7]), Label: unguard(cells[12]),
	}
	var last directory.Date
	var errs [5]error
	r.Month, errs[0] = directory.ParseMonth(cells[1])
	r.From, errs[1] = directory.ParseDate(cells[8])
	last, errs[2] = directory.ParseDate(cells[9])
	r.Days, errs[3] = parseDays(cells[10])
	r.Amount, errs[4] = parseAmount(cells[11])
	if err := errors.Join(errs[:]...); err != nil {
		return Row{}, err
	}
	switch cells[6] {
	case partyLease:
	case partyVacant:
		r.Vacant = true
	default:
		return Row{}, fmt.Errorf("the party %q is neither %s nor %s", cells[6], partyLease, partyVacant)
	}
	r.Until = last + 1
	if last.IsZero() {
		r.Until = 0 // refused below
	}
	return r, r.check()
}

func parseDays(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s {
		return 0, fmt.Errorf("%q is not a number of days", s)
	}
	return n, nil
}

// parseAmount reads euros with two decimals behind a comma: -12,05. At most
// 9 digits ahead of the comma.
func parseAmount(s string) (directory.Cents, error) {
	digits := strings.TrimPrefix(s, "-")
	euros, cents, ok := strings.Cut(digits, ",")
	if ok && len(cents) == 2 && 0 < len(euros) && len(euros) <= 9 {
		n, err := strconv.ParseUint(euros+cents, 10, 63)
		c := directory.Cents(n)
		if digits != s {
			c = -c
		}
		if err == nil && strings.Replace(c.String(), ".", ",", 1) == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("%q is not an amount: write euros with two decimals, for example 1,24", s)
}
