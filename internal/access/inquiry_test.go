package access

import (
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"

	"pgregory.net/rapid"
)

// commune is a zone with two access points, one of them switched off, a zone
// that asks for cards, and a residence.
func commune() *directory.Snapshot {
	s, err := directory.NewSnapshot(directory.Catalog{
		Plans: []directory.Plan{{ID: "p1", Name: "Ville"}, {ID: "p2", Name: "Logement", DeviceSlots: 3}},
		Zones: []directory.Zone{
			{ID: "z1", Name: "Place", PlanID: "p1", Terms: "t1", Entry: directory.EntryTap},
			{ID: "z2", Name: "Médiathèque", PlanID: "p1", Terms: "t2", Entry: directory.EntryCard},
		},
		NASes: []directory.NAS{
			{ID: "n1", Name: "Passerelle", TLSName: "a", Identifier: "a", ZoneID: "z1"},
			{ID: "n2", Name: "Sans zone", TLSName: "b", Identifier: "b"},
		},
		AccessPoints: []directory.AccessPoint{
			{ID: "a0", Name: "Fontaine", ZoneID: "z2", Enabled: true},
			{ID: "a1", Name: "Fontaine", ZoneID: "z1", NASID: "n1", Enabled: true},
			{ID: "a2", Name: "Halle", ZoneID: "z1", NASID: "n1"},
			{ID: "a3", Name: "Escalier", ResidenceID: "r1", Enabled: true},
			{ID: "a4", Name: "Escalier", ZoneID: "z2", Enabled: true},
		},
		Residences: []directory.Residence{{ID: "r1", Name: "Les Tilleuls", PlanID: "p2"}},
		Dwellings: []directory.Dwelling{
			{ID: "d1", ResidenceID: "r1", Login: "logement-1", Password: directory.NewSecret("un-mot-de-passe")},
			{ID: "d2", ResidenceID: "r1", Login: "logement-2"},
		},
	})
	if err != nil {
		panic(err)
	}
	return s
}

func known(others int, remembered map[string]time.Time) Known {
	return Known{OtherDevices: others, Remembered: func(_ directory.MAC, terms string) time.Time { return remembered[terms] }}
}

func TestAnswer(t *testing.T) {
	s := commune()
	inZone := map[string]time.Time{"t1": now.Add(time.Hour)}
	refused := func(ago time.Duration, reason Reason, method Method, login, ap, zoneID, residenceID string) directory.Refusal {
		return directory.Refusal{
			At: now.Add(-ago), Reason: reason.Key(), Method: method.String(), MAC: mac, Login: login, NAS: "Passerelle",
			AccessPoint: ap, ZoneID: zoneID, ResidenceID: residenceID,
		}
	}
	session := func(ago time.Duration, ap, zoneID, dwellingID string) []accounting.Session {
		return []accounting.Session{{Key: "k", MAC: mac, AccessPointID: ap, ZoneID: zoneID, DwellingID: dwellingID, UpdatedAt: now.Add(-ago)}}
	}
	for name, c := range map[string]struct {
		q        Question
		refusals []directory.Refusal
		sessions []accounting.Session
		known    Known

		reason    Reason
		advice    Advice
		place     Trail
		login     Trail
		point     string
		nas       string
		zones     int
		attempts  int
		residence bool
	}{
		"where it was asked":        {q: Question{MAC: mac, Zone: s.Zone("z1")}, known: known(0, inZone), place: TrailAsked},
		"at an access point":        {q: Question{MAC: mac, AccessPoint: s.AccessPoint("a1")}, known: known(0, inZone), place: TrailAsked, point: "a1", nas: "n1"},
		"not remembered":            {q: Question{MAC: mac, Zone: s.Zone("z1")}, known: known(0, nil), reason: UnknownDevice, advice: AdviceTap, place: TrailAsked},
		"not remembered, card":      {q: Question{MAC: mac, Zone: s.Zone("z2")}, known: known(0, inZone), reason: UnknownDevice, advice: AdviceCard, place: TrailAsked},
		"switched off":              {q: Question{MAC: mac, AccessPoint: s.AccessPoint("a2")}, known: known(0, inZone), reason: PlaceDisabled, advice: AdviceSwitchOn, place: TrailAsked, point: "a2", nas: "n1"},
		"device in a residence":     {q: Question{MAC: mac, AccessPoint: s.AccessPoint("a3")}, known: known(0, inZone), reason: UnknownPlace, advice: AdviceSignIn, place: TrailAsked, point: "a3", residence: true},
		"nowhere":                   {q: Question{MAC: mac}, known: known(0, inZone), zones: 2},
		"where it is connected":     {q: Question{MAC: mac}, sessions: session(0, "a1", "z1", ""), known: known(0, inZone), place: TrailSession, point: "a1", nas: "n1"},
		"connected, point not told": {q: Question{MAC: mac}, sessions: session(0, "", "z1", ""), known: known(0, inZone), place: TrailSession},
		"where it was refused": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, UnknownDevice, MethodMAC, mac.String(), "Fontaine", "z1", "")},
			known: known(0, nil), reason: UnknownDevice, advice: AdviceTap, place: TrailAttempt, point: "a1", nas: "n1", attempts: 1,
		},
		"of two points with a name": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, UnknownDevice, MethodMAC, mac.String(), "Escalier", "z2", "")},
			known: known(0, nil), reason: UnknownDevice, advice: AdviceCard, place: TrailAttempt, point: "a4", nas: "n1", attempts: 1,
		},
		"refused, point not known": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, UnknownDevice, MethodMAC, mac.String(), "", "z1", "")},
			known: known(0, inZone), place: TrailAttempt, nas: "n1", attempts: 1,
		},
		"refused, place not known": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{{At: now, MAC: mac, Method: "mac", Reason: UnknownPlace.Key(), NAS: "Sans zone"}},
			known: known(0, inZone), reason: UnknownPlace, advice: AdvicePlace, place: TrailAttempt, nas: "n2", attempts: 1,
		},
		"the NAS has a zone by now": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, UnknownPlace, MethodMAC, mac.String(), "", "", "")},
			known: known(0, inZone), place: TrailAttempt, nas: "n1", attempts: 1,
		},
		"refused after it was connected": {
			q: Question{MAC: mac}, sessions: session(time.Hour, "a1", "z1", ""),
			refusals: []directory.Refusal{refused(time.Minute, UnknownDevice, MethodMAC, mac.String(), "Halle", "z1", "")},
			known:    known(0, inZone), reason: PlaceDisabled, advice: AdviceSwitchOn, place: TrailAttempt, point: "a2", nas: "n1", attempts: 1,
		},
		"connected after it was refused": {
			q: Question{MAC: mac}, sessions: session(time.Minute, "a1", "z1", ""),
			refusals: []directory.Refusal{refused(time.Hour, UnknownDevice, MethodMAC, mac.String(), "Halle", "z1", "")},
			known:    known(0, inZone), place: TrailSession, point: "a1", nas: "n1", attempts: 1,
		},
		"login":               {q: Question{Login: " Logement-1 "}, known: known(2, nil), place: TrailDwelling, login: TrailAsked, residence: true},
		"login, no slot":      {q: Question{Login: "logement-1"}, known: known(3, nil), reason: DeviceSlots, advice: AdviceSlots, place: TrailDwelling, login: TrailAsked, residence: true},
		"login in the city":   {q: Question{Login: "logement-1", Zone: s.Zone("z1")}, known: known(0, nil), place: TrailAsked, login: TrailAsked},
		"login not known":     {q: Question{Login: "nobody"}, known: known(0, nil), reason: UnknownLogin, advice: AdviceCheckLogin, login: TrailAsked},
		"login of a partner":  {q: Question{Login: "someone@partner.example"}, known: known(0, nil), reason: UnknownLogin, advice: AdvicePartner, login: TrailAsked},
		"login, no password":  {q: Question{Login: "logement-2"}, known: known(0, nil), reason: WrongPassword, advice: AdviceNoPassword, place: TrailDwelling, login: TrailAsked, residence: true},
		"a login of no shape": {q: Question{Login: "a b"}, known: known(0, nil), reason: UnknownLogin, advice: AdviceCheckLogin, login: TrailAsked},
		"password wrong last": {
			q: Question{Login: "logement-1"}, refusals: []directory.Refusal{refused(time.Minute, WrongPassword, MethodCHAP, "LOGEMENT-1", "Escalier", "", "r1")},
			known: known(0, nil), advice: AdvicePassword, place: TrailAttempt, login: TrailAsked, point: "a3", nas: "n1", attempts: 1, residence: true,
		},
		"device that tried a login": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, DeviceSlots, MethodMSCHAP, "Logement-1", "Escalier", "", "r1")},
			known: known(3, nil), reason: DeviceSlots, advice: AdviceSlots, place: TrailAttempt, login: TrailAttempt, point: "a3", nas: "n1", attempts: 1, residence: true,
		},
		"device that tried a login that is not there": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, UnknownLogin, MethodPAP, "logement 1", "Escalier", "", "r1")},
			known: known(0, nil), reason: UnknownLogin, advice: AdviceCheckLogin, place: TrailAttempt, login: TrailAttempt, point: "a3", nas: "n1", attempts: 1, residence: true,
		},
		"a ticket is no login": {
			q: Question{MAC: mac}, refusals: []directory.Refusal{refused(time.Minute, TicketUnknown, MethodTicket, directory.NewTicketCode(), "Fontaine", "z1", "")},
			known: known(0, inZone), place: TrailAttempt, point: "a1", nas: "n1", attempts: 1,
		},
		"device connected at home": {
			q: Question{MAC: mac}, sessions: session(0, "a3", "", "d1"), known: known(0, nil),
			place: TrailSession, login: TrailSession, point: "a3", residence: true,
		},
		"attempts of others": {
			q: Question{MAC: directory.MAC{2, 7}, Zone: s.Zone("z1")}, refusals: []directory.Refusal{refused(time.Minute, DeviceSlots, MethodPAP, "logement-1", "Escalier", "", "r1")},
			known: known(0, inZone), place: TrailAsked,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := OpenCase(s, c.q, c.refusals, c.sessions).Answer(s, c.known, now)
			if a.PlaceFrom != c.place || a.LoginFrom != c.login || a.ByLogin != (c.login != "") || len(a.Attempts) != c.attempts || len(a.Zones) != c.zones {
				t.Errorf("place %q, login %q, %d attempts, %d zones", a.PlaceFrom, a.LoginFrom, len(a.Attempts), len(a.Zones))
			}
			point, nas := "", ""
			if a.AccessPoint != nil {
				point = a.AccessPoint.ID
			}
			if a.NAS != nil {
				nas = a.NAS.ID
			}
			if point != c.point || nas != c.nas || (a.Residence != nil) != c.residence {
				t.Errorf("access point %q, NAS %q, residence %v", point, nas, a.Residence)
			}
			if a.Reason != c.reason || a.Advice != c.advice {
				t.Errorf("got %s, %s; want %s, %s", a.Reason, a.Advice, c.reason, c.advice)
			}
		})
	}
}

func TestAnswerInEachZone(t *testing.T) {
	s := commune()
	a := OpenCase(s, Question{MAC: mac}, nil, nil).Answer(s, known(0, map[string]time.Time{"t1": now.Add(time.Hour)}), now)
	if len(a.Zones) != 2 || a.Zones[0].Reason != Accepted || a.Zones[1].Reason != UnknownDevice || a.Zones[1].Advice != AdviceCard {
		t.Errorf("%+v", a.Zones)
	}
}

func TestAnswerShowsTheNewestAttempts(t *testing.T) {
	var refusals []directory.Refusal
	for i := range 3 * maxAttempts {
		refusals = append(refusals, directory.Refusal{At: now.Add(-time.Duration(i) * time.Second), MAC: mac, Method: "mac"})
	}
	c := OpenCase(commune(), Question{MAC: mac}, refusals, nil)
	if len(c.Attempts) != maxAttempts || !c.Attempts[0].At.Equal(now) {
		t.Errorf("%d attempts, the first at %s", len(c.Attempts), c.Attempts[0].At)
	}
}

// Whatever was asked, and whatever is known: an answer is what Decide says of
// its facts, and shows nobody else's attempts.
func TestAnswerNeverDisagreesWithDecide(t *testing.T) {
	s := commune()
	macs := rapid.SampledFrom([]directory.MAC{{}, mac, {2, 9}})
	logins := rapid.SampledFrom([]string{"", "logement-1", "LOGEMENT-1", "logement-2", "nobody", "a b", mac.String()})
	at := func(t *rapid.T, name string) time.Time {
		return now.Add(time.Duration(rapid.Int64Range(-5000, 5000).Draw(t, name)) * time.Second)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := Question{
			MAC: macs.Draw(t, "mac"), Login: logins.Draw(t, "login"),
			AccessPoint: s.AccessPoint(rapid.SampledFrom([]string{"", "a1", "a2", "a3"}).Draw(t, "point")),
			Zone:        s.Zone(rapid.SampledFrom([]string{"", "z1", "z2"}).Draw(t, "zone")),
		}
		var refusals []directory.Refusal
		for range rapid.IntRange(0, 30).Draw(t, "refusals") {
			refusals = append(refusals, directory.Refusal{
				At: at(t, "refused"), MAC: macs.Draw(t, "refused mac"), Login: logins.Draw(t, "refused login"),
				Reason: rapid.SampledFrom(Reasons()).Draw(t, "reason").Key(), Method: rapid.SampledFrom(Methods()).Draw(t, "method").String(),
				NAS: rapid.SampledFrom([]string{"", "Passerelle", "gone"}).Draw(t, "nas"), AccessPoint: rapid.SampledFrom([]string{"", "Fontaine", "gone"}).Draw(t, "name"),
				ZoneID: rapid.SampledFrom([]string{"", "z1", "gone"}).Draw(t, "refused zone"),
			})
		}
		var sessions []accounting.Session
		if !q.MAC.IsZero() && rapid.Bool().Draw(t, "on") {
			sessions = []accounting.Session{{
				Key: "k", MAC: q.MAC, UpdatedAt: at(t, "heard"), AccessPointID: rapid.SampledFrom([]string{"", "a1", "gone"}).Draw(t, "on point"),
				ZoneID: "z1", DwellingID: rapid.SampledFrom([]string{"", "d1", "gone"}).Draw(t, "on dwelling"),
			}}
		}
		k := known(rapid.IntRange(0, 4).Draw(t, "others"), map[string]time.Time{"t1": at(t, "remembered")})
		a := OpenCase(s, q, refusals, sessions).Answer(s, k, now)
		if len(a.Zones) == 0 {
			if d := Decide(a.Facts, now); a.Decision != d {
				t.Fatalf("the answer is %+v, Decide says %+v", a.Decision, d)
			}
			if a.Mistyped && (!a.Reason.Accepted() || a.Attempts[0].Reason != WrongPassword.Key()) {
				t.Fatalf("mistyped, yet %s after %+v", a.Reason, a.Attempts)
			}
		}
		if len(a.Attempts) > maxAttempts {
			t.Fatalf("%d attempts", len(a.Attempts))
		}
		for _, r := range a.Attempts {
			login, _ := directory.ParseLogin(r.Login)
			own, _ := directory.ParseLogin(q.Login)
			if !q.MAC.IsZero() && r.MAC != q.MAC || q.MAC.IsZero() && r.Login != q.Login && login != own {
				t.Fatalf("%+v is shown for %+v", r, q)
			}
		}
	})
}
