package journal

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// fill appends until the journal refuses, and returns how many it took.
func fill(t *testing.T, j *Journal) int {
	t.Helper()
	for i := range 1_000_000 {
		if err := j.Append(t.Context(), event(i)); err != nil {
			if errors.Is(err, ErrFull) || errors.Is(err, ErrClosed) {
				t.Fatalf("refused for another reason: %v", err)
			}
			return i
		}
	}
	t.Fatal("the journal never got full")
	return 0
}

// SQLITE_FULL by a bound on the pages of the file.
func TestFullFileRefusesAndRecovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path, MaxBytes: 512 << 10, ProbeInterval: 5 * time.Millisecond})
	took := fill(t, j)
	if took < 100 {
		t.Fatalf("took %d events only", took)
	}
	if j.Writable() {
		t.Error("Writable() = true on a full file")
	}
	if n := testutil.ToFloat64(j.metrics.errors.WithLabelValues(opWrite)); n == 0 {
		t.Error("the error was not counted")
	}
	// Refused again and again, while the probe runs.
	for i := range 20 {
		if err := j.Append(t.Context(), event(took+i)); err == nil {
			t.Fatal("accepted on a full file")
		}
	}
	// Draining makes room, although appending does not work.
	k := drainAll(t, j)
	waitUntil(t, j.Writable)
	mustAppend(t, j, took, took+10)
	k.records = append(k.records, drainAll(t, j).records...)
	if len(k.records) != took+10 {
		t.Fatalf("%d records came out, %d were acknowledged", len(k.records), took+10)
	}
	for i, r := range k.records {
		if want := event(i).AcctSessionID; r.Event.AcctSessionID != want || r.Seq != int64(i+1) {
			t.Fatalf("record %d is %s with seq %d, want %s", i, r.Event.AcctSessionID, r.Seq, want)
		}
	}
}

// A full file system: a tmpfs that something else fills, and then leaves.
func TestFullDiskRefusesAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("mounting a tmpfs needs root; TestFullFileRefusesAndRecovers shows the same by another way")
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount does not work here: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })

	path := filepath.Join(dir, "journal.db")
	j := open(t, Options{Path: path, ProbeInterval: 5 * time.Millisecond})
	t.Cleanup(func() { j.Close() }) // before the umount
	mustAppend(t, j, 0, 3)
	ballast := filepath.Join(dir, "ballast")
	if err := fillFile(ballast); !errors.Is(err, errNoSpace) {
		t.Fatalf("filling the disk: %v", err)
	}
	took := 3
	for ; ; took++ {
		if err := j.Append(t.Context(), event(took)); err != nil {
			break
		}
		if took > 10_000 {
			t.Fatal("the disk never got full")
		}
	}
	if j.Writable() {
		t.Error("Writable() = true on a full disk")
	}
	for i := range 20 {
		if err := j.Append(t.Context(), event(took+i)); err == nil {
			t.Fatal("accepted on a full disk")
		}
	}
	// A restart while the disk is full: it opens, and is silent.
	if err := j.Close(); err != nil {
		t.Logf("close on a full disk: %v", err)
	}
	j = open(t, Options{Path: path, ProbeInterval: 5 * time.Millisecond})
	t.Cleanup(func() { j.Close() })
	if j.Writable() {
		t.Error("Writable() = true after a restart on a full disk")
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, j.Writable)
	mustAppend(t, j, took, took+5)
	seen := map[string]int{}
	for _, r := range drainAll(t, j).records {
		seen[r.Event.AcctSessionID]++
	}
	for i := range took + 5 {
		if id := event(i).AcctSessionID; seen[id] != 1 {
			t.Errorf("%s is there %d times", id, seen[id])
		}
	}
}

var errNoSpace = errors.New("no space left on device")

func fillFile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, zeros{}); err != nil {
		if strings.Contains(err.Error(), errNoSpace.Error()) {
			return errNoSpace
		}
		return err
	}
	return nil
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return min(len(b), 4096), nil
}

// A commit that fails (as fsync does on a dying disk) refuses its whole batch;
// the connection is given up, and nothing of the batch comes to life later.
func TestFailedCommitRefusesTheBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, Options{Path: path, ProbeInterval: time.Hour})
	mustAppend(t, j, 0, 2)
	before := j.file.write

	fault := errors.New("input/output error")
	commit := j.file.commit
	failing := true
	j.file.commit = func(tx *sql.Tx) error { // called by the writer only
		if failing {
			return errors.Join(fault, tx.Rollback())
		}
		return commit(tx)
	}
	if err := j.Append(t.Context(), event(2)); !errors.Is(err, fault) {
		t.Fatalf("Append = %v, want the fault", err)
	}
	if j.Writable() {
		t.Error("Writable() = true after a failed commit")
	}
	if err := j.Append(t.Context(), event(3)); !errors.Is(err, fault) {
		t.Fatalf("Append = %v, want the fault of the probe", err)
	}
	failing = false // ordered by the queue: the writer is idle
	mustAppend(t, j, 4, 5)
	if !j.Writable() {
		t.Error("Writable() = false after recovery")
	}
	if j.file.write == before {
		t.Error("the connection of the failed commit is still in use")
	}
	var got []string
	for _, r := range drainAll(t, j).records {
		got = append(got, r.Event.AcctSessionID)
	}
	want := []string{event(0).AcctSessionID, event(1).AcctSessionID, event(4).AcctSessionID}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("drained %v, want %v", got, want)
	}
}

// waitUntil polls for what the writer does on its own ticker.
func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("did not happen within 10 s")
		}
	}
}
