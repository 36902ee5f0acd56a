package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"parvis/cmd/parvis/commune"
)

// letters is the file of logins and passwords while it is not at its place yet.
type letters struct{ part, path string }

// writeLetters makes the file beside its place. One that is there already holds
// passwords that are in no other file, and is never written over.
func writeLetters(path string, list []commune.Letter) (_ *letters, err error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, usagef("import: %s is there already: print its letters and delete it, or name another file", path)
	}
	l := &letters{path + ".part", path}
	f, err := os.OpenFile(l.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the letters: %w", err)
	}
	if err := errors.Join(lettersCSV(f, list), f.Sync(), f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("write the letters: %w", err), l.drop())
	}
	return l, nil
}

func lettersCSV(w io.Writer, list []commune.Letter) error {
	c := csv.NewWriter(w)
	c.Comma = ';'
	c.Write([]string{"operator", "residence", "dwelling", "door", "login", "password"})
	for _, l := range list {
		c.Write([]string{cell(l.Operator), cell(l.Residence), cell(l.Dwelling), cell(l.Door), l.Login, l.Password.Reveal()})
	}
	c.Flush()
	return c.Error()
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// keep puts the file at its place, once the database has what it says; keep and
// drop do nothing when there is none.
func (l *letters) keep() error {
	if l == nil {
		return nil
	}
	if err := os.Rename(l.part, l.path); err != nil {
		return fmt.Errorf("the letters stay in %s: %w", l.part, err)
	}
	return nil
}

func (l *letters) drop() error {
	if l == nil {
		return nil
	}
	return os.Remove(l.part)
}
