package radius

import (
	"encoding/binary"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func query(mask uint32) attr {
	return vsa(vendorFreeRADIUS, statisticsType, string(binary.BigEndian.AppendUint32(nil, mask)))
}

// What freeradius_exporter asks, read by FreeRADIUS's own dictionary.
func TestRadclientStatistics(t *testing.T) {
	w := serving(t, nil)
	remember(w)
	home := "Called-Station-Id = 02-AA-BB-CC-DD-02:Parvis\nCalling-Station-Id = " + device.String() + "\nMessage-Authenticator = 0x00\nUser-Name = " + homeLogin + "\n"
	radclient(t, w, "auth", secret, home+`User-Password = "`+homePassword+`"`)
	radclient(t, w, "auth", secret, home+`User-Password = "wrong"`)
	out, code := radclient(t, w, "status", secret, "Message-Authenticator = 0x00\nFreeRADIUS-Statistics-Type = All\n")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{
		"Received Access-Accept",
		"FreeRADIUS-Total-Access-Requests = 2", "FreeRADIUS-Total-Access-Accepts = 1", "FreeRADIUS-Total-Access-Rejects = 1",
		"FreeRADIUS-Total-Access-Challenges = 0", "FreeRADIUS-Total-Auth-Responses = 2", "FreeRADIUS-Total-Auth-Duplicate-Requests = 0",
		"FreeRADIUS-Total-Auth-Malformed-Requests = 0", "FreeRADIUS-Total-Auth-Invalid-Requests = 0",
		"FreeRADIUS-Total-Auth-Dropped-Requests = 0", "FreeRADIUS-Total-Auth-Unknown-Types = 0",
		"FreeRADIUS-Total-Accounting-Requests = 0", "FreeRADIUS-Total-Accounting-Responses = 0", "FreeRADIUS-Total-Acct-Unknown-Types = 0",
		"FreeRADIUS-Total-Proxy-Access-Requests = 0", "FreeRADIUS-Total-Proxy-Auth-Unknown-Types = 0",
		"FreeRADIUS-Total-Proxy-Accounting-Requests = 0", "FreeRADIUS-Total-Proxy-Acct-Unknown-Types = 0",
		"FreeRADIUS-Queue-Len-Internal = 0", "FreeRADIUS-Queue-Len-Auth = 0", "FreeRADIUS-Queue-Len-Acct = 0", "FreeRADIUS-Queue-Len-Detail = 0",
		"FreeRADIUS-Queue-PPS-In = ", "FreeRADIUS-Queue-PPS-Out = ", "FreeRADIUS-Stats-Start-Time = \"Oct  5 2026 09:00:00 UTC\"",
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// The exporter sends the very same packet at each scrape, and wants today's numbers.
func TestStatisticsAreNotFromTheCache(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	b := ask{code: codeStatusServer, attrs: []attr{query(statisticsAuth), vsa(vendorFreeRADIUS, 170, "0123456789abcdef"), vsa(vendorFreeRADIUS, 171, "\x00\x00\x07\x14")}}.encode(t)
	total := func() uint32 {
		t.Helper()
		return binary.BigEndian.Uint32(vendorValue(checkReply(t, w.give(ask{code: codeStatusServer}, b), b), vendorFreeRADIUS, statisticsFirstAuth))
	}
	if n := total(); n != 0 {
		t.Errorf("%d requests before the first", n)
	}
	w.ask(t, ask{code: codeAccessRequest, attrs: at(homeAP, user("x")), password: ptr("x")})
	if n := total(); n != 1 {
		t.Errorf("%d requests after the first", n)
	}
}

func TestStatisticsOfDrops(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	for kind, n := range map[discard]int{discardShort: 1, discardBadLength: 2, discardBadMessageAuthenticator: 4, discardUnknownClient: 8, discardQueueFull: 16, discardBadCode: 32} {
		for range n {
			w.metrics.listeners[authListener].discarded[kind].Inc()
		}
	}
	w.metrics.listeners[authListener].duplicates[actionReplayed].Inc()
	w.metrics.listeners[authListener].duplicates[actionConflicting].Inc()
	got, err := sum(w.statistics.from)
	if err != nil {
		t.Fatal(err)
	}
	if p, want := got.of("auth"), (packetStatistics{duplicate: 1, malformed: 3, invalid: 12, dropped: 16, unknown: 32}); p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
}

func TestStatisticsRates(t *testing.T) {
	s := statistics{at: morning}
	s.rates(morning.Add(2*time.Second), 20, 10)
	for _, after := range []time.Duration{2 * time.Second, 2500 * time.Millisecond} {
		if in, out := s.rates(morning.Add(after), 30, 30); in != 10 || out != 5 {
			t.Errorf("after %s: %v in, %v out", after, in, out)
		}
	}
	if in, _ := s.rates(morning.Add(4*time.Second), 30, 30); in != 5 {
		t.Errorf("%v in", in)
	}
}

// Numbers are wanted most when nothing can be stored; a probe stays unanswered,
// so that the NAS turns elsewhere.
func TestStatisticsWhenNothingCanBeStored(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	w.full = true
	if w.ask(t, ask{code: codeStatusServer}) != nil {
		t.Error("a probe is answered")
	}
	for _, mask := range []uint32{0, 0x1f, 0xff, 0xffffffff} {
		if w.ask(t, ask{code: codeStatusServer, attrs: []attr{query(mask)}}) == nil {
			t.Errorf("no statistics for %x", mask)
		}
	}
}

func TestStatusServerIsLimited(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	answered := 0
	for i := range 200 {
		if w.ask(t, ask{code: codeStatusServer, id: byte(i)}) != nil {
			answered++
		}
	}
	if limited := testutil.ToFloat64(w.metrics.listeners[authListener].discarded[discardRateLimited]); answered != statusBurst || limited != 200-statusBurst {
		t.Errorf("%d answered, %v limited", answered, limited)
	}
	// What is not signed right takes nothing from the NAS's share.
	w.advance(time.Minute)
	for i := range 200 {
		w.ask(t, ask{code: codeStatusServer, id: byte(i), secret: "wrong"})
	}
	if w.ask(t, ask{code: codeStatusServer}) == nil {
		t.Error("forged Status-Servers used up the share of the NAS")
	}
	if w.ask(t, ask{code: codeStatusServer, from: "127.0.0.2"}) == nil {
		t.Error("one NAS used up the share of another")
	}
}
