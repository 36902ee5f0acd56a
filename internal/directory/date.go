package directory

import (
	"errors"
	"fmt"
	"time"
)

// Date is a civil date: days since 1970-01-01, without a time zone. The zero
// value means "no date": an interval with a zero Until is open.
type Date int32

// NewDate returns the date; out-of-range days and months roll over as in
// time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// DateOf returns the civil date of t in t's own location.
func DateOf(t time.Time) Date { return NewDate(t.Date()) }

// ParseDate reads AAAA-MM-DD. An empty text is the zero date; 1970-01-01 is
// refused, because it is what the zero date is kept as: an agreement that ended
// on it would read as one that never ends.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date: write year-month-day, for example 2026-10-01", clip(s))
	}
	d := DateOf(t)
	if d == 0 {
		return 0, errors.New("1970-01-01 cannot be told from «no date»: write 1970-01-02 or leave it empty")
	}
	return d, nil
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == 0 }

// Time returns midnight UTC of the date.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String spells AAAA-MM-DD, or "" for the zero date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText implements encoding.TextMarshaler, as String spells it.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) error {
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Period is the half-open interval of days [From, Until). A zero Until is open.
type Period struct{ From, Until Date }

// Contains reports whether d lies in the period.
func (p Period) Contains(d Date) bool {
	return d >= p.From && (p.Until == 0 || d < p.Until)
}

// Days counts the days of a closed period; never negative.
func (p Period) Days() int { return max(0, int(p.Until-p.From)) }

// Intersect returns the days that are in both; open only when both are. An
// empty result has Days() 0.
func (p Period) Intersect(q Period) Period {
	r := Period{From: max(p.From, q.From), Until: q.Until}
	if q.Until == 0 || p.Until != 0 && p.Until < q.Until {
		r.Until = p.Until
	}
	if r.Until != 0 && r.Until < r.From {
		r.Until = r.From
	}
	return r
}

// Month is a civil month: year*12 + month-1.
type Month int32

// NewMonth returns the month.
func NewMonth(year int, month time.Month) Month { return Month(year*12 + int(month) - 1) }

// MonthOf returns the month in which d lies.
func MonthOf(d Date) Month {
	t := d.Time()
	return NewMonth(t.Year(), t.Month())
}

// ParseMonth reads AAAA-MM.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a month: write year-month, for example 2026-10", clip(s))
	}
	return NewMonth(t.Year(), t.Month()), nil
}

// Year returns the calendar year.
func (m Month) Year() int { return int(m) / 12 }

// MonthOfYear returns January to December.
func (m Month) MonthOfYear() time.Month { return time.Month(int(m)%12 + 1) }

// Period returns the days of the month, closed.
func (m Month) Period() Period {
	return Period{From: NewDate(m.Year(), m.MonthOfYear(), 1), Until: NewDate(m.Year(), m.MonthOfYear()+1, 1)}
}

// String spells AAAA-MM.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year(), int(m.MonthOfYear())) }

// MarshalText implements encoding.TextMarshaler, as String spells it.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Month) UnmarshalText(text []byte) error {
	v, err := ParseMonth(string(text))
	if err != nil {
		return err
	}
	*m = v
	return nil
}
