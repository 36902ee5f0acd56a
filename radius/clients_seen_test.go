package radius

import (
	"runtime"
	"testing"
	"time"

	"parvis/internal/directory"
)

// What a console shows of a client: when it was heard, was answered unsigned, was
// dropped for want of a signature.
func TestClientsSeen(t *testing.T) {
	w := serving(t, nil)
	id := w.register.Snapshot().NASes()[0].ID
	state := func() ClientState {
		for _, c := range w.Clients() {
			if c.NASID == id {
				return c
			}
		}
		return ClientState{}
	}
	c := dial(t, "127.0.0.1", w.AuthAddrs()[0])
	probe := func() {
		t.Helper()
		a := status
		a.id = byte(w.clock().Second())
		c.send(a.encode(t))
		c.receive()
	}
	probe()
	if s := state(); !s.HeardAt.Equal(morning) || !s.RefusedAt.IsZero() || !s.UnsignedAt.IsZero() || !s.LimitedAt.IsZero() {
		t.Errorf("after a signed request: %+v", s)
	}
	unsigned := signIn
	unsigned.unsigned = true
	w.advance(time.Second)
	c.send(unsigned.encode(t))
	for late := time.Now().Add(5 * time.Second); state().RefusedAt.IsZero(); runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("it is not dropped")
		}
	}
	w.advance(time.Second)
	probe()
	if s := state(); !s.RefusedAt.After(morning) || !s.HeardAt.After(s.RefusedAt) || !s.UnsignedAt.IsZero() {
		t.Errorf("after an unsigned one that was dropped: %+v", s)
	}
}

// What comes on a connection is told of its own NAS, also in a buffer that was
// another's before.
func TestClientsSeenOnTLS(t *testing.T) {
	s := securing(t, func(o *Options) { o.QueueLength, o.AuthWorkers = 1, 1 })
	var quayID string
	s.known(func(c *directory.Catalog) {
		c.NASes[0].TLSName = "quay.example"
		quayID = c.NASes[0].ID
		c.NASes = append(c.NASes, directory.NAS{ID: "n-town", Name: "Town", TLSName: "town.example", Dialect: "generic"})
	})
	buffers := cap(s.tls.auth.free)
	quay, town := s.connect(nil), s.connect(s.client(s.issue("town.example")))
	for range buffers {
		quay.exchange(status, codeAccessAccept)
	}
	s.advance(time.Minute)
	for range buffers {
		town.exchange(status, codeAccessAccept)
	}
	want := map[string]time.Time{quayID: morning, "n-town": morning.Add(time.Minute)}
	for _, c := range s.Clients() {
		if at, connected := want[c.NASID]; connected && (c.Connections != 1 || !c.HeardAt.Equal(at)) {
			t.Errorf("%+v, want it heard at %v", c, at)
		}
	}
	town.conn.Close()
	s.said.await(t, saidEnded)
	for _, c := range s.Clients() {
		if c.NASID == "n-town" && c.Connections != 0 {
			t.Errorf("%+v", c)
		}
	}
}
