package commune

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/internal/directory"
)

// row is one table of the TOML file, or one line of a CSV file. Its methods read
// a value each, gather what is wrong with it, and give the zero value where
// there is none.
type row struct {
	rd     *reader
	file   string
	line   int
	what   string // for example plan
	values map[string]value
	asked  []string
	failed bool // a value of this row is not what the file says
}

// value is what stands behind a key: a text in CSV, any value in TOML.
type value struct {
	any  any
	line func() int // nil: that of the row
}

// add says what is wrong with the value of a key, or with the row as a whole;
// what the noun says about itself then counts no more.
func (r *row) add(key, format string, args ...any) {
	r.failed = true
	r.say(key, format, args...)
}

// say is add where the noun can still be looked at.
func (r *row) say(key, format string, args ...any) {
	line := r.line
	if v, ok := r.values[key]; ok && v.line != nil {
		line = v.line()
	}
	r.rd.add(r.file, line, key, format, args...)
}

func (r *row) get(key string) any {
	if !slices.Contains(r.asked, key) {
		r.asked = append(r.asked, key)
	}
	return r.values[key].any
}

// maxText bounds a text in characters; names and the like are held shorter by
// the noun itself.
const maxText = 500

// text is without the space around it.
func (r *row) text(key string) string {
	switch v := r.get(key).(type) {
	case nil:
	case string:
		v = strings.TrimSpace(v)
		switch {
		case !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl):
			r.add(key, "the text holds a control character")
		case utf8.RuneCountInString(v) > maxText:
			r.add(key, "the text is longer than %d characters", maxText)
		default:
			return v
		}
	default:
		r.add(key, "the value must be a text in quotes")
	}
	return ""
}

// whole is 0 to most.
func (r *row) whole(key string, most int64) int64 {
	switch v := r.get(key).(type) {
	case nil:
	case int64:
		if v >= 0 && v <= most {
			return v
		}
		r.add(key, "%d is not between 0 and %d", v, most)
	default:
		r.add(key, "the value must be a whole number")
	}
	return 0
}

func (r *row) truth(key string, otherwise bool) bool {
	switch v := r.get(key).(type) {
	case nil:
	case bool:
		return v
	default:
		r.add(key, "the value must be true or false")
	}
	return otherwise
}

// degrees is rounded as the store keeps it, to 1e-7: about a centimetre.
func (r *row) degrees(key string) float64 {
	switch v := r.get(key).(type) {
	case nil:
	case int64:
		return float64(v)
	case float64:
		if rounded := math.Round(v * 1e7); math.Abs(rounded) < 1e12 {
			return rounded / 1e7
		}
		r.add(key, "%v is not a number of degrees", v)
	default:
		r.add(key, "the value must be a number, for example 48.3904")
	}
	return 0
}

// duration is "12h", "90s" or, in days, "30d".
func (r *row) duration(key string) time.Duration {
	s := r.text(key)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil {
		r.add(key, `%q is not a duration: write for example "12h", "90s" or "30d"`, clip(s))
		return 0
	}
	return d
}

// date is 2026-10-01, as a TOML date or as a text.
func (r *row) date(key string) directory.Date {
	if t, ok := r.get(key).(time.Time); ok {
		// The library tells a bare date from one with a time by this name.
		if t.Location().String() != "date-local" {
			r.add(key, "the value must be a date without a time, for example 2026-10-01")
			return 0
		}
		d, err := directory.ParseDate(t.Format(time.DateOnly))
		if err != nil {
			r.add(key, "%v", err)
		}
		return d
	}
	if v := r.get(key); v != nil {
		if _, ok := v.(string); !ok {
			r.add(key, "the value must be a date, for example 2026-10-01")
			return 0
		}
	}
	s := r.text(key)
	d, err := directory.ParseDate(s)
	if err != nil {
		r.add(key, "%v", err)
	}
	return d
}

func (r *row) period() directory.Period {
	return directory.Period{From: r.date("from"), Until: r.date("until")}
}

// decimal is a number written as text, exact, in units of its last digit: with
// two digits "1.24" is 124. what and example are for the error.
func (r *row) decimal(key string, digits int, what, example string) int64 {
	switch v := r.get(key).(type) {
	case nil:
		r.say(key, "the %s is missing: write for example %s = %q", what, key, example)
		return 0
	case string:
	default:
		r.add(key, "the %s %v must be a text in quotes, so that it is exact: for example %q", what, v, example)
		return 0
	}
	s := strings.TrimSpace(r.get(key).(string))
	before, after, point := strings.Cut(s, ".")
	n, err := strconv.ParseUint(before+after+strings.Repeat("0", max(0, digits-len(after))), 10, 40)
	if err != nil || before == "" || len(after) > digits || point && after == "" || strings.ContainsAny(s, "+_") {
		r.add(key, "%q is not a %s, in digits with at most %d behind the point: write for example %q", clip(s), what, digits, example)
		return 0
	}
	return int64(n)
}

// done says which keys nobody knows, and what the noun says about itself. An
// earlier sentence about this row is enough: the noun lacks that value now.
func (r *row) done(err error) {
	failed := r.failed
	var keys []string
	for key := range r.values {
		if !slices.Contains(r.asked, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		where := "in [[" + r.what + "]]"
		if r.what == "" {
			where = "above the first table"
		}
		r.add(key, "there is no such key %s: there are %s", where, strings.Join(slices.Sorted(slices.Values(r.asked)), ", "))
	}
	if !failed && err != nil {
		for _, e := range split(err) {
			r.add("", "%v", e)
		}
	}
}

// split parts what errors.Join has joined.
func split(err error) []error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return list.Unwrap()
	}
	return []error{err}
}

// clip keeps a text short enough for a sentence.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "?") + "…"
	}
	return s
}

func (r *row) place() string {
	if r.line == 0 {
		return r.file
	}
	return fmt.Sprintf("line %d of %s", r.line, r.file)
}
