package directory

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDate(t *testing.T) {
	for in, want := range map[string]Date{
		"": 0, "1970-01-02": 1, "1969-12-31": -1, "2026-10-01": NewDate(2026, time.October, 1), "2024-02-29": NewDate(2024, 2, 29),
	} {
		if got, err := ParseDate(in); err != nil || got != want || got.String() != in {
			t.Errorf("ParseDate(%q) = %d (%s), %v; want %d", in, got, got, err, want)
		}
	}
	for _, in := range []string{"2026-02-29", "2026-1-01", "01/10/2026", "2026-10-01T00:00:00Z", " 2026-10-01", "2026-13-01", "1970-01-01"} {
		if got, err := ParseDate(in); err == nil {
			t.Errorf("ParseDate(%q) = %s; want an error", in, got)
		}
	}
}

func TestDateOfIsCivil(t *testing.T) {
	brest := time.FixedZone("summer", 2*3600)
	late := time.Date(2026, 7, 1, 0, 30, 0, 0, brest) // still June in UTC
	if got := DateOf(late).String(); got != "2026-07-01" {
		t.Errorf("DateOf = %s", got)
	}
}

// The oracle is package time, at noon so that no rounding can hide.
func TestDateAgainstTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32Range(-200_000, 200_000).Draw(t, "day"))
		n := rapid.Int32Range(-50_000, 50_000).Draw(t, "days")
		noon := time.Date(1970, 1, 1+int(d), 12, 0, 0, 0, time.UTC)
		if DateOf(noon) != d || !d.Time().Equal(noon.Add(-12*time.Hour)) {
			t.Fatalf("%d: DateOf %d, Time %s", d, DateOf(noon), d.Time())
		}
		if later := noon.AddDate(0, 0, int(n)); DateOf(later) != d+Date(n) {
			t.Fatalf("%s plus %d days is %s", d, n, later)
		}
		if MonthOf(d).Year() != noon.Year() || MonthOf(d).MonthOfYear() != noon.Month() {
			t.Fatalf("MonthOf(%s) = %s", d, MonthOf(d))
		}
		if d != 0 {
			if got, err := ParseDate(d.String()); err != nil || got != d {
				t.Fatalf("ParseDate(%s) = %s, %v", d, got, err)
			}
		}
	})
}

func TestMonthAgainstTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year, month := rapid.IntRange(1, 9999).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month"))
		m := NewMonth(year, month)
		first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		if m.Year() != year || m.MonthOfYear() != month || m.String() != first.Format("2006-01") {
			t.Fatalf("NewMonth(%d, %d) = %s", year, month, m)
		}
		if got, err := ParseMonth(m.String()); err != nil || got != m {
			t.Fatalf("ParseMonth = %s, %v", got, err)
		}
		days := int(first.AddDate(0, 1, 0).Sub(first).Hours()) / 24
		p := m.Period()
		if p.Days() != days || MonthOf(p.From) != m || MonthOf(p.Until-1) != m || MonthOf(p.Until) != m+1 {
			t.Fatalf("%s: %v has %d days, want %d", m, p, p.Days(), days)
		}
	})
}

func TestParseMonthRefuses(t *testing.T) {
	for _, in := range []string{"", "2026", "2026-1", "2026-13", "2026-00", "10/2026", "2026-10-01"} {
		if got, err := ParseMonth(in); err == nil {
			t.Errorf("ParseMonth(%q) = %s; want an error", in, got)
		}
	}
}

// The oracle counts day by day.
func TestPeriodIntersect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int32Range(1, 30)
		draw := func(name string) Period {
			p := Period{From: Date(day.Draw(t, name+" from"))}
			if rapid.Bool().Draw(t, name+" closed") {
				p.Until = p.From + Date(rapid.Int32Range(0, 20).Draw(t, name+" days"))
			}
			return p
		}
		p, q := draw("p"), draw("q")
		r := p.Intersect(q)
		n := 0
		for d := Date(-5); d < 80; d++ {
			in := p.Contains(d) && q.Contains(d)
			if in {
				n++
			}
			if r.Contains(d) != in {
				t.Fatalf("%v and %v give %v: day %d", p, q, r, d)
			}
		}
		if open := p.Until == 0 && q.Until == 0; (r.Until == 0) != open || !open && r.Days() != n {
			t.Fatalf("%v and %v give %v with %d days, want %d", p, q, r, r.Days(), n)
		}
		if s := q.Intersect(p); s.Days() != r.Days() {
			t.Fatalf("not symmetric: %v and %v", r, s)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-10-01")
	f.Add("0000-01-01")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDate(s); err == nil && d.String() != s {
			t.Errorf("ParseDate(%q) = %s", s, d)
		}
	})
}

func FuzzParseMonth(f *testing.F) {
	f.Add("2026-10")
	f.Add("0000-01")
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := ParseMonth(s); err == nil && m.String() != s {
			t.Errorf("ParseMonth(%q) = %s", s, m)
		}
	})
}
