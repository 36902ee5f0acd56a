package main

import (
	"testing"
	"time"

	"parvis/internal/directory"
)

func TestCommuneClock(t *testing.T) {
	now, err := communeClock()
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(now()); d < 0 || d > time.Minute {
		t.Errorf("off by %v", d)
	}
	for _, c := range []struct{ instant, date string }{
		{"2026-12-31T22:59:59Z", "2026-12-31"},
		{"2026-12-31T23:00:00Z", "2027-01-01"}, // winter: UTC+1
		{"2026-07-31T22:00:00Z", "2026-08-01"}, // summer: UTC+2
	} {
		at, err := time.Parse(time.RFC3339, c.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := directory.DateOf(at.In(now().Location())).String(); got != c.date {
			t.Errorf("%s is on %s, want %s", c.instant, got, c.date)
		}
	}
}
