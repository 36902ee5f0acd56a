package store

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkLedgerIssue measures one month of a city; run with -benchtime=1x.
func BenchmarkLedgerIssue(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				s, err := Open(b.Context(), options(SQLite, b.TempDir()+"/parvis.db"))
				if err == nil {
					err = s.Migrate(b.Context())
				}
				if err != nil {
					b.Fatal(err)
				}
				commune(b, s, "o1", n)
				e := engine(s)
				b.StartTimer()
				step := func(name string, err error, since time.Time) {
					b.ReportMetric(time.Since(since).Seconds(), name+"-s")
					if err != nil {
						b.Fatal(err)
					}
				}
				start := time.Now()
				_, err = e.Draft(b.Context(), "o1", october, "anne")
				step("draft", err, start)
				start = time.Now()
				_, err = e.Approve(b.Context(), "o1", october, "bruno")
				step("approve", err, start)
				start = time.Now()
				_, err = e.Issue(b.Context(), "o1", october, "carla")
				step("issue", err, start)
				start = time.Now()
				_, err = e.Verify(b.Context(), "o1")
				step("verify", err, start)
				b.StopTimer()
				s.Close()
				b.StartTimer()
			}
		})
	}
}
