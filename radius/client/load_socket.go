package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	wire "layeh.com/radius"
)

const (
	// rounds is how many packets a socket has at least for each identifier. Two
	// with the same one in a row differ in their authenticator, else a server
	// would take the second for a retransmission (RFC 5080 §2.2.2).
	rounds = 4
	// checkOneIn answers has its signature checked.
	checkOneIn = 64
	// rateTick is how often a socket looks whether the rate wants more.
	rateTick = time.Millisecond
	// maxArrears is how much of the rate is made up for when this process had to
	// wait for a processor.
	maxArrears = 10 * time.Millisecond
)

// loadSocket asks from one socket, with one goroutine.
type loadSocket struct {
	o    *LoadOptions
	conn net.Conn
	// packets are all requests of this socket, one behind the other; the i-th
	// begins at starts[i] and has the identifier i%256.
	packets []byte
	starts  []int
	next    int
	slots   [256]loadSlot // by identifier
	busy    int
	result  LoadResult
	// forgiven is how many requests of the rate were never sent.
	forgiven uint64
}

// loadSlot is a request under way: the packet, and when it was sent after the
// start; packet -1 means none.
type loadSlot struct {
	packet int
	sent   time.Duration
}

// openLoad opens the i-th socket and encodes its share of the requests.
func openLoad(o *LoadOptions, i int) (*loadSocket, error) {
	conn, err := net.Dial("udp", o.Server) // connected: the kernel drops what comes from elsewhere
	if err != nil {
		return nil, fmt.Errorf("open a socket to the RADIUS server %s: %w", o.Server, err)
	}
	s := &loadSocket{o: o, conn: conn}
	for id := range s.slots {
		s.slots[id].packet = -1
	}
	share := (o.Requests + o.Sockets - 1) / o.Sockets
	n := 256 * max(rounds, (share+255)/256)
	s.starts = make([]int, 0, n+1)
	for k := range n {
		var authenticator [16]byte
		rand.Read(authenticator[:])
		b, err := encode(o.Request((i+k*o.Sockets)%o.Requests), byte(k), authenticator, o.Secret)
		if err != nil {
			conn.Close()
			return nil, err
		}
		s.starts = append(s.starts, len(s.packets))
		s.packets = append(s.packets, b...)
	}
	s.starts = append(s.starts, len(s.packets))
	return s, nil
}

func (s *loadSocket) packet(i int) []byte { return s.packets[s.starts[i]:s.starts[i+1]] }

// run asks until ctx is done, then waits for what is under way.
func (s *loadSocket) run(ctx context.Context, start time.Time) error {
	var buf [wire.MaxPacketLength]byte
	tick := s.o.Timeout / 10
	if s.o.Rate > 0 {
		tick = rateTick
	}
	var due time.Duration // when to look at the clock's business again
	asking := true
	for {
		now := time.Since(start)
		if now >= due {
			asking = ctx.Err() == nil
			s.expire(now)
			due = now + tick
			if err := s.conn.SetReadDeadline(start.Add(due)); err != nil {
				return fmt.Errorf("set a deadline: %w", err)
			}
		}
		if asking {
			s.fill(now)
		} else if s.busy == 0 {
			return nil
		}
		n, err := s.conn.Read(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		// Any other error is a tick, or an ICMP message about a server that is
		// not there: what it did not get counts as lost in time.
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			time.Sleep(rateTick)
		}
		if err == nil {
			s.take(buf[:n], time.Since(start))
		}
	}
}

// fill sends what is wanted now: up to the window, or up to the rate.
func (s *loadSocket) fill(now time.Duration) {
	if s.o.Rate == 0 {
		for s.busy < s.o.Window && s.send(now) {
		}
		return
	}
	perSocket := float64(s.o.Rate) / float64(s.o.Sockets)
	wanted := uint64(now.Seconds()*perSocket) - s.forgiven
	// What we could not send in time is not sent in a burst, as no crowd would.
	if burst := max(1, uint64(perSocket*maxArrears.Seconds())); wanted > s.result.Sent+burst {
		s.forgiven += wanted - s.result.Sent - burst
		wanted = s.result.Sent + burst
	}
	for s.result.Sent < wanted {
		if s.busy >= s.o.Window || !s.send(now) {
			s.result.Sent++
			s.result.Lost++ // nobody can ask without an identifier
		}
	}
}

// send asks the next request whose identifier is free. It reports false when
// the kernel did not take it.
func (s *loadSocket) send(now time.Duration) bool {
	for s.slots[byte(s.next)].packet >= 0 { // a lost one still waits here
		s.advance()
	}
	i := s.next
	s.advance()
	if _, err := s.conn.Write(s.packet(i)); err != nil {
		return false
	}
	s.slots[byte(i)] = loadSlot{i, now}
	s.busy++
	s.result.Sent++
	return true
}

func (s *loadSocket) advance() {
	if s.next++; s.next == len(s.starts)-1 {
		s.next = 0
	}
}

// take counts an answer. One to a request that is not under way any more is
// late, and has been counted as lost.
func (s *loadSocket) take(b []byte, now time.Duration) {
	n, ok := packetLength(b)
	if !ok {
		s.result.Forged++
		return
	}
	slot := &s.slots[b[1]]
	if slot.packet < 0 {
		return
	}
	if s.result.Answered()%checkOneIn == 0 {
		if _, err := readReply(b[:n], s.packet(slot.packet), s.o.Secret, true); err != nil {
			s.result.Forged++
			return
		}
	}
	switch Code(b[0]) {
	case AccessAccept:
		s.result.Accepted++
	case AccessReject:
		s.result.Rejected++
	default:
		s.result.Forged++
		return
	}
	s.result.Latency.add(now - slot.sent)
	s.result.Took = now
	slot.packet = -1
	s.busy--
}

// expire gives up what is under way for too long.
func (s *loadSocket) expire(now time.Duration) {
	if s.busy == 0 {
		return
	}
	for id := range s.slots {
		if slot := &s.slots[id]; slot.packet >= 0 && now-slot.sent > s.o.Timeout {
			slot.packet = -1
			s.busy--
			s.result.Lost++
		}
	}
}
