package radius

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/internal/directory"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// slowly makes each decision cost as much as a busy server's would.
type slowly struct{}

func (slowly) Others(context.Context, string, directory.MAC) (int, error) {
	for end := time.Now().Add(200 * time.Microsecond); time.Now().Before(end); {
	}
	return 0, nil
}

// While one NAS asks many times more than the server can answer, another one
// that asks a little is answered.
func TestFloodLeavesRoomForOthers(t *testing.T) {
	told := &lines{}
	w := serving(t, func(o *Options) {
		o.AuthWorkers, o.QueueLength, o.Presence, o.Log, o.Now = 1, 256, slowly{}, told.logger(), time.Now
		o.DuplicateLife = time.Nanosecond // each is asked anew
	})
	to := w.AuthAddrs()[0]
	packet := func(id byte) []byte {
		return ask{code: codeAccessRequest, id: id, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}.encode(t)
	}

	stop, flooding := make(chan struct{}), sync.WaitGroup{}
	var socks []*client
	for range 8 {
		socks = append(socks, dial(t, "127.0.0.2", to))
	}
	var packets [][]byte
	for i := range 256 {
		packets = append(packets, packet(byte(i)))
	}
	flooding.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			// This is about the queue, not about the kernel's buffer, which drops
			// blindly once the reader of a loaded machine gets no processor.
			if m, ok := socketMemory(w.auth.sockets[0].conn); ok && m.waiting > 256<<10 {
				runtime.Gosched()
				continue
			}
			_, _ = socks[i/256%len(socks)].conn.Write(packets[i%256])
		}
	})

	calm := dial(t, "127.0.0.1", to)
	const asked = 100
	answered := 0
	for i := range asked {
		b := packet(byte(i))
		calm.send(b)
		calm.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		var reply [maxPacket]byte
		if n, err := calm.conn.Read(reply[:]); err == nil && reply[1] == b[1] {
			checkReply(t, reply[:n], b)
			answered++
		}
	}
	close(stop)
	flooding.Wait()
	limited := testutil.ToFloat64(w.metrics.listeners[authListener].discarded[discardRateLimited])
	t.Logf("%d of %d answered; %v of the flood dropped by its share, %v for a full queue", answered, asked, limited,
		testutil.ToFloat64(w.metrics.listeners[authListener].discarded[discardQueueFull]))
	if answered < asked*95/100 {
		t.Errorf("only %d of %d answered", answered, asked)
	}
	if limited == 0 {
		t.Error("the flood was not limited: this test shows nothing")
	}
	for _, c := range w.Clients() {
		if (c.NASID == "n-2") != (c.Limited > 0) || (c.Limited > 0) == c.LimitedAt.IsZero() {
			t.Errorf("client %s: %d limited", c.NASID, c.Limited)
		}
	}
	if n := told.count("asks more than its share"); n != 1 {
		t.Errorf("the log names it %d times in a minute", n)
	}
}
