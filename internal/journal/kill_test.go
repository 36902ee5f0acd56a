package journal

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/accounting"
)

// childEnv makes the test binary a process that appends until it is killed.
const childEnv = "PARVIS_TEST_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		appendForEver(path)
	}
	os.Exit(m.Run())
}

// appendForEver prints a line for each acknowledged event, and drains into
// nothing now and then, so that deletions are interrupted too.
func appendForEver(path string) {
	j, err := Open(Options{Path: path})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	round := os.Getenv(childEnv + "_ROUND")
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e := event(i)
				e.AcctSessionID = fmt.Sprintf("%s-%d-%d", round, c, i)
				if err := j.Append(context.Background(), e); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Println("ack", e.AcctSessionID) // one write, so lines stay whole
			}
		})
	}
	go j.Drain(context.Background(), func(_ context.Context, _ string, batch []accounting.Record) error {
		var b strings.Builder
		for _, r := range batch {
			fmt.Fprintln(&b, "taken", r.Seq, r.Event.AcctSessionID)
		}
		os.Stdout.WriteString(b.String())
		return nil
	})
	wg.Wait()
}

// Every acknowledged event is either taken by the store or still there, and a
// number never names two events, over several rounds of kill -9 on one file.
func TestKill9(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{}
	bySeq := map[int64]string{} // the store: keyed by number, as it de-duplicates
	take := func(seq int64, id string) {
		if was, ok := bySeq[seq]; ok && was != id {
			t.Fatalf("seq %d names %s and %s", seq, was, id)
		}
		bySeq[seq] = id
	}
	for round := range 6 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childEnv+"="+path, fmt.Sprintf("%s_ROUND=%d", childEnv, round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		acks, until := 0, 1+rand.IntN(1500)
		var timer *time.Timer
		for lines.Scan() {
			var seq int64
			var id string
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "error"):
				t.Errorf("child: %s", line)
			case strings.HasPrefix(line, "ack "):
				acknowledged[strings.TrimPrefix(line, "ack ")] = true
				acks++
			default:
				if n, _ := fmt.Sscanf(line, "taken %d %s", &seq, &id); n == 2 {
					take(seq, id)
				}
			}
			if acks >= until && timer == nil {
				// At a moment that has nothing to do with the line.
				timer = time.AfterFunc(rand.N(5*time.Millisecond), func() { cmd.Process.Kill() })
			}
		}
		cmd.Wait()
		if timer == nil {
			t.Fatalf("round %d: the child ended after %d acknowledgements", round, acks)
		}
		if round%2 == 1 {
			continue // the next child finds the file as it was left
		}
		j := open(t, Options{Path: path})
		for _, r := range drainAll(t, j).records {
			take(r.Seq, r.Event.AcctSessionID)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range drainAll(t, open(t, Options{Path: path})).records {
		take(r.Seq, r.Event.AcctSessionID)
	}
	count := map[string]int{}
	for _, id := range bySeq {
		count[id]++
	}
	missing := 0
	for id := range acknowledged {
		if count[id] != 1 {
			missing++
			t.Logf("%s is there %d times", id, count[id])
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d acknowledged events are not there exactly once", missing, len(acknowledged))
	}
	t.Logf("%d events acknowledged over the rounds", len(acknowledged))
}
