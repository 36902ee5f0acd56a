package radius

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	wire "layeh.com/radius"
	"pgregory.net/rapid"

	"parvis/internal/accounting"
)

func stamp(at time.Time) attr { return number(typeEventTimestamp, uint32(at.Unix())) }

func TestAccountingEvent(t *testing.T) {
	class, _ := newClass(classKey, subject{classDwelling, "d-1"})
	name, _, _ := parseClass(classKey, class)
	base := func(status uint32, more ...attr) []attr {
		return at(bssid, append([]attr{number(typeAcctStatusType, status), {typeAcctSessionID, "s-1"}}, more...)...)
	}
	event := func(kind accounting.Kind, change func(*accounting.Event)) accounting.Event {
		e := accounting.Event{
			Kind: kind, Received: morning, At: morning, NASID: "n-1", AcctSessionID: "s-1",
			MAC: device, NASAddress: "127.0.0.1", AccessPointID: "ap-1", ZoneID: "z-port",
		}
		change(&e)
		return e
	}
	for _, c := range []struct {
		name  string
		attrs []attr
		want  accounting.Event
	}{
		{"start, nothing reported is nil", base(1), event(accounting.Start, func(*accounting.Event) {})},
		{
			"stop with all", base(2, number(typeAcctInputOctets, 5), number(typeAcctInputGigawords, 2), number(typeAcctOutputOctets, 7),
				number(typeAcctSessionTime, 60), number(typeAcctTerminateCause, 1), stamp(morning.Add(-time.Minute))),
			event(accounting.Stop, func(e *accounting.Event) {
				e.In, e.Out, e.Seconds, e.Cause = ptr(uint64(2<<32+5)), ptr(uint64(7)), ptr(uint32(60)), 1
				e.At = morning.Add(-time.Minute)
			}),
		},
		{"zero is not nil", base(3, number(typeAcctInputOctets, 0)), event(accounting.Interim, func(e *accounting.Event) { e.In = ptr(uint64(0)) })},
		{"a counter of a wrong length is absent", base(3, attr{typeAcctInputOctets, "xx"}), event(accounting.Interim, func(*accounting.Event) {})},
		{"delay", base(3, number(typeAcctDelayTime, 30)), event(accounting.Interim, func(e *accounting.Event) { e.At = morning.Add(-30 * time.Second) })},
		{"delay is capped", base(3, number(typeAcctDelayTime, 1<<31)), event(accounting.Interim, func(e *accounting.Event) { e.At = morning.Add(-maxBehind) })},
		{"clock of 1970", base(3, stamp(time.Unix(60, 0)), number(typeAcctDelayTime, 5)), event(accounting.Interim, func(e *accounting.Event) { e.At = morning.Add(-5 * time.Second) })},
		{"clock of next week", base(3, stamp(morning.Add(7*24*time.Hour))), event(accounting.Interim, func(*accounting.Event) {})},
		{"clock within a day", base(3, stamp(morning.Add(23*time.Hour))), event(accounting.Interim, func(e *accounting.Event) { e.At = morning.Add(23 * time.Hour) })},
		{
			"our Class beats an anonymous name", base(1, user("anonymous"), attr{typeClass, "theirs"}, attr{typeClass, string(class)}),
			event(accounting.Start, func(e *accounting.Event) {
				e.Login, e.Class, e.DwellingID, e.ZoneID = "anonymous", name, "d-1", ""
			}),
		},
		{"login without Class", base(1, user("LOGEMENT-0001")), event(accounting.Start, func(e *accounting.Event) { e.Login, e.DwellingID, e.ZoneID = "LOGEMENT-0001", "d-1", "" })},
		{"a name that no database takes", base(1, user("a\x00\xffb")), event(accounting.Start, func(e *accounting.Event) { e.Login = "a%00%FFb" })},
		{
			"unknown place in no zone",
			[]attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s-1"}, {typeCalledStationID, "nonsense"}},
			event(accounting.Start, func(e *accounting.Event) { e.MAC, e.AccessPointID = accounting.Event{}.MAC, "" }),
		},
		{"On of an access point", base(7), event(accounting.On, func(e *accounting.Event) { e.Scoped = true })},
		{"Off by NAS-Identifier", []attr{number(typeAcctStatusType, 8), {typeNASIdentifier, "quai"}}, event(accounting.Off, func(e *accounting.Event) {
			e.Scoped, e.AcctSessionID, e.MAC = true, "", accounting.Event{}.MAC
		})},
		{"On of the whole NAS", []attr{number(typeAcctStatusType, 7)}, event(accounting.On, func(e *accounting.Event) {
			e.AcctSessionID, e.MAC, e.AccessPointID = "", accounting.Event{}.MAC, ""
		})},
	} {
		for _, unsigned := range []bool{true, false} {
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t, nil, nil, nil)
				if w.ask(t, ask{code: codeAccountingRequest, attrs: c.attrs, unsigned: unsigned}) == nil {
					t.Fatal("no answer")
				}
				if diff := cmp.Diff([]accounting.Event{c.want}, w.events); diff != "" {
					t.Error(diff)
				}
				if n := testutil.ToFloat64(w.metrics.records[c.want.Kind][recordAcked]); n != 1 {
					t.Errorf("acked: %v", n)
				}
				if want := c.want.Kind == accounting.On; (len(w.restarts) == 1) != want {
					t.Errorf("restarts: %v", w.restarts)
				}
			})
		}
	}
}

func TestAccountingThatIsNotRecorded(t *testing.T) {
	for _, c := range []struct {
		name     string
		attrs    []attr
		broken   bool
		answered bool
		why      discard
		kind     accounting.Kind
		result   recordResult
	}{
		{"journal fails", []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}, true, false, discardStoreUnavailable, accounting.Start, recordRefused},
		{"no status", []attr{{typeAcctSessionID, "s"}}, false, false, discardBadAttribute, 0, recordInvalid},
		{"unknown status", []attr{number(typeAcctStatusType, 99), {typeAcctSessionID, "s"}}, false, false, discardBadAttribute, 0, recordInvalid},
		{"no session id", []attr{number(typeAcctStatusType, 3)}, false, false, discardBadAttribute, accounting.Interim, recordInvalid},
		{"tunnel", []attr{number(typeAcctStatusType, 9)}, false, true, discardNone, 0, recordAcked},
		{"failed", []attr{number(typeAcctStatusType, 15)}, false, true, discardNone, 0, recordAcked},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			if c.broken {
				w.appendNo = errors.New("disk full")
			}
			a := ask{code: codeAccountingRequest, attrs: c.attrs}
			request := a.encode(t)
			if got := w.give(a, request) != nil; got != c.answered {
				t.Fatalf("answered: %v", got)
			}
			if len(w.events) != 0 {
				t.Errorf("recorded: %+v", w.events)
			}
			if n := testutil.ToFloat64(w.metrics.records[c.kind][c.result]); n != 1 {
				t.Errorf("%s: %v", recordResultNames[c.result], n)
			}
			if c.why != discardNone && testutil.ToFloat64(w.metrics.listeners[acctListener].discarded[c.why]) != 1 {
				t.Errorf("%s is not counted", c.why)
			}
			if !c.broken {
				return
			}
			// The same packet again is handled afresh, and answered once it is safe.
			w.appendNo = nil
			if reply := w.give(a, request); reply == nil || len(w.events) != 1 {
				t.Errorf("retransmission: answer %x, events %d", reply, len(w.events))
			}
		})
	}
}

func TestOctetsAreTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Ptr(rapid.Uint32(), true).Draw(t, "octets")
		high := rapid.Ptr(rapid.Uint32(), true).Draw(t, "gigawords")
		var attrs wire.Attributes
		want := new(big.Int)
		add := func(kind wire.Type, v *uint32, weight uint) {
			if v != nil {
				attrs.Add(kind, wire.NewInteger(*v))
				want.Add(want, new(big.Int).Lsh(big.NewInt(int64(*v)), weight))
			}
		}
		add(typeAcctInputOctets, low, 0)
		add(typeAcctInputGigawords, high, 32)
		got := octets(attrs, typeAcctInputOctets, typeAcctInputGigawords)
		if (got == nil) != (low == nil && high == nil) || got != nil && new(big.Int).SetUint64(*got).Cmp(want) != 0 {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestStatusServerIsSilentWhenNothingCanBeStored(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	if w.ask(t, ask{code: codeStatusServer}) == nil {
		t.Fatal("no answer while all is well")
	}
	w.full = true
	if w.ask(t, ask{code: codeStatusServer}) != nil {
		t.Fatal("an answer while the journal is full")
	}
	if n := testutil.ToFloat64(w.metrics.listeners[authListener].discarded[discardStoreUnavailable]); n != 1 {
		t.Errorf("store_unavailable: %v", n)
	}
}
