package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStop ends a demo in full traffic with SIGTERM: soon, and nothing that was
// acknowledged is lost.
func TestStop(t *testing.T) {
	dir := t.TempDir()
	p := startDemo(t, dir)
	s := stream{"stop", 400}
	var after time.Duration
	ended := s.during(t, p, 200, func() { after = p.stop() })
	got := s.send(t, p.acct)
	ended()
	t.Logf("stopped after %v with %d of %d acknowledged", after, got.count(), 2*s.count)
	if after > stopPromise() {
		t.Errorf("it took %v, the promise is %v", after, stopPromise())
	}
	if p.err != nil {
		t.Errorf("it ended with %v", p.err)
	}
	if said, _ := p.out.read(); !strings.Contains(said, "Stopped: ") {
		t.Error("it did not say what it had done")
	}
	if got.count() == 0 || got.count() == 2*s.count {
		t.Error("it did not stop in the middle of the stream: nothing is shown")
	}
	// The same directory goes on, as a server this time.
	again := startServe(t, filepath.Join(dir, "parvis.toml"))
	again.drained()
	got.stored(t, s, dir)
	again.stop()
	// And as a demo: it finds its commune and does not make a second one.
	startDemo(t, dir)
}
