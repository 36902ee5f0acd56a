package radius

import (
	"crypto/tls"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// Who opens a connection and says nothing, or too little, does not keep it.
func TestTLSSlowPeers(t *testing.T) {
	s := securing(t, func(o *Options) {
		o.TLS.Idle, o.TLS.greet, o.TLS.frame = 300*time.Millisecond, 300*time.Millisecond, 100*time.Millisecond
	})
	t.Run("no handshake", func(t *testing.T) {
		conn, err := net.Dial("tcp", s.TLSAddrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		(&stream{t, conn}).ends()
		if why := s.said.await(t, saidRefused); why != handshakeTimeout.String() {
			t.Errorf("refused for %s", why)
		}
	})
	for name, test := range map[string]struct {
		octets []byte
		want   closing
	}{
		"nothing":              {nil, closedIdle},
		"an octet":             {radsec(t, signIn)[:1], closedIncomplete},
		"a header":             {radsec(t, signIn)[:20], closedIncomplete},
		"all but one":          {radsec(t, signIn)[:len(radsec(t, signIn))-1], closedIncomplete},
		"one, then too little": {append(radsec(t, ask{code: 5}), 1, 2, 0), closedIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.connect(nil)
			c.send(test.octets)
			c.ends()
			if why := s.said.await(t, saidEnded); why != test.want.String() {
				t.Errorf("ended for %s, want %s", why, test.want)
			}
		})
	}
}

// A watchdog keeps a connection for longer than the idle limit.
func TestTLSWatchdogIsNotIdle(t *testing.T) {
	const idle = 200 * time.Millisecond
	s := securing(t, func(o *Options) { o.TLS.Idle = idle })
	c := s.connect(nil)
	begin := time.Now()
	tick := time.NewTicker(idle / 4)
	defer tick.Stop()
	for time.Since(begin) < 2*idle {
		<-tick.C
		c.exchange(status, codeAccessAccept)
	}
	c.ends()
}

// Who does not read the answers is cut off, and before that not read any more.
func TestTLSUnreadAnswers(t *testing.T) {
	s := securing(t, func(o *Options) { o.TLS.write = 200 * time.Millisecond })
	raw, err := net.Dial("tcp", s.TLSAddrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := raw.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, s.client(s.issue("quay.example")))
	big := signIn
	for range 14 {
		big.attrs = append(big.attrs, attr{typeProxyState, strings.Repeat("x", 253)})
	}
	b := radsec(t, big)
	sent := 0
	conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
	for ; err == nil; sent++ {
		_, err = conn.Write(b)
	}
	if os.IsTimeout(err) {
		t.Fatal("the server neither reads nor ends")
	}
	if why := s.said.await(t, saidEnded); why != closedUnread.String() {
		t.Errorf("ended for %s after %d requests", why, sent)
	}
}

func TestTLSConnectionLimits(t *testing.T) {
	s := securing(t, func(o *Options) { o.TLS.Connections, o.TLS.NASConnections = 3, 2 })
	one, two := s.connect(nil), s.connect(nil)
	one.exchange(status, codeAccessAccept)
	two.exchange(status, codeAccessAccept)
	if why := s.refuses(s.client(s.issue("quay.example"))); why != handshakeTooMany.String() {
		t.Errorf("refused for %s", why)
	}
	one.conn.Close()
	s.said.await(t, saidEnded)
	s.connect(nil).exchange(status, codeAccessAccept)
	if got := testutil.ToFloat64(s.tls.count.connections[overTLS]); got != 2 {
		t.Errorf("%v connections", got)
	}
}

// One address cannot take all handshakes.
func TestTLSHandshakeLimit(t *testing.T) {
	s := securing(t, nil)
	var waiting []net.Conn
	for range tlsHandshakesOf + 1 {
		conn, err := net.Dial("tcp", s.TLSAddrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		waiting = append(waiting, conn)
	}
	if why := s.said.await(t, saidRefused); why != handshakeTooMany.String() {
		t.Errorf("refused for %s", why)
	}
	for _, conn := range waiting[:10] {
		conn.Close()
	}
	for late := time.Now().Add(5 * time.Second); testutil.ToFloat64(s.tls.count.handshakes[handshakeClosed]) < 10; {
		if time.Now().After(late) { // only the first is logged, so the counter has to tell
			t.Fatal("the handshakes do not end")
		}
		runtime.Gosched()
	}
	s.connect(nil).exchange(status, codeAccessAccept)
}

// More than fit in flight are read bit by bit, and all are answered.
func TestTLSInFlight(t *testing.T) {
	hold := make(chan struct{})
	s := securing(t, nil)
	s.hold, s.entered = hold, make(chan struct{}, 10_000)
	c := s.connect(nil)
	const many = 2 * tlsInFlight
	go func() {
		for i := range many {
			a := started(strconv.Itoa(i))
			a.id = byte(i)
			if _, err := c.conn.Write(radsec(t, a)); err != nil {
				t.Error(err)
			}
		}
	}()
	for range tlsInFlight { // all workers but no more than may be in flight
		<-s.entered
	}
	close(hold)
	for range many - tlsInFlight { // the others come once there is room
		<-s.entered
	}
	// There are 256 identifiers, each asked twice: an older request that the newer
	// one overtakes is not answered (RFC 5080 §2.2.2), every newer one is.
	for range tlsInFlight {
		if b := c.receive(); b[0] != codeAccountingResponse {
			t.Fatalf("%x", b)
		}
	}
}

func TestTLSManyConnections(t *testing.T) {
	s := securing(t, nil)
	leaf := s.issue("quay.example")
	done := make(chan error)
	const many, each = 20, 20
	for range many {
		go func() {
			conn, err := tls.Dial("tcp", s.TLSAddrs()[0].String(), s.client(leaf))
			if err != nil {
				done <- err
				return
			}
			defer conn.Close()
			c := &stream{t, conn}
			for i := range each {
				a := signIn
				a.id = byte(i)
				c.exchange(a, codeAccessAccept)
			}
			done <- nil
		}()
	}
	for range many {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := testutil.ToFloat64(s.tls.count.handshakes[handshakeOK]); got != many {
		t.Errorf("%v handshakes", got)
	}
}
