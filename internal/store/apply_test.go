package store

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// oracle is all sessions in a map, looked through from end to end.
type oracle map[string]accounting.Session

func (o oracle) apply(e accounting.Event) {
	if e.Kind == accounting.On || e.Kind == accounting.Off {
		for k, v := range o {
			o[k] = accounting.Restart(v, e)
		}
		return
	}
	now := accounting.Apply(o[e.Key()], e)
	o[e.Key()] = now
	if e.Kind != accounting.Start || e.MAC.IsZero() {
		return
	}
	for k, v := range o {
		if k != now.Key && v.NASID == e.NASID && v.MAC == e.MAC && v.Open() && v.StartedAt.Before(now.StartedAt) {
			o[k] = accounting.Supersede(v)
		}
	}
}

func drawEvent(r *rapid.T, prefix string) accounting.Event {
	at := testNow.Add(time.Duration(rapid.IntRange(0, 40).Draw(r, "at")) * time.Millisecond)
	e := accounting.Event{
		Kind: rapid.SampledFrom([]accounting.Kind{
			accounting.Start, accounting.Start, accounting.Interim, accounting.Interim, accounting.Stop, accounting.Stop, accounting.On, accounting.Off,
		}).Draw(r, "kind"),
		At: at, Received: at,
		NASID: prefix + rapid.SampledFrom([]string{"nas1", "nas2"}).Draw(r, "nas"),
	}
	place := rapid.SampledFrom([]string{"", "ap1", "ap2"}).Draw(r, "ap")
	if place != "" {
		e.AccessPointID = prefix + place
	}
	if e.Kind == accounting.On || e.Kind == accounting.Off {
		e.Scoped = rapid.Bool().Draw(r, "scoped")
		return e
	}
	e.MAC = rapid.SampledFrom([]directory.MAC{{}, {2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}}).Draw(r, "mac")
	e.AcctSessionID = rapid.SampledFrom([]string{"1", "2", "3"}).Draw(r, "acct")
	if rapid.Bool().Draw(r, "class") {
		e.Class = prefix + "class"
	}
	e.Login = rapid.SampledFrom([]string{"", "logement-0001"}).Draw(r, "login")
	e.DwellingID = rapid.SampledFrom([]string{"", "d1"}).Draw(r, "dwelling")
	if rapid.Bool().Draw(r, "counted") {
		in, out := rapid.Uint64Range(0, 1<<40).Draw(r, "in"), rapid.Uint64Range(0, 100).Draw(r, "out")
		seconds := rapid.Uint32Range(0, 1).Draw(r, "seconds")
		e.In, e.Out, e.Seconds = &in, &out, &seconds
		e.Cause = uint32(rapid.IntRange(0, 5).Draw(r, "cause"))
	}
	return e
}

// The journals of two nodes are offered in random pieces, again and again, in
// any order within a piece; the sessions, the usage and the chain of changes
// are those of a plain fold in which every event counts once.
func testApplyOnce(t *testing.T, s *Store) {
	var round atomic.Int64
	rapid.Check(t, func(r *rapid.T) {
		prefix := fmt.Sprintf("r%d-", round.Add(1))
		journals := [2][]accounting.Record{}
		for range rapid.IntRange(1, 40).Draw(r, "events") {
			n := rapid.IntRange(0, 1).Draw(r, "node")
			seq := int64(1)
			if j := journals[n]; len(j) > 0 {
				seq = j[len(j)-1].Seq + int64(rapid.IntRange(1, 3).Draw(r, "step"))
			}
			journals[n] = append(journals[n], accounting.Record{Seq: seq, Event: drawEvent(r, prefix)})
		}
		want, seen, done := oracle{}, map[string]accounting.Session{}, [2]int{}
		for done[0] < len(journals[0]) || done[1] < len(journals[1]) {
			n := rapid.IntRange(0, 1).Draw(r, "which")
			lo := rapid.IntRange(0, done[n]).Draw(r, "from")
			hi := rapid.IntRange(lo, len(journals[n])).Draw(r, "to")
			for i := done[n]; i < hi; i++ {
				want.apply(journals[n][i].Event)
			}
			done[n] = max(done[n], hi)
			batch := rapid.Permutation(journals[n][lo:hi]).Draw(r, "batch")
			changes, err := s.ApplyEvents(t.Context(), fmt.Sprintf("%snode%d", prefix, n), batch)
			if err != nil {
				r.Fatal(err)
			}
			for _, c := range changes {
				if seen[c.After.Key] != c.Before || c.Before == c.After {
					r.Fatalf("after %+v came the change %+v", seen[c.After.Key], c)
				}
				seen[c.After.Key] = c.After
			}
		}
		for n, j := range journals {
			last := int64(0)
			if len(j) > 0 {
				last = j[len(j)-1].Seq
			}
			if offset, err := s.JournalOffset(t.Context(), fmt.Sprintf("%snode%d", prefix, n)); err != nil || offset != last {
				r.Fatalf("the journal of node %d is in effect up to %d, %v, want %d", n, offset, err, last)
			}
		}
		got := oracle{}
		err := s.read(t.Context(), func(q querier) error {
			return each(t.Context(), q, func(row scanner) error {
				v, err := scanSession(row)
				got[v.Key] = v
				return err
			}, `SELECT `+sessionColumns+` FROM session WHERE nas_id IN ($1, $2)`, prefix+"nas1", prefix+"nas2")
		})
		if err != nil {
			r.Fatal(err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			r.Fatalf("sessions (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(want, oracle(seen)); diff != "" {
			r.Fatalf("sum of the changes (-want +got):\n%s", diff)
		}
		checkUsage(r, s, prefix, want)
	})
}

func checkUsage(r *rapid.T, s *Store, prefix string, sessions oracle) {
	list, err := s.Usage(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	got := map[string]accounting.Usage{}
	for _, u := range list {
		u.LastHeard = time.Time{}
		got[u.AccessPointID] = u
	}
	for _, id := range []string{prefix + "ap1", prefix + "ap2"} {
		want := accounting.Usage{AccessPointID: id}
		for _, v := range sessions {
			if v.AccessPointID == id {
				want.In, want.Out = want.In+v.In, want.Out+v.Out
				if v.Open() {
					want.Open++
				}
			}
		}
		if u, ok := got[id]; ok && u != want || !ok && want != (accounting.Usage{AccessPointID: id}) {
			r.Fatalf("usage %+v, want %+v", u, want)
		}
	}
}

// Two nodes bring records of the same sessions at the same time. Counters are a
// maximum, so their order does not matter, but none may be lost.
func testApplyConcurrent(t *testing.T, s *Store) {
	const nodes, batches, sessions = 4, 15, 5
	var group sync.WaitGroup
	var most [nodes][sessions]uint64
	for n := range nodes {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			for b := range batches {
				var batch []accounting.Record
				for i := range sessions {
					in := random.Uint64N(1 << 40)
					most[n][i] = max(most[n][i], in)
					batch = append(batch, accounting.Record{Seq: int64(b*sessions + i + 1), Event: accounting.Event{
						Kind: accounting.Interim, At: testNow, Received: testNow, NASID: "nas", AccessPointID: "ap",
						AcctSessionID: fmt.Sprint(i), In: &in,
					}})
				}
				_, err := s.ApplyEvents(t.Context(), fmt.Sprintf("node%d", n), batch)
				if err != nil {
					t.Errorf("node %d: %v", n, err)
				}
			}
		})
	}
	group.Wait()
	list, err := s.OpenSessions(t.Context(), accounting.Filter{}, 100)
	must(t, err)
	slices.SortFunc(list, func(a, b accounting.Session) int { return cmp.Compare(a.Key, b.Key) })
	if len(list) != sessions {
		t.Fatalf("%d sessions, want %d", len(list), sessions)
	}
	var sum uint64
	for i, v := range list {
		want := uint64(0)
		for n := range nodes {
			want = max(want, most[n][i])
		}
		if v.In != want {
			t.Errorf("session %d has %d bytes, want %d", i, v.In, want)
		}
		sum += want
	}
	usage, err := s.Usage(t.Context())
	must(t, err)
	if len(usage) != 1 || usage[0].In != sum || usage[0].Open != sessions || !usage[0].LastHeard.Equal(testNow) {
		t.Errorf("usage %+v, want %d bytes", usage, sum)
	}
}

func testApplySaturates(t *testing.T, s *Store) {
	huge := uint64(math.MaxUint64)
	for seq := range int64(3) {
		_, err := s.ApplyEvents(t.Context(), "node", []accounting.Record{{Seq: seq + 1, Event: accounting.Event{
			Kind: accounting.Interim, At: time.Unix(0, 0), NASID: "nas", AccessPointID: "ap", AcctSessionID: fmt.Sprint(seq), In: &huge, Out: &huge,
		}}})
		must(t, err)
	}
	usage, err := s.Usage(t.Context())
	must(t, err)
	if len(usage) != 1 || usage[0].In != math.MaxInt64 || usage[0].Out != math.MaxInt64 || usage[0].Open != 3 {
		t.Errorf("usage %+v", usage)
	}
}

func testOpenSessions(t *testing.T, s *Store) {
	must(t, s.Import(t.Context(), sample()))
	var batch []accounting.Record
	add := func(kind accounting.Kind, acct string, minute int, ap, zone, dwelling string) {
		batch = append(batch, accounting.Record{Seq: int64(len(batch) + 1), Event: accounting.Event{
			Kind: kind, At: testNow.Add(time.Duration(minute) * time.Minute), NASID: "nas-1", AcctSessionID: acct,
			AccessPointID: ap, ZoneID: zone, DwellingID: dwelling,
			MAC: directory.MAC{2, acct[0], acct[1]}, Login: acct + "@example", NASAddress: "192.0.2.1",
		}})
	}
	add(accounting.Start, "old", 0, "ap-1", "zone-1", "")
	add(accounting.Start, "new", 2, "ap-1", "zone-1", "")
	add(accounting.Start, "home", 1, "ap-2", "", "dwelling-1")
	add(accounting.Start, "over", 1, "ap-1", "zone-1", "")
	add(accounting.Stop, "over", 3, "ap-1", "zone-1", "")
	_, err := s.ApplyEvents(t.Context(), "node", batch)
	must(t, err)
	for _, c := range []struct {
		filter accounting.Filter
		limit  int
		want   string
	}{
		{accounting.Filter{}, 10, "[new home old]"},
		{accounting.Filter{}, 2, "[new home]"},
		{accounting.Filter{AccessPointID: "ap-1"}, 10, "[new old]"},
		{accounting.Filter{ZoneID: "zone-1", AccessPointID: "ap-2"}, 10, "[]"},
		{accounting.Filter{DwellingID: "dwelling-1"}, 10, "[home]"},
		{accounting.Filter{OperatorID: "op-1"}, 10, "[home]"},
		{accounting.Filter{OperatorID: "op-2"}, 10, "[]"},
		{accounting.Filter{OperatorID: "op-2", DwellingID: "dwelling-1"}, 10, "[]"},
		{accounting.Filter{MAC: directory.MAC{2, 'h', 'o'}}, 10, "[home]"},
		{accounting.Filter{MAC: directory.MAC{2, 'o', 'v'}}, 10, "[]"},
		{accounting.Filter{Login: "old@example"}, 10, "[old]"},
		{accounting.Filter{Key: "n/nas-1/new/02-6E-65-00-00-00"}, 10, "[new]"},
		{accounting.Filter{Key: "n/nas-1/new/02-6E-65-00-00-00", ZoneID: "zone-2"}, 10, "[]"},
	} {
		list, err := s.OpenSessions(t.Context(), c.filter, c.limit)
		must(t, err)
		names := []string{}
		for _, v := range list {
			names = append(names, v.AcctSessionID)
			if v.NASAddress != "192.0.2.1" {
				t.Errorf("%s came from %q", v.AcctSessionID, v.NASAddress)
			}
		}
		if got := fmt.Sprint(names); got != c.want {
			t.Errorf("%+v: %s, want %s", c.filter, got, c.want)
		}
	}
}

func testExpireSessions(t *testing.T, s *Store) {
	var batch []accounting.Record
	for i := range 5 {
		batch = append(batch, accounting.Record{Seq: int64(i + 1), Event: accounting.Event{
			Kind: accounting.Start, At: testNow.Add(time.Duration(i) * time.Minute), NASID: "nas", AcctSessionID: fmt.Sprint(i), AccessPointID: "ap",
		}})
	}
	_, err := s.ApplyEvents(t.Context(), "node", batch)
	must(t, err)
	ended := map[string]bool{}
	for _, want := range []int{2, 1, 0} { // three of five, two at a time
		changes, err := s.ExpireSessions(t.Context(), testNow.Add(3*time.Minute), 2)
		must(t, err)
		if len(changes) != want {
			t.Errorf("%d sessions ended, want %d", len(changes), want)
		}
		for _, c := range changes {
			if c.After.Cause != accounting.CauseStale || !c.After.StoppedAt.Equal(c.Before.UpdatedAt) {
				t.Errorf("ended as %+v", c.After)
			}
			ended[c.After.AcctSessionID] = true
		}
	}
	if got := slices.Sorted(maps.Keys(ended)); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("ended: %v", got)
	}
	list, err := s.OpenSessions(t.Context(), accounting.Filter{}, 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d are open, %v, want 2", len(list), err)
	}
}
