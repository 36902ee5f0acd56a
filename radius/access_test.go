package radius

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	wire "layeh.com/radius"

	"parvis/internal/access"
	"parvis/internal/directory"
)

// at says where a device is: on the access point ap, with its own address.
func at(ap directory.MAC, more ...attr) []attr {
	return append([]attr{
		{typeCalledStationID, ap.String() + ":Parvis"}, {typeCallingStationID, device.String()},
	}, more...)
}

func user(name string) attr { return attr{typeUserName, name} }

func seconds(t *testing.T, attrs wire.Attributes, kind wire.Type) uint32 {
	t.Helper()
	v, ok := attrs.Lookup(kind)
	if !ok {
		return 0
	}
	if len(v) != 4 {
		t.Fatalf("attribute %d has %d octets", kind, len(v))
	}
	return binary.BigEndian.Uint32(v)
}

func TestAccess(t *testing.T) {
	framed, login, check := number(typeServiceType, 2), number(typeServiceType, 1), number(typeServiceType, 10)
	dots, plain := "0200.0000.0007", "020000000007"
	for _, c := range []struct {
		name   string
		ask    ask
		setup  func(w *world)
		want   access.Reason
		method access.Method
	}{
		{"PAP", ask{attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}, nil, access.Accepted, access.MethodPAP},
		{"PAP, login as typed on a phone", ask{attrs: at(homeAP, user(" Logement-0001 ")), password: ptr(homePassword)}, nil, access.Accepted, access.MethodPAP},
		{"PAP, wrong", ask{attrs: at(homeAP, user(homeLogin)), password: ptr("wrong")}, nil, access.WrongPassword, access.MethodPAP},
		{"PAP, NUL inside is not the end", ask{attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword + "\x00x")}, nil, access.WrongPassword, access.MethodPAP},
		{"PAP, misshapen", ask{attrs: at(homeAP, user(homeLogin), attr{typeUserPassword, "short"})}, nil, access.WrongPassword, access.MethodPAP},
		{"PAP, no password set", ask{attrs: at(homeAP, user("logement-0002")), password: ptr("")}, nil, access.WrongPassword, access.MethodPAP},
		{"PAP, unknown", ask{attrs: at(homeAP, user("nobody")), password: ptr(homePassword)}, nil, access.UnknownLogin, access.MethodPAP},
		{"PAP, in the city", ask{attrs: at(bssid, user(homeLogin)), password: ptr(homePassword)}, nil, access.Accepted, access.MethodPAP},
		{"PAP, access point off", ask{attrs: at(offAP, user(homeLogin)), password: ptr(homePassword)}, nil, access.PlaceDisabled, access.MethodPAP},
		{"CHAP", ask{attrs: at(homeAP, user(homeLogin)), chap: ptr(homePassword)}, nil, access.Accepted, access.MethodCHAP},
		{"CHAP, own challenge", ask{attrs: at(homeAP, user(homeLogin), attr{typeCHAPChallenge, "0123456789abcdef"}), chap: ptr(homePassword)}, nil, access.Accepted, access.MethodCHAP},
		{"CHAP, wrong", ask{attrs: at(homeAP, user(homeLogin)), chap: ptr("wrong")}, nil, access.WrongPassword, access.MethodCHAP},
		{"CHAP, misshapen", ask{attrs: at(homeAP, user(homeLogin), attr{typeCHAPPassword, "x"})}, nil, access.WrongPassword, access.MethodCHAP},
		{"both proofs", ask{attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword), chap: ptr(homePassword)}, nil, access.NoProof, access.MethodNone},
		{"no proof", ask{attrs: at(homeAP, user(homeLogin))}, nil, access.NoProof, access.MethodNone},
		{"slots are full", ask{attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}, func(w *world) { w.others = 2 }, access.DeviceSlots, access.MethodPAP},
		{"presence away: in", ask{attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)}, func(w *world) { w.others, w.othersNo = 9, errors.New("away") }, access.Accepted, access.MethodPAP},
		{"EAP", ask{attrs: at(homeAP, user("anonymous"), attr{typeEAPMessage, "\x02\x09\x00\x05\x01"})}, nil, access.UnsupportedMethod, access.MethodNone},
		{"MS-CHAP of the first kind", ask{attrs: at(homeAP, user(homeLogin), vsa(vendorMicrosoft, msCHAPResponse, strings.Repeat("x", 50)))}, nil, access.UnsupportedMethod, access.MethodNone},

		{"MAC twice", ask{attrs: at(bssid, user(plain)), password: ptr(plain)}, remember, access.Accepted, access.MethodMAC},
		{"MAC, other spellings", ask{attrs: at(bssid, user(dots)), password: ptr("02-00-00-00-00-07")}, remember, access.Accepted, access.MethodMAC},
		{"MAC, CHAP", ask{attrs: at(bssid, user(dots)), chap: ptr(plain)}, remember, access.Accepted, access.MethodMAC},
		{"MAC, empty password", ask{attrs: at(bssid, user(plain)), password: ptr("")}, remember, access.Accepted, access.MethodMAC},
		{"MAC, CHAP of nothing", ask{attrs: at(bssid, user(plain)), chap: ptr("")}, remember, access.Accepted, access.MethodMAC},
		{"CoovaChilli's macauth", ask{attrs: at(bssid, user(device.String()), framed), password: ptr("macpasswd")}, remember, access.Accepted, access.MethodMAC},
		{"Call-Check without password", ask{attrs: at(bssid, user(plain), check)}, remember, access.Accepted, access.MethodMAC},
		{"MAC, never accepted", ask{attrs: at(bssid, user(plain)), password: ptr(plain)}, nil, access.UnknownDevice, access.MethodMAC},
		{"MAC, memory over", ask{attrs: at(bssid, user(plain)), password: ptr(plain)}, func(w *world) { w.register.Devices.Remember(device, "v1", morning) }, access.MemoryExpired, access.MethodMAC},
		{"MAC in a residence", ask{attrs: at(homeAP, user(plain)), password: ptr(plain)}, remember, access.UnknownPlace, access.MethodMAC},
		{"MAC, zone of the NAS", ask{attrs: []attr{{typeCallingStationID, plain}, user(plain)}, password: ptr(plain)}, remember, access.Accepted, access.MethodMAC},
		{"MAC, zone of the access point", ask{from: "127.0.0.3", attrs: at(bssid, user(plain)), password: ptr(plain)}, remember, access.Accepted, access.MethodMAC},
		{"MAC, access point by NAS-Identifier", ask{from: "127.0.0.3", attrs: []attr{{typeCallingStationID, plain}, {typeNASIdentifier, "quai"}, user(plain)}, password: ptr(plain)}, remember, access.Accepted, access.MethodMAC},
		{"MAC, nowhere", ask{from: "127.0.0.3", attrs: []attr{{typeCallingStationID, plain}, user(plain)}, password: ptr(plain)}, remember, access.UnknownPlace, access.MethodMAC},
		{"somebody else's MAC typed in", ask{attrs: at(bssid, user("02-00-00-00-00-99"), framed), password: ptr("02-00-00-00-00-99")}, remember, access.UnknownLogin, access.MethodPAP},
		{"MAC without Calling-Station-Id", ask{attrs: []attr{user(plain), framed}, password: ptr(plain)}, remember, access.UnknownLogin, access.MethodPAP},
		{"MAC as login with a password", ask{attrs: at(bssid, user(plain), login), password: ptr("macpasswd")}, remember, access.UnknownLogin, access.MethodPAP},
		{"MAC, nothing else", ask{attrs: at(bssid, user(plain))}, remember, access.NoProof, access.MethodNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			if c.setup != nil {
				c.setup(w)
			}
			c.ask.code = codeAccessRequest
			attrs := w.ask(t, c.ask)
			if attrs == nil {
				t.Fatal("no answer")
			}
			if n := testutil.ToFloat64(w.metrics.attempts[c.method][c.want]); n != 1 {
				t.Fatalf("want %s by %s; refused: %+v", c.want, c.method, w.refused)
			}
			if got := string(attrs.Get(typeReplyMessage)); got != c.want.Reply() {
				t.Errorf("Reply-Message %q, want %q", got, c.want.Reply())
			}
			if _, ok := attrs.Lookup(typeClass); ok != c.want.Accepted() {
				t.Errorf("Class: %v", ok)
			}
			if len(w.attempts) != 1 || w.attempts[0] != c.want.Accepted() {
				t.Errorf("observer was told %v", w.attempts)
			}
			if got := len(w.refused) == 1; got == c.want.Accepted() {
				t.Errorf("refusals: %+v", w.refused)
			}
		})
	}
}

func remember(w *world) {
	w.register.Devices.Remember(device, "v1", morning.Add(time.Hour))
}

func TestAcceptAttributes(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	remember(w)
	city := w.ask(t, ask{code: codeAccessRequest, attrs: at(bssid, user(device.String())), password: ptr(device.String())})
	home := w.ask(t, ask{code: codeAccessRequest, id: 1, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)})
	for _, c := range []struct {
		what      string
		got, want uint32
	}{
		{"Session-Timeout ends with the memory", seconds(t, city, typeSessionTimeout), 3600},
		{"Idle-Timeout", seconds(t, city, typeIdleTimeout), 600},
		{"Acct-Interim-Interval", seconds(t, city, typeAcctInterimInterval), 600},
		{"no Session-Timeout of ours", seconds(t, home, typeSessionTimeout), 0},
		{"Acct-Interim-Interval is 60 s at least", seconds(t, home, typeAcctInterimInterval), 60},
		{"Tunnel-Type", seconds(t, home, typeTunnelType), 13},
		{"Tunnel-Medium-Type", seconds(t, home, typeTunnelMediumType), 6},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	if got := string(home.Get(typeTunnelPrivateGroupID)); got != "120" {
		t.Errorf("Tunnel-Private-Group-ID %q", got)
	}
	if _, ok := city.Lookup(typeTunnelType); ok {
		t.Error("a VLAN for the city")
	}
	if _, of, ok := findClass(classKey, city); !ok || of != (subject{classZone, "z-port"}) {
		t.Errorf("Class of the city: %v %v", of, ok)
	}
	if _, of, ok := findClass(classKey, home); !ok || of != (subject{classDwelling, "d-1"}) {
		t.Errorf("Class of the dwelling: %v %v", of, ok)
	}
	for from, want := range map[string]string{
		"127.0.0.1": "\x00\x00\x37\x2a\x07\x06\x02\xfa\xf0\x80", // WISPr-Bandwidth-Max-Up 50,000,000
		"127.0.0.2": "\x00\x00\x38\xdf\x04\x06\x00\x00\xc3\x50", // up 50,000 kbit/s
		"127.0.0.3": "\x00\x00\x3a\x8c\x08\x10" + "50000k/100000k",
	} {
		attrs := w.ask(t, ask{code: codeAccessRequest, id: 2, from: from, attrs: at(homeAP, user(homeLogin)), password: ptr(homePassword)})
		got := string(attrs.Get(typeVendorSpecific))
		if got != want {
			t.Errorf("rate for %s: %q, want %q", from, got, want)
		}
	}
}

// What a refused person typed is kept short and storable, and tells who and where.
func TestRefusalSaysWhoAndWhere(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	w.ask(t, ask{code: codeAccessRequest, attrs: at(homeAP, user("\x00"+strings.Repeat("é", 60))), password: ptr("secret-typed")})
	want := []directory.Refusal{{
		At: morning, Reason: "unknown_login", Method: "pap", MAC: device, Login: "%00" + strings.Repeat("é", 31),
		NAS: "signing", AccessPoint: "Hall", ResidenceID: "r-1",
	}}
	if diff := cmp.Diff(want, w.refused); diff != "" {
		t.Error(diff)
	}
}

func TestEAPRejectCarriesEAPFailure(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	attrs := w.ask(t, ask{code: codeAccessRequest, attrs: []attr{{typeEAPMessage, "\x02\x2a\x00\x05\x01"}}})
	if got := string(attrs.Get(typeEAPMessage)); got != "\x04\x2a\x00\x04" {
		t.Errorf("EAP-Message %x", got)
	}
}

func TestTicket(t *testing.T) {
	code := directory.NewTicketCode()
	right := testKey.TicketPassword(code).Reveal()
	issue := func(w *world, change func(*directory.Ticket)) {
		ticket := directory.Ticket{MAC: device, NASID: "n-1", ZoneID: "z-port", Until: morning.Add(time.Minute)}
		if change != nil {
			change(&ticket)
		}
		w.tickets[testKey.TicketHash(code)] = ticket
	}
	send := func(w *world, id byte, a ask) access.Reason {
		t.Helper()
		a.code, a.id, a.attrs = codeAccessRequest, id, at(bssid, user(code))
		before := len(w.refused)
		if w.ask(t, a) == nil {
			t.Fatal("no answer")
		}
		if len(w.refused) == before {
			return access.Accepted
		}
		reason, _ := access.ParseReason(w.refused[before].Reason)
		return reason
	}
	steps := func(name string, change func(*directory.Ticket), run func(t *testing.T, w *world)) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			issue(w, change)
			run(t, w)
		})
	}
	expect := func(t *testing.T, got, want access.Reason) {
		t.Helper()
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	steps("once", nil, func(t *testing.T, w *world) {
		expect(t, send(w, 1, ask{password: &right}), access.Accepted)
		expect(t, send(w, 2, ask{password: &right}), access.TicketUnknown)
	})
	steps("CHAP", nil, func(t *testing.T, w *world) {
		expect(t, send(w, 1, ask{chap: &right}), access.Accepted)
	})
	steps("a guess does not burn it", nil, func(t *testing.T, w *world) {
		expect(t, send(w, 1, ask{password: ptr("guess")}), access.WrongPassword)
		expect(t, send(w, 2, ask{chap: ptr("guess")}), access.WrongPassword)
		if w.redeemed != 0 {
			t.Error("a guess reached the tickets")
		}
		expect(t, send(w, 3, ask{password: &right}), access.Accepted)
	})
	steps("another device", func(k *directory.Ticket) { k.MAC[5]++ }, func(t *testing.T, w *world) {
		expect(t, send(w, 1, ask{password: &right}), access.TicketElsewhere)
	})
	steps("another NAS", func(k *directory.Ticket) { k.NASID = "n-2" }, func(t *testing.T, w *world) {
		expect(t, send(w, 1, ask{password: &right}), access.TicketElsewhere)
	})
	steps("tickets away", nil, func(t *testing.T, w *world) {
		w.ticketNo = errors.New("away")
		expect(t, send(w, 1, ask{password: &right}), access.Unavailable)
	})
	steps("no password", nil, func(t *testing.T, w *world) {
		expect(t, send(w, 1, ask{}), access.NoProof)
	})
}

// RFC 2865 §5.33: all of them, unchanged, in order.
func TestProxyStateIsEchoed(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	states := []attr{{typeProxyState, "b"}, {typeProxyState, ""}, {typeProxyState, strings.Repeat("a", 253)}, {typeProxyState, "b"}}
	session := []attr{number(typeAcctStatusType, 1), {typeAcctSessionID, "s"}}
	for _, a := range []ask{
		{code: codeAccessRequest, attrs: append(at(homeAP, user(homeLogin)), states...), password: ptr(homePassword)},
		{code: codeAccessRequest, id: 1, attrs: states},
		{code: codeAccountingRequest, attrs: append(session, states...)},
		{code: codeStatusServer, attrs: states},
	} {
		var got []attr
		for _, at := range w.ask(t, a) {
			if at.Type == typeProxyState {
				got = append(got, attr{typeProxyState, string(at.Attribute)})
			}
		}
		if diff := cmp.Diff(states, got, cmp.AllowUnexported(attr{})); diff != "" {
			t.Errorf("code %d: %s", a.code, diff)
		}
	}
}

// An answer that cannot hold all Proxy-States is not sent at all.
func TestAnswerNeverExceedsAPacket(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	var many []attr
	for range 15 {
		many = append(many, attr{typeProxyState, strings.Repeat("p", 253)})
	}
	many = append(many, attr{typeProxyState, strings.Repeat("p", 190)}, user(homeLogin))
	if attrs := w.ask(t, ask{code: codeAccessRequest, attrs: many, password: ptr(homePassword)}); attrs != nil {
		t.Error("answered")
	}
	if n := testutil.ToFloat64(w.metrics.listeners[authListener].discarded[discardTooLong]); n != 1 {
		t.Errorf("too_long: %v", n)
	}
}
