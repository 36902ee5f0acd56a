package commune

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The columns of the two lists; operator may be left out, where the others say
// enough.
const operatorColumn = "operator"

func dwellingColumns() []string { return []string{"residence", "ref", "door", "from", "until"} }
func leaseColumns() []string    { return []string{"dwelling", "ref", "from", "until"} }

// csvRows reads the CSV file that a key of the TOML file names: UTF-8, parted by
// semicolons, with a heading. name is for the problems.
func (rd *reader) csvRows(name, text, what string, columns []string) []*row {
	text = strings.TrimPrefix(text, "\ufeff")
	for n, line := range slices.Collect(strings.Lines(text)) {
		if !utf8.ValidString(line) {
			rd.add(name, n+1, "", "the line is not UTF-8: save the file as CSV UTF-8")
			return nil
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = ';', -1
	heading, err := r.Read()
	if errors.Is(err, io.EOF) {
		rd.add(name, 1, "", "the file is empty: the first line is %s", strings.Join(columns, ";"))
		return nil
	}
	if err == nil {
		err = checkHeading(heading, columns)
	}
	if err != nil {
		rd.addCSV(name, 1, err)
		return nil
	}
	var list []*row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			rd.addCSV(name, 0, err)
			return list
		}
		line, _ := r.FieldPos(0)
		if len(cells) != len(heading) {
			rd.add(name, line, "", "the line has %d columns, the heading %d", len(cells), len(heading))
			continue
		}
		row := &row{rd: rd, file: name, line: line, what: what, values: map[string]value{}}
		for i, cell := range cells {
			row.values[strings.TrimSpace(heading[i])] = value{any: cell}
		}
		list = append(list, row)
	}
}

func checkHeading(heading, columns []string) error {
	seen := map[string]bool{}
	for _, h := range heading {
		h = strings.TrimSpace(h)
		switch {
		case seen[h]:
			return fmt.Errorf("the column %q is there twice", clip(h))
		case h != operatorColumn && !slices.Contains(columns, h):
			return fmt.Errorf("there is no column %q: the first line is %s", clip(h), strings.Join(columns, ";"))
		}
		seen[h] = true
	}
	for _, c := range columns {
		if !seen[c] {
			return fmt.Errorf("the column %q is missing: the first line is %s", c, strings.Join(columns, ";"))
		}
	}
	return nil
}

func (rd *reader) addCSV(name string, line int, err error) {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		line, err = pe.Line, pe.Err
	}
	rd.add(name, line, "", "%v", err)
}
