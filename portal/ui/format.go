package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// formatter spells values in the words of one language.
type formatter struct {
	*catalog
	location *time.Location
}

// date spells a directory.Date, or the local day of a time.Time: "1er novembre
// 2026". A zero value is empty.
func (f formatter) date(v any) (string, error) {
	var t time.Time
	switch v := v.(type) {
	case directory.Date:
		if v.IsZero() {
			return "", nil
		}
		t = v.Time()
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		t = v.In(f.location)
	default:
		return "", fmt.Errorf("date: %T is not a date", v)
	}
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = f.text("ui.date.first")
	}
	return f.text("ui.date.format", day, f.monthName(t.Month()), t.Year()), nil
}

// datetime spells an instant to the minute, in local time.
func (f formatter) datetime(t time.Time) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	day, err := f.date(t)
	return f.text("ui.date.with_time", day, f.clock(t)), err
}

// clock spells the local time of day: "08:05".
func (f formatter) clock(t time.Time) string { return t.In(f.location).Format("15:04") }

// month spells a civil month: "octobre 2026".
func (f formatter) month(m directory.Month) string {
	return f.text("ui.date.month_year", f.monthName(m.MonthOfYear()), m.Year())
}

func (f formatter) monthName(m time.Month) string {
	return f.text("ui.month." + strconv.Itoa(int(m)))
}

// euros spells an amount with two decimals: "1,24 €".
func (f formatter) euros(c directory.Cents) string {
	sign, u := "", uint64(c)
	if c < 0 {
		sign, u = "-", -u
	}
	amount := f.group(u/100) + f.text("ui.number.decimal") + fmt.Sprintf("%02d", u%100)
	return sign + f.text("ui.euros", amount)
}

// number spells a whole number with its thousands parted.
func (f formatter) number(v any) (string, error) {
	n, err := integer(v)
	if err != nil {
		return "", err
	}
	if n < 0 {
		return "-" + f.group(uint64(-n)), nil
	}
	return f.group(uint64(n)), nil
}

func (f formatter) group(u uint64) string {
	s := strconv.FormatUint(u, 10)
	var parts []string
	for ; len(s) > 3; s = s[:len(s)-3] {
		parts = append([]string{s[len(s)-3:]}, parts...)
	}
	return strings.Join(append([]string{s}, parts...), f.text("ui.number.group"))
}

// bytes spells an amount of data in decimal units, as contracts and phones
// count it: "12,5 Mo".
func (f formatter) bytes(n uint64) string {
	unit, size := "ui.bytes.b", uint64(1)
	for _, next := range []string{"ui.bytes.kb", "ui.bytes.mb", "ui.bytes.gb", "ui.bytes.tb"} {
		if n/size < 1000 {
			break
		}
		unit, size = next, size*1000
	}
	return f.text(unit, f.decimal(n, size))
}

// rate spells kbit/s as Mbit/s: "20 Mbit/s". 0 means no limit.
func (f formatter) rate(kbps uint32) string {
	if kbps == 0 {
		return f.text("ui.rate.unlimited")
	}
	return f.text("ui.rate.mbps", f.decimal(uint64(kbps), 1000))
}

// decimal spells n/size with one decimal below 100, none when it is 0. It
// rounds down: never more than there is.
func (f formatter) decimal(n, size uint64) string {
	whole, tenth := n/size, uint64(0)
	if size > 1 {
		tenth = n % size / (size / 10)
	}
	if whole >= 100 || tenth == 0 {
		return f.group(whole)
	}
	return f.group(whole) + f.text("ui.number.decimal") + strconv.FormatUint(tenth, 10)
}

// pageTime is what a page and its redirects take: twelve hours must not read as
// eleven right after the tap.
const pageTime = 5 * time.Second

// duration spells a time span in words, rounded down: "2 heures 30 minutes".
// Far away minutes are noise, so days stand alone, and so do ten hours or more.
func (f formatter) duration(d time.Duration) (string, error) {
	d += pageTime
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour), int(d/time.Minute)
	switch {
	case days >= 2:
		return f.plural("ui.duration.days", days)
	case hours >= 10 || hours >= 1 && minutes%60 == 0:
		return f.plural("ui.duration.hours", hours)
	case hours >= 1:
		h, err := f.plural("ui.duration.hours", hours)
		if err != nil {
			return "", err
		}
		m, err := f.plural("ui.duration.minutes", minutes%60)
		return f.text("ui.duration.both", h, m), err
	case minutes >= 1:
		return f.plural("ui.duration.minutes", minutes)
	}
	return f.text("ui.duration.moment"), nil
}
