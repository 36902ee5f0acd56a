package billing

import (
	"context"
	"errors"
	"testing"
	"time"

	"parvis/internal/directory"
)

// A month that still runs is looked at and drafted, never approved or issued.
// It is over at midnight where the commune is.
func TestMonthThatIsNotOver(t *testing.T) {
	ctx, paris := context.Background(), time.FixedZone("CET", 3600)
	const sentence = "the month 2026-11 is not over: charge it from 2026-12-01 on"
	for _, c := range []struct {
		name string
		now  time.Time
		over bool
	}{
		{"months before", time.Date(2026, 8, 5, 9, 0, 0, 0, paris), false},
		{"in the month", time.Date(2026, 11, 22, 9, 0, 0, 0, paris), false},
		{"its last minute", time.Date(2026, 11, 30, 23, 59, 0, 0, paris), false},
		{"midnight in the commune, not in UTC", time.Date(2026, 12, 1, 0, 0, 0, 0, paris), true},
		{"midnight in UTC, not farther west", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).In(time.FixedZone("west", -4*3600)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHistory()
			h.ledger.facts["o"] = brest()
			h.now = c.now
			if p, err := h.engine.Preview(ctx, "o", november); err != nil || p.Total != 124 {
				t.Fatalf("preview: %s €, %v", p.Total, err)
			}
			if _, err := h.engine.Draft(ctx, "o", november, "anne"); err != nil {
				t.Fatal(err)
			}
			refused := func(step string, err error) {
				t.Helper()
				if errors.Is(err, ErrNotOver) == c.over || !c.over && err.Error() != sentence || c.over && err != nil {
					t.Errorf("%s: %v", step, err)
				}
			}
			_, err := h.engine.Approve(ctx, "o", november, "bruno")
			refused("approve", err)
			if !c.over { // approved later, and the clock is set back
				h.now = testNow
				if _, err := h.engine.Approve(ctx, "o", november, "bruno"); err != nil {
					t.Fatal(err)
				}
				h.now = c.now
			}
			_, err = h.engine.Issue(ctx, "o", november, "anne")
			refused("issue", err)
			if issued := len(h.ledger.documents) == 1; issued != c.over {
				t.Errorf("%d documents", len(h.ledger.documents))
			}
		})
	}
	december := notOverError{directory.NewMonth(2026, time.December)}
	if got := december.Error(); got != "the month 2026-12 is not over: charge it from 2027-01-01 on" {
		t.Error(got)
	}
}
