package live

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
)

// A flood of made-up keys fills the bound and no more; it is counted, and room
// comes back when entries expire.
func TestMemoryIsBounded(t *testing.T) {
	for _, c := range []struct {
		kind string
		put  func(*Memory, string) error
		size func(*Memory) int
	}{
		{kindTicket, func(m *Memory, key string) error {
			return m.PutTicket(t.Context(), key, ticket, directory.TicketLife)
		}, func(m *Memory) int { return m.tickets.len() }},
		{kindPresence, func(m *Memory, key string) error {
			return m.Present(t.Context(), key, mac(1), m.now().Add(directory.TicketLife))
		}, func(m *Memory) int { return m.presence.len() }},
		{kindLimit, func(m *Memory, key string) error {
			_, _, err := m.Allow(t.Context(), key, Limit{Burst: 1, Every: directory.TicketLife})
			return err
		}, func(m *Memory) int { return m.limits.len() }},
	} {
		t.Run(c.kind, func(t *testing.T) {
			clk := &clock{}
			m := NewMemory(MemoryOptions{MaxTickets: 640, MaxPresence: 640, MaxLimits: 640, Now: clk.now})
			defer m.Close()
			const keys = 5000
			full := 0
			for i := range keys {
				if err := c.put(m, strconv.Itoa(i)); errors.Is(err, ErrFull) {
					full++
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if n := c.size(m); n != 640 || full != keys-640 {
				t.Errorf("%d entries and %d refused, want 640 and %d", n, full, keys-640)
			}
			if n := testutil.ToFloat64(m.dropped.WithLabelValues(c.kind)); n != float64(full) {
				t.Errorf("counted %v, want %d", n, full)
			}
			clk.sinceEpoch.Add(int64(directory.TicketLife + time.Second))
			if err := c.put(m, "after"); err != nil {
				t.Errorf("after all have expired: %v", err)
			}
		})
	}
}

func TestMemoryLeasesAreBounded(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	defer m.Close()
	for i := range maxLeases {
		if ok, err := m.Acquire(t.Context(), strconv.Itoa(i), "a", time.Hour); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if ok, err := m.Acquire(t.Context(), "more", "a", time.Hour); ok || !errors.Is(err, ErrFull) {
		t.Errorf("beyond the bound: %v, %v", ok, err)
	}
}

// Without any traffic, what has expired is cleared away within a minute.
func TestMemorySweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(MemoryOptions{})
		defer m.Close()
		if err := m.PutTicket(t.Context(), "h", ticket, directory.TicketLife); err != nil {
			t.Fatal(err)
		}
		m.Refused(refusal(1))
		time.Sleep(2*sweepEvery + time.Second) // the bubble's clock
		synctest.Wait()
		if n := m.tickets.len(); n != 0 {
			t.Errorf("%d tickets are still held", n)
		}
		time.Sleep(refusalLife)
		synctest.Wait()
		if got := m.refused.kept[0].refusal; got != (directory.Refusal{}) {
			t.Errorf("the refusal is still held: %+v", got)
		}
	})
}

func TestMetricsLint(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := NewMemory(MemoryOptions{Registerer: reg})
	defer m.Close()
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(reg, "parvis_live_dropped_total"); err != nil || n != 5 {
		t.Errorf("%d series, want one for each kind: %v", n, err)
	}
}
