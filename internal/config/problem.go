package config

import (
	"errors"
	"fmt"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"` // 0 when it is about the file as a whole, or about a default
	Key  string `json:"key"`  // for example "live.engine"; empty when it is about no key
	Text string `json:"text"` // one sentence; it never holds a secret
}

// String spells file:line: key: text.
func (p Problem) String() string {
	s := p.File
	if p.Line > 0 {
		s = fmt.Sprintf("%s:%d", s, p.Line)
	}
	if p.Key != "" {
		s += ": " + p.Key
	}
	return s + ": " + p.Text
}

// Problems is everything that is wrong, in the order of the lines.
type Problems []Problem

// Err returns the problems as one error, a line for each, or nil.
func (ps Problems) Err() error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = errors.New(p.String())
	}
	return errors.Join(errs...)
}
