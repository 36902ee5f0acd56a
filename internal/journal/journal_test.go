package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

var epoch = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// event makes an event that i tells apart.
func event(i int) accounting.Event {
	return accounting.Event{
		Kind: accounting.Interim, Received: epoch, At: epoch.Add(-time.Second),
		NASID: "nas-1", AcctSessionID: fmt.Sprintf("s-%08d", i), MAC: directory.MAC{2, 0, 0, 0, 0, 1},
		Login: "logement-0001", AccessPointID: "ap-1", DwellingID: "d-1",
		In: new(uint64(i) << 33), Seconds: new(uint32(i)),
	}
}

func open(t testing.TB, opts Options) *Journal {
	t.Helper()
	if opts.Path == "" {
		opts.Path = filepath.Join(t.TempDir(), "journal.db")
	}
	if opts.Now == nil {
		opts.Now = func() time.Time { return epoch }
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	j, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func mustAppend(t testing.TB, j *Journal, from, until int) {
	t.Helper()
	for i := from; i < until; i++ {
		if err := j.Append(t.Context(), event(i)); err != nil {
			t.Fatalf("append %d: %v", i, err)
		}
	}
}

// taker is a store that keeps what it is given.
type taker struct {
	mu      sync.Mutex
	records []accounting.Record
	nodes   map[string]bool
	fail    error
}

func (k *taker) apply(_ context.Context, node string, batch []accounting.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	if k.nodes == nil {
		k.nodes = map[string]bool{}
	}
	k.nodes[node] = true
	k.records = append(k.records, batch...)
	return nil
}

// drainAll calls DrainOnce until the queue is empty.
func drainAll(t testing.TB, j *Journal) *taker {
	t.Helper()
	k := &taker{}
	for {
		n, err := j.DrainOnce(t.Context(), k.apply)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return k
		}
	}
}

func TestAppendDrainInOrder(t *testing.T) {
	j := open(t, Options{})
	mustAppend(t, j, 0, 50)
	if got := j.Len(); got != 50 {
		t.Fatalf("Len() = %d, want 50", got)
	}
	k := drainAll(t, j)
	if len(k.records) != 50 {
		t.Fatalf("drained %d records, want 50", len(k.records))
	}
	for i, r := range k.records {
		if r.Seq != int64(i+1) {
			t.Fatalf("record %d has seq %d", i, r.Seq)
		}
		if diff := cmp.Diff(event(i), r.Event); diff != "" {
			t.Fatalf("record %d: -want +got:\n%s", i, diff)
		}
	}
	if j.Len() != 0 {
		t.Errorf("Len() = %d after the drain", j.Len())
	}
}

// A number is never used again, not even when the queue was empty at the end.
func TestSequenceAndNodeSurviveRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ?%journal.db")
	j := open(t, Options{Path: path})
	node := j.Node()
	mustAppend(t, j, 0, 3)
	drainAll(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	j = open(t, Options{Path: path})
	if j.Node() != node || node == "" {
		t.Errorf("node %q became %q", node, j.Node())
	}
	mustAppend(t, j, 3, 5)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	j = open(t, Options{Path: path})
	if j.Len() != 2 {
		t.Errorf("Len() = %d after reopening, want 2", j.Len())
	}
	k := drainAll(t, j)
	if len(k.records) != 2 || k.records[0].Seq != 4 || k.records[1].Seq != 5 {
		t.Errorf("drained %+v, want seq 4 and 5", k.records)
	}
	if len(k.nodes) != 1 || !k.nodes[node] {
		t.Errorf("applied for nodes %v, want %q", k.nodes, node)
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	if _, err := j.file.write.Exec(`PRAGMA user_version = 2`); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if j, err := Open(Options{Path: path}); err == nil {
		j.Close()
		t.Fatal("a file of a newer version was opened")
	}
}

func TestConcurrentAppendAndDrain(t *testing.T) {
	j := open(t, Options{})
	const callers, each = 32, 40
	ctx, cancel := context.WithCancel(t.Context())
	k := &taker{}
	drained := make(chan error, 1)
	go func() { drained <- j.Drain(ctx, k.apply) }()

	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				if err := j.Append(t.Context(), event(c*each+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	cancel()
	if err := <-drained; err != nil {
		t.Errorf("Drain returned %v, want nil when ctx is done", err)
	}
	rest := drainAll(t, j)
	seen := map[string]int{}
	var last int64
	for _, r := range append(k.records, rest.records...) {
		seen[r.Event.AcctSessionID]++
		if r.Seq <= last {
			t.Fatalf("seq %d after %d", r.Seq, last)
		}
		last = r.Seq
	}
	if len(seen) != callers*each {
		t.Errorf("%d events arrived, want %d", len(seen), callers*each)
	}
}

func TestDrainTriesAgainAndKeepsTheOrder(t *testing.T) {
	j := open(t, Options{})
	mustAppend(t, j, 0, 5)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	k := &taker{}
	err := j.Drain(ctx, func(ctx context.Context, node string, batch []accounting.Record) error {
		calls++
		if len(batch) != 5 {
			t.Errorf("call %d: %d records, want the same 5 again", calls, len(batch))
		}
		if calls < 3 {
			return errors.New("the database is away")
		}
		cancel()
		return k.apply(ctx, node, batch)
	})
	if err != nil || calls != 3 || len(k.records) != 5 {
		t.Fatalf("Drain = %v after %d calls with %d records", err, calls, len(k.records))
	}
	if j.Len() != 0 {
		t.Errorf("%d records are left: what was applied must be deleted although ctx is done", j.Len())
	}
}

func TestDrainWakesOnAppend(t *testing.T) {
	j := open(t, Options{})
	got := make(chan int64, 10)
	go j.Drain(t.Context(), func(_ context.Context, _ string, batch []accounting.Record) error {
		for _, r := range batch {
			got <- r.Seq
		}
		return nil
	})
	for i := range 5 {
		mustAppend(t, j, i, i+1)
		if seq := <-got; seq != int64(i+1) {
			t.Fatalf("seq %d, want %d", seq, i+1)
		}
	}
}

func TestBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 6: 3200 * time.Millisecond,
		7: 5 * time.Second, 8: 5 * time.Second, 1000: 5 * time.Second,
	} {
		if got := backoff(failures); got != want {
			t.Errorf("backoff(%d) = %v, want %v", failures, got, want)
		}
	}
}

func TestCorruptRecordIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	mustAppend(t, j, 0, 3)
	j.Close()
	f, _, err := openFile(path, 0, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.write.Exec(`UPDATE event SET body = x'01FF' WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	f.close()

	j = open(t, Options{Path: path})
	k := drainAll(t, j)
	if len(k.records) != 2 || k.records[0].Seq != 1 || k.records[1].Seq != 3 {
		t.Fatalf("drained %+v, want seq 1 and 3", k.records)
	}
	var seq int64
	var reason string
	var body []byte
	if err := j.file.read.QueryRow(`SELECT seq, reason, body FROM rejected`).Scan(&seq, &reason, &body); err != nil {
		t.Fatal(err)
	}
	if seq != 2 || reason != errShort.Error() || len(body) != 2 {
		t.Errorf("rejected (%d, %q, %x)", seq, reason, body)
	}
	if n := testutil.ToFloat64(j.metrics.errors.WithLabelValues(opRead)); n != 1 {
		t.Errorf("read errors = %v, want 1", n)
	}
	j.Close()

	yearOn := epoch.AddDate(rejectedYears, 0, 0)
	for i, now := range []time.Time{yearOn, yearOn.Add(time.Millisecond)} {
		j = open(t, Options{Path: path, Now: func() time.Time { return now }})
		mustAppend(t, j, 3+i, 4+i)
		drainAll(t, j)
		var left int
		if err := j.file.read.QueryRow(`SELECT COUNT(*) FROM rejected`).Scan(&left); err != nil || left != 1-i {
			t.Errorf("at %v: %d are set aside, %v", now, left, err)
		}
		j.Close()
	}
}

func TestMaxRecords(t *testing.T) {
	j := open(t, Options{MaxRecords: 3})
	mustAppend(t, j, 0, 3)
	if err := j.Append(t.Context(), event(3)); !errors.Is(err, ErrFull) {
		t.Errorf("the fourth: %v, want ErrFull", err)
	}
	if j.Writable() {
		t.Error("Writable() = true when full")
	}
	if n := testutil.ToFloat64(j.metrics.refused.WithLabelValues(refusedFull)); n != 1 {
		t.Errorf("refused = %v, want 1", n)
	}
	drainAll(t, j)
	if !j.Writable() {
		t.Error("Writable() = false after the drain")
	}
	mustAppend(t, j, 3, 4)
}

// With the writer held up, the queue takes its bound and refuses the rest at once.
func TestQueueBound(t *testing.T) {
	j := open(t, Options{QueueLimit: 2})
	commit := j.file.commit
	entered, release := make(chan struct{}, 16), make(chan struct{})
	j.file.commit = func(tx *sql.Tx) error {
		entered <- struct{}{}
		<-release
		return commit(tx)
	}
	results := make(chan error, 3)
	go func() { results <- j.Append(t.Context(), event(0)) }()
	<-entered
	for i := range 2 {
		go func() { results <- j.Append(t.Context(), event(1+i)) }()
	}
	for len(j.queue) < 2 {
		runtime.Gosched() // until both have handed in
	}
	if err := j.Append(t.Context(), event(3)); !errors.Is(err, ErrFull) {
		t.Errorf("beyond the queue: %v, want ErrFull", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Append(ctx, event(4)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a done context: %v", err)
	}
	close(release)
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if j.Len() != 3 {
		t.Errorf("Len() = %d, want 3", j.Len())
	}
}

// A caller that gives up while its batch is being synced gets no acknowledgement.
func TestAppendHonoursContext(t *testing.T) {
	j := open(t, Options{})
	commit := j.file.commit
	entered, release := make(chan struct{}, 16), make(chan struct{})
	j.file.commit = func(tx *sql.Tx) error {
		entered <- struct{}{}
		<-release
		return commit(tx)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- j.Append(ctx, event(0)) }()
	<-entered
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v, want context.Canceled", err)
	}
	close(release)
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path})
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for i := range 64 {
		wg.Go(func() {
			e := event(i)
			switch err := j.Append(t.Context(), e); {
			case err == nil:
				mu.Lock()
				acknowledged[e.AcctSessionID] = true
				mu.Unlock()
			case !errors.Is(err, ErrClosed):
				t.Error(err)
			}
		})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := j.Append(t.Context(), event(99)); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if _, err := j.DrainOnce(t.Context(), (&taker{}).apply); !errors.Is(err, ErrClosed) {
		t.Errorf("DrainOnce after Close: %v", err)
	}
	if j.Writable() {
		t.Error("Writable() after Close")
	}
	for _, r := range drainAll(t, open(t, Options{Path: path})).records {
		delete(acknowledged, r.Event.AcctSessionID)
	}
	if len(acknowledged) > 0 {
		t.Errorf("acknowledged, but not there: %v", acknowledged)
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	j := open(t, Options{Registerer: reg})
	mustAppend(t, j, 0, 2)
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
	for name, c := range map[string]struct {
		got, want float64
	}{
		"records": {testutil.ToFloat64(j.metrics.records), 2},
		"oldest":  {testutil.ToFloat64(j.metrics.oldest), float64(epoch.Unix())},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", name, c.got, c.want)
		}
	}
	if testutil.ToFloat64(j.metrics.bytes) <= 0 {
		t.Error("bytes = 0")
	}
	drainAll(t, j)
	if got := testutil.ToFloat64(j.metrics.oldest); got != 0 {
		t.Errorf("oldest = %v when empty, want 0", got)
	}
	if _, err := newMetrics(reg); err == nil {
		t.Error("registered twice without an error")
	}
}
