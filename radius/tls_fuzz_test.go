package radius

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"testing"
	"testing/iotest"
)

// chunks reads from b in pieces of n octets, as a slow peer would send it.
type chunks struct {
	b []byte
	n int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.n)], c.b)
	c.b = c.b[n:]
	return n, nil
}

// split is what nextFrame should find, told from the whole at once.
func split(b []byte) (packets [][]byte, end error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return packets, io.ErrUnexpectedEOF
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		switch {
		case n < 20 || n > 4096:
			return packets, errFrame
		case n > len(b):
			return packets, io.ErrUnexpectedEOF
		}
		packets, b = append(packets, b[:n]), b[n:]
	}
	return packets, io.EOF
}

// However a stream is cut, it has the same packets and the same end, and a read
// that may wait is always announced.
func FuzzFrames(f *testing.F) {
	good := encode11(ask{code: codeStatusServer}, 7, 0)
	longest := append([]byte{1, 0, 0x10, 0}, make([]byte, 4092)...)
	var published [][]byte
	for _, bug := range publishedStreams(f) {
		published = append(published, bug.stream)
	}
	for _, b := range append(published, [][]byte{
		nil, good, append(bytes.Clone(good), good...), append(bytes.Clone(good), good[:10]...), longest, append(longest, good...),
		{1, 0, 0xff, 0xff},
		{1, 0, 0, 0},
		{1, 0, 0, 19},
		{1, 0, 0, 20},
		{1, 0, 0x10, 1},
		[]byte("GET / HTTP/1.1\r\n\r\n"), good[:3],
	}...) {
		f.Add(b, uint16(1))
		f.Add(b, uint16(21))
		f.Add(b, uint16(5000))
	}
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		want, end := split(b)
		announced := false
		source := &chunks{b, 1 + int(size)}
		in := bufio.NewReaderSize(readFunc(func(p []byte) (int, error) {
			if !announced {
				t.Fatal("it waits without a limit")
			}
			return source.Read(p)
		}), maxPacket)
		var got [][]byte
		for {
			announced = false
			p, err := nextFrame(in, func(bool) { announced = true })
			if err != nil {
				if !errors.Is(err, end) {
					t.Errorf("it ends with %v, want %v", err, end)
				}
				break
			}
			got = append(got, bytes.Clone(p))
			if len(p) > 4096 {
				t.Fatalf("%d octets", len(p))
			}
			in.Discard(len(p))
		}
		if len(got) != len(want) {
			t.Fatalf("%d packets, want %d", len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("packet %d: %x, want %x", i, got[i], want[i])
			}
		}
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// A fault of the network is no end of the stream.
func TestFramesTellFaults(t *testing.T) {
	fault := errors.New("fault")
	for _, begun := range [][]byte{nil, {1}, {1, 2, 0, 20, 0}} {
		in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(begun), iotest.ErrReader(fault)), maxPacket)
		if _, err := nextFrame(in, func(bool) {}); !errors.Is(err, fault) {
			t.Errorf("after %x: %v", begun, err)
		}
	}
}

// RADIUS/1.1 has no signature in front of the attributes: whatever they are, the
// server does not panic, and what it answers is well formed.
func FuzzRADIUS11(f *testing.F) {
	for _, a := range []ask{plain(signIn), started("s"), status} {
		f.Add(a.code, encode11(a, 1, 0)[headerLength:])
	}
	for _, b := range seeds(f) {
		if len(b) > headerLength {
			f.Add(b[0], b[headerLength:])
		}
	}
	p := newPKI(f)
	w := newWorld(f, func(o *Options) { o.TLS = p.options() }, nil, nil)
	f.Cleanup(w.Close)
	c := &tlsConn{server: w.tls, over: overTLS11, owner: "n-1", from: netip.MustParseAddrPort("127.0.0.1:40000"), done: make(chan struct{})}
	token := uint32(0)
	f.Fuzz(func(t *testing.T, code byte, attrs []byte) {
		if !tlsListener.takes(code) || len(attrs) > maxPacket-headerLength {
			return
		}
		token++
		b := encode11(ask{code: code}, token, 0)
		b = append(b, attrs...)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		r := &request{}
		c.fill(r, b)
		r.link = &datagram{}
		if why := c.admit(r); why != discardNone {
			t.Fatalf("not admitted: %s", why)
		}
		before := w.metricsPanics()
		reply := w.answer(t.Context(), tlsListener, r, make([]byte, 0, maxPacket))
		if w.metricsPanics() != before {
			t.Fatalf("panic on %x", b)
		}
		if reply != nil {
			check11(t, reply, token, reply[0])
		}
	})
}
