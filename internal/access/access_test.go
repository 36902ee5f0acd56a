package access

import (
	"testing"
	"time"

	"parvis/internal/directory"

	"pgregory.net/rapid"
)

var (
	now      = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	mac      = directory.MAC{2, 1}
	cityPlan = &directory.Plan{ID: "p1", DownKbps: 20000, UpKbps: 5000, SessionTime: 4 * time.Hour, IdleTime: 10 * time.Minute, Interim: 5 * time.Minute}
	homePlan = &directory.Plan{ID: "p2", DownKbps: 100000, VLAN: 12, DeviceSlots: 3, QuotaBytes: 1 << 40, Role: "home"}
	zone     = &directory.Zone{ID: "z1", Remember: 24 * time.Hour}
	mast     = &directory.AccessPoint{ID: "a1", ZoneID: "z1", Enabled: true}
	dead     = &directory.AccessPoint{ID: "a2", ZoneID: "z1"}
	dwelling = &directory.Dwelling{ID: "d1"}
)

func tenant() Facts {
	return Facts{Method: MethodPAP, Verified: true, MAC: mac, AccessPoint: mast, Dwelling: dwelling, Plan: homePlan, NASID: "n1"}
}

func device() Facts {
	return Facts{Method: MethodMAC, Verified: true, MAC: mac, AccessPoint: mast, Zone: zone, Plan: cityPlan, Remembered: now.Add(time.Hour), NASID: "n1"}
}

func ticket() Facts {
	return Facts{
		Method: MethodTicket, Verified: true, MAC: mac, AccessPoint: mast, Zone: zone, Plan: cityPlan, NASID: "n1",
		Ticket: &directory.Ticket{MAC: mac, NASID: "n1", ZoneID: "z1", Until: now.Add(24 * time.Hour)},
	}
}

func with(f Facts, change func(*Facts)) Facts {
	change(&f)
	return f
}

func TestDecide(t *testing.T) {
	otherTicket := func(change func(*directory.Ticket)) Facts {
		return with(ticket(), func(f *Facts) {
			other := *f.Ticket
			change(&other)
			f.Ticket = &other
		})
	}
	for name, c := range map[string]struct {
		facts Facts
		want  Reason
	}{
		"login":                        {tenant(), Accepted},
		"login by CHAP":                {with(tenant(), func(f *Facts) { f.Method = MethodCHAP }), Accepted},
		"login, place not known":       {with(tenant(), func(f *Facts) { f.AccessPoint = nil }), Accepted},
		"login, last slot":             {with(tenant(), func(f *Facts) { f.OtherDevices = 2 }), Accepted},
		"login, no slot":               {with(tenant(), func(f *Facts) { f.OtherDevices = 3 }), DeviceSlots},
		"login, slots not limited":     {with(tenant(), func(f *Facts) { f.OtherDevices = 999; f.Plan = cityPlan }), Accepted},
		"login unknown":                {with(tenant(), func(f *Facts) { f.Dwelling = nil }), UnknownLogin},
		"login unknown and not proved": {with(tenant(), func(f *Facts) { f.Dwelling = nil; f.Verified = false }), UnknownLogin},
		"password wrong":               {with(tenant(), func(f *Facts) { f.Verified = false }), WrongPassword},
		"password wrong, no slot":      {with(tenant(), func(f *Facts) { f.Verified = false; f.OtherDevices = 9 }), WrongPassword},
		"login, place disabled":        {with(tenant(), func(f *Facts) { f.AccessPoint = dead }), PlaceDisabled},
		"login, no plan":               {with(tenant(), func(f *Facts) { f.Plan = nil }), NoPlan},

		"device":                         {device(), Accepted},
		"device, place found by its NAS": {with(device(), func(f *Facts) { f.AccessPoint = nil }), Accepted},
		"device not known":               {with(device(), func(f *Facts) { f.Remembered = time.Time{} }), UnknownDevice},
		"device, memory over":            {with(device(), func(f *Facts) { f.Remembered = now }), MemoryExpired},
		"device, memory over long since": {with(device(), func(f *Facts) { f.Remembered = now.Add(-time.Hour) }), MemoryExpired},
		"device, less than a second":     {with(device(), func(f *Facts) { f.Remembered = now.Add(999 * time.Millisecond) }), MemoryExpired},
		"device, one second":             {with(device(), func(f *Facts) { f.Remembered = now.Add(time.Second) }), Accepted},
		"device without MAC":             {with(device(), func(f *Facts) { f.MAC = directory.MAC{} }), NoProof},
		"device, no zone":                {with(device(), func(f *Facts) { f.Zone = nil }), UnknownPlace},
		"device, place disabled":         {with(device(), func(f *Facts) { f.AccessPoint = dead }), PlaceDisabled},
		"device, no plan":                {with(device(), func(f *Facts) { f.Plan = nil }), NoPlan},

		"ticket":                  {ticket(), Accepted},
		"ticket not known":        {with(ticket(), func(f *Facts) { f.Ticket = nil }), TicketUnknown},
		"ticket, wrong password":  {with(ticket(), func(f *Facts) { f.Verified = false }), WrongPassword},
		"ticket of another MAC":   {otherTicket(func(k *directory.Ticket) { k.MAC = directory.MAC{2, 9} }), TicketElsewhere},
		"ticket of another NAS":   {otherTicket(func(k *directory.Ticket) { k.NASID = "n2" }), TicketElsewhere},
		"ticket, memory over":     {otherTicket(func(k *directory.Ticket) { k.Until = now }), MemoryExpired},
		"ticket, no zone":         {with(ticket(), func(f *Facts) { f.Zone = nil }), UnknownPlace},
		"ticket, place disabled":  {with(ticket(), func(f *Facts) { f.AccessPoint = dead }), PlaceDisabled},
		"ticket, no plan":         {with(ticket(), func(f *Facts) { f.Plan = nil }), NoPlan},
		"ticket, neither has MAC": {with(otherTicket(func(k *directory.Ticket) { k.MAC = directory.MAC{} }), func(f *Facts) { f.MAC = directory.MAC{} }), TicketElsewhere},

		"login by MS-CHAPv2":     {with(tenant(), func(f *Facts) { f.Method = MethodMSCHAP }), Accepted},
		"visitor":                {visitor(), Accepted},
		"visitor, refused":       {with(visitor(), func(f *Facts) { f.Verified = false }), ProxyRefused},
		"visitor, no zone":       {with(visitor(), func(f *Facts) { f.Zone = nil }), UnknownPlace},
		"visitor, no plan":       {with(visitor(), func(f *Facts) { f.Plan = nil }), NoPlan},
		"visitor, disabled":      {with(visitor(), func(f *Facts) { f.AccessPoint = dead }), PlaceDisabled},
		"visitor, place comes 1": {with(visitor(), func(f *Facts) { f.Verified, f.Zone = false, nil }), UnknownPlace},

		"outlet":              {with(tenant(), func(f *Facts) { f.Method = MethodOutlet }), Accepted},
		"outlet of nobody":    {with(tenant(), func(f *Facts) { f.Method = MethodOutlet; f.Dwelling = nil }), UnknownOutlet},
		"outlet, no slot":     {with(tenant(), func(f *Facts) { f.Method = MethodOutlet; f.OtherDevices = 3 }), DeviceSlots},
		"outlet, no plan":     {with(tenant(), func(f *Facts) { f.Method = MethodOutlet; f.Plan = nil }), NoPlan},
		"outlet, memory only": {with(device(), func(f *Facts) { f.Method = MethodOutlet }), UnknownOutlet},

		"no proof":          {Facts{}, NoProof},
		"method not known":  {with(tenant(), func(f *Facts) { f.Method = methodCount }), NoProof},
		"only a memory":     {with(device(), func(f *Facts) { f.Method = MethodNone }), NoProof},
		"memory, not login": {with(device(), func(f *Facts) { f.Method = MethodPAP }), UnknownLogin},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(c.facts, now)
			if d.Reason != c.want {
				t.Errorf("got %s, want %s", d.Reason, c.want)
			}
			if !d.Reason.Accepted() && d.Grant != (Grant{}) {
				t.Errorf("refused, yet granted %+v", d.Grant)
			}
		})
	}
}

func TestGrant(t *testing.T) {
	if got, want := Decide(tenant(), now).Grant, (Grant{DownKbps: 100000, VLAN: 12, QuotaBytes: 1 << 40, Role: "home", DwellingID: "d1"}); got != want {
		t.Errorf("tenant: got %+v, want %+v", got, want)
	}
	want := Grant{DownKbps: 20000, UpKbps: 5000, SessionTime: time.Hour, IdleTime: 10 * time.Minute, Interim: 5 * time.Minute, ZoneID: "z1"}
	if got := Decide(device(), now).Grant; got != want {
		t.Errorf("device: got %+v, want %+v", got, want)
	}
	want.SessionTime = 4 * time.Hour // the plan's, which is less than the memory's
	if got := Decide(with(tenant(), func(f *Facts) { f.Method = MethodOutlet }), now).Grant; got != Decide(tenant(), now).Grant {
		t.Errorf("outlet: got %+v, not what a login gets", got)
	}
	if got := Decide(ticket(), now).Grant; got != want {
		t.Errorf("ticket: got %+v, want %+v", got, want)
	}
	unlimited := *cityPlan
	unlimited.SessionTime = 0
	f := with(device(), func(f *Facts) { f.Plan = &unlimited; f.Remembered = now.Add(90*time.Second + 700*time.Millisecond) })
	if got := Decide(f, now).Grant.SessionTime; got != 90*time.Second {
		t.Errorf("the session of a device must end with its memory, in whole seconds: got %s", got)
	}
}

func visitor() Facts {
	return Facts{Method: MethodProxy, Verified: true, AccessPoint: mast, Zone: zone, Plan: cityPlan, NASID: "n1"}
}

// A visitor gets the zone's plan, for the shorter of both networks' times.
func TestGrantOfVisitor(t *testing.T) {
	for _, c := range []struct{ home, idle, wantSession, wantIdle time.Duration }{
		{0, 0, 4 * time.Hour, 10 * time.Minute},
		{time.Hour, time.Minute, time.Hour, time.Minute},
		{5 * time.Hour, time.Hour, 4 * time.Hour, 10 * time.Minute},
	} {
		got := Decide(with(visitor(), func(f *Facts) { f.HomeSession, f.HomeIdle = c.home, c.idle }), now).Grant
		want := Grant{DownKbps: 20000, UpKbps: 5000, SessionTime: c.wantSession, IdleTime: c.wantIdle, Interim: 5 * time.Minute, ZoneID: "z1"}
		if got != want {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
	unlimited := with(visitor(), func(f *Facts) { f.Plan, f.HomeSession = &directory.Plan{}, time.Hour })
	if got := Decide(unlimited, now).Grant.SessionTime; got != time.Hour {
		t.Errorf("the plan has no limit: %s", got)
	}
}

func drawFacts(t *rapid.T) Facts {
	optional := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) > 0 }
	macs := rapid.SampledFrom([]directory.MAC{{}, {2, 1}, {2, 2}})
	at := func(name string) time.Time {
		if !optional(name + " set") {
			return time.Time{}
		}
		return now.Add(time.Duration(rapid.Int64Range(-5000, 100_000_000).Draw(t, name)) * time.Millisecond)
	}
	f := Facts{
		Method: Method(rapid.IntRange(0, int(methodCount)).Draw(t, "method")), Verified: rapid.Bool().Draw(t, "verified"),
		MAC: macs.Draw(t, "mac"), OtherDevices: rapid.IntRange(0, 4).Draw(t, "others"),
		NASID: rapid.SampledFrom([]string{"n1", "n2"}).Draw(t, "nas"), Remembered: at("remembered"),
	}
	if optional("access point") {
		f.AccessPoint = &directory.AccessPoint{Enabled: optional("enabled")}
	}
	if optional("zone") {
		f.Zone = zone
	}
	if optional("dwelling") {
		f.Dwelling = dwelling
	}
	if optional("plan") {
		f.Plan = &directory.Plan{
			DownKbps: 7, DeviceSlots: rapid.IntRange(0, 3).Draw(t, "slots"),
			SessionTime: time.Duration(rapid.IntRange(0, 90000).Draw(t, "session")) * time.Second,
		}
	}
	if optional("ticket") {
		f.Ticket = &directory.Ticket{MAC: macs.Draw(t, "ticket mac"), NASID: "n1", Until: at("ticket until")}
	}
	return f
}

// admits is the oracle: the conditions to be let in, written as one sentence
// for each way in, not as an order of refusals.
func admits(f Facts) bool {
	place := (f.AccessPoint == nil || f.AccessPoint.Enabled) && f.Plan != nil
	slot := f.Plan != nil && (f.Plan.DeviceSlots == 0 || f.OtherDevices < f.Plan.DeviceSlots)
	login := (f.Method == MethodPAP || f.Method == MethodCHAP || f.Method == MethodMSCHAP || f.Method == MethodOutlet) && f.Dwelling != nil && f.Verified && place && slot
	known := f.Method == MethodMAC && f.MAC != directory.MAC{} && f.Zone != nil && place && f.Remembered.UnixMilli() >= now.UnixMilli()+1000
	redeemed := f.Method == MethodTicket && f.Ticket != nil && f.Verified && f.MAC != directory.MAC{} && f.Ticket.MAC == f.MAC &&
		f.Ticket.NASID == f.NASID && f.Zone != nil && place && f.Ticket.Until.UnixMilli() >= now.UnixMilli()+1000
	visiting := f.Method == MethodProxy && f.Verified && f.Zone != nil && place
	return login || known || redeemed || visiting
}

func TestDecideAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		d := Decide(f, now)
		if d.Reason.Accepted() != admits(f) {
			t.Fatalf("%s for %+v", d.Reason, f)
		}
		if again := Decide(f, now); again != d {
			t.Fatalf("%+v, then %+v", d, again)
		}
		if !d.Reason.Accepted() {
			if d.Grant != (Grant{}) {
				t.Fatalf("refused with %s, yet granted %+v", d.Reason, d.Grant)
			}
			return
		}
		g := d.Grant
		if (g.ZoneID == "") == (g.DwellingID == "") {
			t.Fatalf("the session is counted for zone %q and dwelling %q", g.ZoneID, g.DwellingID)
		}
		if g.SessionTime%time.Second != 0 || f.Plan.SessionTime > 0 && (g.SessionTime == 0 || g.SessionTime > f.Plan.SessionTime) {
			t.Fatalf("session time %s, plan %s", g.SessionTime, f.Plan.SessionTime)
		}
		until := f.Remembered
		switch f.Method {
		case MethodPAP, MethodCHAP, MethodMSCHAP, MethodOutlet, MethodProxy:
			return
		case MethodTicket:
			until = f.Ticket.Until
		}
		if g.SessionTime == 0 || now.Add(g.SessionTime).After(until) {
			t.Fatalf("session time %s, memory until %s", g.SessionTime, until)
		}
	})
}

// What a way in has nothing to do with changes nothing: a tenant's sign-in does
// not depend on memories and tickets, a device's memory not on dwellings.
func TestDecideDependsOnNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, other := drawFacts(t), drawFacts(t)
		g := f
		switch f.Method {
		case MethodPAP, MethodCHAP, MethodMSCHAP, MethodOutlet:
			g.MAC, g.Zone, g.Remembered, g.Ticket, g.NASID = other.MAC, other.Zone, other.Remembered, other.Ticket, other.NASID
		case MethodMAC:
			g.Verified, g.Dwelling, g.OtherDevices, g.Ticket, g.NASID = other.Verified, other.Dwelling, other.OtherDevices, other.Ticket, other.NASID
		case MethodTicket:
			g.Dwelling, g.OtherDevices, g.Remembered = other.Dwelling, other.OtherDevices, other.Remembered
		case MethodProxy:
			g.MAC, g.Dwelling, g.OtherDevices, g.Remembered, g.Ticket, g.NASID = other.MAC, other.Dwelling, other.OtherDevices, other.Remembered, other.Ticket, other.NASID
		default:
			g = other
			g.Method = f.Method
		}
		if a, b := Decide(f, now), Decide(g, now); a != b {
			t.Fatalf("%+v and %+v for %+v and %+v", a, b, f, g)
		}
		shift := time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "shift")) * time.Millisecond
		h := f
		if !h.Remembered.IsZero() {
			h.Remembered = h.Remembered.Add(shift)
		}
		if h.Ticket != nil {
			k := *h.Ticket
			k.Until = k.Until.Add(shift)
			h.Ticket = &k
		}
		if a, b := Decide(f, now), Decide(h, now.Add(shift)); a != b && !f.Remembered.IsZero() && (f.Ticket == nil || !f.Ticket.Until.IsZero()) {
			t.Fatalf("the same hour later: %+v, then %+v", a, b)
		}
	})
}
