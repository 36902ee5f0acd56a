package access

import (
	"testing"
	"time"

	"parvis/internal/directory"

	"pgregory.net/rapid"
)

var (
	cardZone   = &directory.Zone{ID: "z2", Entry: directory.EntryCard, Remember: 24 * time.Hour}
	residence  = &directory.Residence{ID: "r1", PlanID: "p2"}
	secretHome = &directory.Dwelling{ID: "d1", ResidenceID: "r1", Login: "logement-1", Password: directory.NewSecret("un-mot-de-passe")}
)

// Each reason that Decide gives has facts here, and each its way out.
func TestExplainEachReason(t *testing.T) {
	seen := map[Reason]bool{}
	for name, c := range map[string]struct {
		facts  Facts
		reason Reason
		advice Advice
		until  time.Time
	}{
		"device":             {device(), Accepted, AdviceConnect, now.Add(time.Hour)},
		"login":              {tenant(), Accepted, AdviceConnect, time.Time{}},
		"ticket":             {ticket(), Accepted, AdviceConnect, now.Add(24 * time.Hour)},
		"not accepted yet":   {with(device(), func(f *Facts) { f.Remembered = time.Time{} }), UnknownDevice, AdviceTap, time.Time{}},
		"card not shown yet": {with(device(), func(f *Facts) { f.Remembered, f.Zone = time.Time{}, cardZone }), UnknownDevice, AdviceCard, time.Time{}},
		"memory over":        {with(device(), func(f *Facts) { f.Remembered = now }), MemoryExpired, AdviceTap, time.Time{}},
		"memory over, card":  {with(device(), func(f *Facts) { f.Remembered, f.Zone = now, cardZone }), MemoryExpired, AdviceCard, time.Time{}},
		"no such login":      {with(tenant(), func(f *Facts) { f.Dwelling = nil }), UnknownLogin, AdviceCheckLogin, time.Time{}},
		"password": {
			with(tenant(), func(f *Facts) { f.Verified, f.Dwelling = false, secretHome }), WrongPassword, AdvicePassword, time.Time{},
		},
		"no password set":   {with(tenant(), func(f *Facts) { f.Verified = false }), WrongPassword, AdviceNoPassword, time.Time{}},
		"ticket's password": {with(ticket(), func(f *Facts) { f.Verified = false }), WrongPassword, AdviceStartAgain, time.Time{}},
		"no ticket":         {with(ticket(), func(f *Facts) { f.Ticket = nil }), TicketUnknown, AdviceStartAgain, time.Time{}},
		"ticket elsewhere":  {with(ticket(), func(f *Facts) { f.NASID = "n2" }), TicketElsewhere, AdviceStartAgain, time.Time{}},
		"no place":          {with(device(), func(f *Facts) { f.Zone = nil }), UnknownPlace, AdvicePlace, time.Time{}},
		"in a residence":    {with(device(), func(f *Facts) { f.Zone, f.Residence = nil, residence }), UnknownPlace, AdviceSignIn, time.Time{}},
		"switched off":      {with(device(), func(f *Facts) { f.AccessPoint = dead }), PlaceDisabled, AdviceSwitchOn, time.Time{}},
		"no plan":           {with(tenant(), func(f *Facts) { f.Plan = nil }), NoPlan, AdvicePlan, time.Time{}},
		"no slot":           {with(tenant(), func(f *Facts) { f.OtherDevices = 3 }), DeviceSlots, AdviceSlots, time.Time{}},
		"nothing":           {Facts{}, NoProof, AdviceEquipment, time.Time{}},
		"no such outlet":    {Facts{Method: MethodOutlet, Verified: true}, UnknownOutlet, AdviceOutlet, time.Time{}},
		"refused at home":   {Facts{Method: MethodProxy, Zone: zone, Plan: cityPlan}, ProxyRefused, AdviceHome, time.Time{}},
	} {
		e := Explain(c.facts, now)
		if e.Reason != c.reason || e.Advice != c.advice || !e.Until.Equal(c.until) {
			t.Errorf("%s: got %s, %s, until %s; want %s, %s, until %s", name, e.Reason, e.Advice, e.Until, c.reason, c.advice, c.until)
		}
		seen[c.reason] = true
	}
	for _, r := range Reasons() {
		// These are given before Decide is asked.
		if !seen[r] && r != UnsupportedMethod && r != Unavailable && r != ProxyUnreachable && r != ProxyLoop {
			t.Errorf("no case for %s", r)
		}
	}
	if got := advise(Facts{}, Unavailable); got != AdviceWait {
		t.Errorf("unavailable: %s", got)
	}
	if got := advise(Facts{}, UnsupportedMethod); got != AdviceEquipment {
		t.Errorf("unsupported method: %s", got)
	}
}

func TestExplainNeverDisagreesWithDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		e := Explain(f, now)
		if d := Decide(f, now); e.Decision != d {
			t.Fatalf("Explain says %+v, Decide %+v", e.Decision, d)
		}
		if (e.Advice == AdviceConnect) != e.Reason.Accepted() {
			t.Fatalf("%s with the advice %s", e.Reason, e.Advice)
		}
		if !e.Until.IsZero() && (!e.Reason.Accepted() || !e.Until.After(now)) {
			t.Fatalf("%s until %s", e.Reason, e.Until)
		}
	})
}

func TestAdvices(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Advices() {
		if a.Key() == "" || seen[a.Key()] || a.String() != a.Key() {
			t.Errorf("advice %d has the key %q", a, a.Key())
		}
		seen[a.Key()] = true
	}
	if len(seen) != int(adviceCount) {
		t.Error("Advices is not whole")
	}
}
