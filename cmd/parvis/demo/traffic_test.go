package demo

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/directory"
)

// city is what a server would know, and what it saw.
type city struct {
	t         *testing.T
	sample    Sample
	passwords map[string]string
	enough    chan struct{}

	mu       sync.Mutex
	knows    map[directory.MAC]bool
	sessions map[string]*seen
	counts   map[string]int
	from     map[netip.Addr]int
	packets  int
	dying    string // BSSID
	lastOfIt int    // number of the last packet from it
	closed   bool
}

type seen struct {
	at            string
	in, out       uint64
	seconds       uint32
	open, stopped bool
}

func newCity(t *testing.T, s Sample) *city {
	c := &city{
		t: t, sample: s, passwords: map[string]string{}, enough: make(chan struct{}),
		knows: map[directory.MAC]bool{}, sessions: map[string]*seen{}, counts: map[string]int{}, from: map[netip.Addr]int{},
	}
	for _, d := range s.Dwellings {
		c.passwords[d.Login] = d.Password.Reveal()
	}
	for _, d := range s.Devices {
		c.knows[d.MAC] = true
	}
	for _, ap := range s.AccessPoints {
		if ap.ZoneID == s.Zones[1].ID {
			c.dying = ap.BSSID.String()
		}
	}
	return c
}

func (c *city) accept(_ context.Context, mac directory.MAC, zoneID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if zoneID == "" {
		c.t.Errorf("%s accepts the terms of no zone", mac)
	}
	c.knows[mac] = true
	c.counts["tapped"]++
	return nil
}

// wanted is what has to happen before the city is content.
func wanted() []string {
	return []string{
		"tapped", "mac accepted", "mac refused", "pap accepted", "chap accepted", "wrong password", "unknown login",
		"start", "interim", "stop", "gigawords", "logement-0001", "mourned",
	}
}

func (c *city) missing() []string {
	var all []string
	for _, w := range wanted() {
		if c.counts[w] == 0 {
			all = append(all, w)
		}
	}
	return all
}

func (c *city) handle(a asked) (byte, []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.packets++
	c.from[a.from]++
	if strings.HasPrefix(a.text(30), c.dying) && a.number(40) != 7 {
		c.lastOfIt = c.packets
	} else if c.lastOfIt > 0 && c.packets-c.lastOfIt > 300 {
		c.counts["mourned"]++
	}
	defer func() {
		if !c.closed && len(c.missing()) == 0 {
			c.closed = true
			close(c.enough)
		}
	}()
	if a.code == 4 {
		c.account(a)
		return 5, nil
	}
	if c.admit(a) {
		return 2, append(attribute(25, []byte("class of "+a.text(44))...), attribute(27, 0, 0, 0x0e, 0x10)...)
	}
	return 3, nil
}

func (c *city) admit(a asked) bool {
	user := a.text(1)
	if user == a.mac().String() {
		if !a.proves(user) || a.number(6) != 2 {
			c.t.Errorf("MAC authentication of %s: Service-Type %d", user, a.number(6))
		}
		return c.outcome(c.knows[a.mac()], "mac accepted", "mac refused")
	}
	password, ok := c.passwords[user]
	if !ok {
		return c.outcome(false, "", "unknown login")
	}
	if !a.proves(password) {
		return c.outcome(false, "", "wrong password")
	}
	c.counts[user]++
	if a.text(3) != "" {
		return c.outcome(true, "chap accepted", "")
	}
	return c.outcome(true, "pap accepted", "")
}

func (c *city) outcome(in bool, yes, no string) bool {
	if in {
		c.counts[yes]++
	} else {
		c.counts[no]++
	}
	return in
}

func (c *city) account(a asked) {
	status := a.number(40)
	if status == 7 {
		c.counts["on"]++
		if len(c.sessions) > 0 {
			c.t.Error("an Accounting-On comes after the first Start")
		}
		return
	}
	id := a.text(44)
	if a.text(25) != "class of "+id {
		c.t.Errorf("session %s carries the Class %q", id, a.text(25))
	}
	s := c.sessions[id]
	if status == 1 {
		c.counts["start"]++
		c.sessions[id] = &seen{open: true, at: a.text(30)}
		return
	}
	if s == nil || s.stopped {
		c.t.Errorf("session %s: status %d before its Start or after its Stop", id, status)
		return
	}
	in, out := uint64(a.number(52))<<32|uint64(a.number(42)), uint64(a.number(53))<<32|uint64(a.number(43))
	if in < s.in || out < s.out || a.number(46) < s.seconds {
		c.t.Errorf("session %s: totals went back", id)
	}
	s.in, s.out, s.seconds = in, out, a.number(46)
	if a.number(53) > 0 {
		c.counts["gigawords"]++
	}
	if status == 3 {
		c.counts["interim"]++
		return
	}
	c.counts["stop"]++
	if a.number(49) == 0 {
		c.t.Errorf("session %s stops without a cause", id)
	}
	s.open, s.stopped = false, true
}

// fast is a clock that goes a hundred times as fast as the real one.
func fast() func() time.Time {
	began := time.Now()
	return func() time.Time { return testNow.Add(time.Since(began) * 100) }
}

func TestTrafficShowsWhatACityDoes(t *testing.T) {
	s := Commune(testNow)
	c := newCity(t, s)
	server := radiusServer(t, secretsOf(s), c.handle)
	tr, err := NewTraffic(TrafficOptions{
		Auth: server, Acct: server, Sample: s, Accept: c.accept, Now: fast(), Log: slog.New(slog.DiscardHandler),
		Pace: Pace{Every: 300 * time.Microsecond, Devices: 60},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error)
	go func() { done <- tr.Run(ctx) }()
	select {
	case <-c.enough:
	case <-ctx.Done():
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.missing(); len(m) > 0 {
		t.Errorf("in %d packets there was no %s", c.packets, strings.Join(m, ", "))
	}
	if c.counts["on"] != 42 {
		t.Errorf("%d Accounting-On, want one for each of 40 access points and 2 controllers", c.counts["on"])
	}
	if len(c.from) != 7 {
		t.Errorf("packets came from %v, want 7 addresses", c.from)
	}
	open, left := 0, 0
	for _, x := range c.sessions {
		if x.open {
			open++
		}
		if strings.HasPrefix(x.at, c.dying) {
			left++
			if x.stopped {
				t.Error("a session at the dead access point has a Stop")
			}
		}
	}
	if left == 0 {
		t.Error("nobody was at the access point that died")
	}
	stats := tr.Stats()
	if stats.On > 60 || stats.Silent == "" || stats.Accepted == 0 || stats.Refused == 0 || stats.Tapped == 0 || stats.Unanswered > 0 {
		t.Errorf("%+v", stats)
	}
	t.Logf("%d packets, %v, %d open, %+v", c.packets, c.counts, open, stats)
}

func TestTrafficStopsAtOnceWhenNobodyAnswers(t *testing.T) {
	s := Commune(testNow)
	got := make(chan struct{}, 1000)
	server := radiusServer(t, secretsOf(s), func(asked) (byte, []byte) { got <- struct{}{}; return 0, nil })
	tr, err := NewTraffic(TrafficOptions{
		Auth: server, Acct: server, Sample: s, Now: time.Now, Log: slog.New(slog.DiscardHandler), Pace: Pace{Every: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	for range underWay { // all that may be under way are
		<-got
	}
	cancel()
	select {
	case <-done:
	case <-time.After(time.Second):
		t.Error("still running a second later")
	}
}

// A system without 127.0.0.11: here an address that no machine has (RFC 5737).
func TestTrafficFromOneAddress(t *testing.T) {
	s := Commune(testNow)
	for i := range s.NASes {
		if s.NASes[i].Identifier != NASIdentifier {
			s.NASes[i].Prefix = netip.MustParsePrefix("192.0.2.1/32")
		}
	}
	if !s.FitSystem() {
		t.Error("the sample does not notice")
	}
	for _, ap := range s.AccessPoints {
		if ap.NASID != s.AccessPoints[0].NASID {
			t.Errorf("%s belongs to another NAS", ap.Name)
		}
	}
	told := make(chan string, 1)
	server := radiusServer(t, secretsOf(s), func(a asked) (byte, []byte) {
		select {
		case told <- a.from.String() + " " + a.text(32):
		default:
		}
		return 5, nil
	})
	var log strings.Builder
	tr, err := NewTraffic(TrafficOptions{
		Auth: server, Acct: server, Sample: s, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)), Pace: Pace{Every: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the log does not say so: %q", log.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	if got := <-told; got != "127.0.0.1 demo" {
		t.Errorf("a packet from %s", got)
	}
	cancel()
	<-done
}
