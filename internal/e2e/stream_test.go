package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/cmd/parvis/demo"
)

// stream is what a busy access point reports: for each session a Start and a
// Stop, in whatever order they get through.
type stream struct {
	name  string
	count int // of sessions
}

const (
	streamIn  = 1000 // bytes of session n: 1000+n in, 2000+n out
	streamOut = 2000
)

func (s stream) id(n int) string { return fmt.Sprintf("%s-%05d", s.name, n) }

func (s stream) packets() string {
	var b strings.Builder
	for n := range s.count {
		// A device has one session only: a second one would end the first.
		head := fmt.Sprintf("Acct-Session-Id = %s\nCalling-Station-Id = 06-%02X-%02X-%02X-%02X-%02X\nCalled-Station-Id = %s\n",
			s.id(n), s.name[0], s.name[len(s.name)-1], n>>16, n>>8&0xff, n&0xff, demo.GatewayMAC())
		b.WriteString(head + "Acct-Status-Type = Start\n\n")
		fmt.Fprintf(&b, "%sAcct-Status-Type = Stop\nAcct-Session-Time = 60\nAcct-Input-Octets = %d\nAcct-Output-Octets = %d\n\n",
			head, streamIn+n, streamOut+n)
	}
	return b.String()
}

// acked is what radclient got an Accounting-Response for, by Acct-Session-Id.
type acked struct{ start, stop map[string]bool }

var (
	sentLine     = regexp.MustCompile(`^Sent Accounting-Request Id (\d+) `)
	receivedLine = regexp.MustCompile(`^Received Accounting-Response Id (\d+) `)
	sessionLine  = regexp.MustCompile(`^\tAcct-Session-Id = "([^"]+)"`)
	stopLine     = regexp.MustCompile(`^\tAcct-Status-Type = Stop`)
)

// send lets radclient send the stream, with up to 64 packets under way, to a
// program that may end meanwhile.
func (s stream) send(t *testing.T, address string) acked {
	t.Helper()
	out, _ := radclient(t, address, "acct", demo.Secret, s.packets(), "-r", "1", "-t", "0.5", "-p", strconv.Itoa(window))
	got := acked{map[string]bool{}, map[string]bool{}}
	type packet struct {
		session string
		stop    bool
	}
	underWay := map[string]*packet{} // by identifier
	var last *packet
	for line := range strings.Lines(out) {
		if m := sentLine.FindStringSubmatch(line); m != nil {
			last = &packet{}
			underWay[m[1]] = last
		} else if m := sessionLine.FindStringSubmatch(line); m != nil && last != nil {
			last.session = m[1]
		} else if stopLine.MatchString(line) && last != nil {
			last.stop = true
		} else if m := receivedLine.FindStringSubmatch(line); m != nil {
			p := underWay[m[1]]
			if p == nil || p.session == "" {
				t.Fatalf("an answer to nothing: %s", line)
			}
			last = nil
			if p.stop {
				got.stop[p.session] = true
			} else {
				got.start[p.session] = true
			}
		}
	}
	return got
}

// window is how many requests radclient has under way at once.
const window = 64

// during calls do while send runs: as soon as some records are acknowledged. The
// function that it returns, to be called behind send, waits until do is done.
func (s stream) during(t *testing.T, p *process, records int, do func()) (ended func()) {
	t.Helper()
	before := p.metric("parvis_acct_records_total", `result="acked"`)
	sent, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer do()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for p.metric("parvis_acct_records_total", `result="acked"`)-before < float64(records) {
			select {
			case <-sent: // too slow to get so far; do it all the same
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(sent); <-done }
}

func (a acked) count() int { return len(a.start) + len(a.stop) }

// stored checks that everything acknowledged is in the store of dir, once.
func (a acked) stored(t *testing.T, s stream, dir string) {
	t.Helper()
	have := sessions(t, dir) // fails when one is there twice
	for id := range a.start {
		if _, ok := have[id]; !ok {
			t.Errorf("the Start of %s was acknowledged and is lost", id)
		}
	}
	for n := range s.count {
		id := s.id(n)
		r := have[id]
		want := record{Stopped: true, In: int64(streamIn + n), Out: int64(streamOut + n), Seconds: 60, Point: r.Point}
		if a.stop[id] && r != want {
			t.Errorf("the Stop of %s was acknowledged, and stored is %+v", id, r)
		}
	}
}
