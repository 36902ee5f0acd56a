package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestKill cuts the power while radclient sends accounting, round after round on
// the same directory: each acknowledged record is there after the restart, once.
func TestKill(t *testing.T) {
	w := newTown(t)
	all := map[string]acked{}
	streams := map[string]stream{}
	rounds, cut := 4, 0
	p := startServe(t, w.config)
	for round := range rounds {
		s := stream{fmt.Sprintf("kill-%d", round), 400}
		// More than radclient has under way at once: some answers have arrived then.
		ended := s.during(t, p, window+40+rand.IntN(s.count/2), p.kill)
		got := s.send(t, p.acct)
		ended()
		t.Logf("round %d: %d of %d acknowledged", round, got.count(), 2*s.count)
		if got.count() == 0 {
			t.Error("nothing was acknowledged: the round shows nothing")
		}
		if got.count() < 2*s.count {
			cut++
		}
		all[s.name], streams[s.name] = got, s
		began := time.Now()
		p = startServe(t, w.config)
		p.drained()
		took(t, "the restart", began)
		for name, a := range all {
			a.stored(t, streams[name], w.dir)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if cut == 0 {
		t.Error("every round was over before its kill: nothing is shown")
	}
	// Once: what adds up over all sessions would show what counted twice.
	var in, out int64
	for _, r := range sessions(t, w.dir) {
		in, out = in+r.In, out+r.Out
	}
	for name, want := range map[string]int64{
		"parvis_ap_client_receive_bytes_total": in, "parvis_ap_client_transmit_bytes_total": out,
	} {
		if got := p.metric(name); got != float64(want) {
			t.Errorf("%s adds up to %v, the sessions to %d", name, got, want)
		}
	}
}
