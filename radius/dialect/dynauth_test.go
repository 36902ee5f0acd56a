package dialect

import (
	"reflect"
	"slices"
	"testing"
)

func TestDynAuth(t *testing.T) {
	const (
		signature = MessageAuthenticator
		user      = UserName
		station   = CallingStationID
		session   = AcctSessionID
		stamp     = EventTimestamp
	)
	for name, want := range map[string]DynamicAuth{
		"generic":  {Port: 3799, Attributes: []Identify{signature, user, station, session}},
		"coova":    {Port: 3799, CanChange: true, Attributes: []Identify{signature, user, session}},
		"uspot":    {Port: 3799, Attributes: []Identify{session}}, // src/radius-das.c: NAK to a Message-Authenticator
		"hostapd":  {Port: 3799, Attributes: []Identify{signature, station, session, stamp}},
		"mikrotik": {Port: 3799, CanChange: true, Attributes: []Identify{signature, user, FramedIP, session}},
		"cisco":    {Port: 3799, CanChange: true, Attributes: []Identify{signature, station, session}},
		"catalyst": {Port: 1700, CanChange: true, Attributes: []Identify{signature, station, session}},
		"aruba":    {Port: 3799, Attributes: []Identify{signature, user, station, session, stamp}},
		"ruckus":   {Port: 3799, Attributes: []Identify{signature, user, station}}, // PacketFence #1971
		"unifi":    {Port: 3799, Attributes: []Identify{signature, station, session, stamp}},
		"omada":    {Port: 3799, Attributes: []Identify{signature, user, station, session}},
		"meraki":   {Port: 1700, Attributes: []Identify{signature, station, session}},
		"cambium":  {Port: 3799, Attributes: []Identify{signature, user, station, session, stamp}},
	} {
		got := DynAuth(name)
		if got.Notes == "" {
			t.Errorf("%s: no word for people", name)
		}
		got.Notes = ""
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
		if _, ok := For(name); !ok {
			t.Errorf("%s: not a dialect", name)
		}
	}
	if got := DynAuth("not there"); !reflect.DeepEqual(got, DynAuth("generic")) {
		t.Errorf("a dialect that is not there: %+v", got)
	}
}

func TestDynAuthOfEveryFamily(t *testing.T) {
	for _, name := range Names() {
		d := DynAuth(name)
		if sorted := slices.Sorted(slices.Values(d.Attributes)); len(slices.Compact(sorted)) != len(d.Attributes) {
			t.Errorf("%s: an attribute twice: %v", name, d.Attributes)
		}
		if d.Has(MessageAuthenticator) && d.Attributes[0] != MessageAuthenticator {
			t.Errorf("%s: the Message-Authenticator is not first", name)
		}
		if !d.Has(CallingStationID) && !d.Has(AcctSessionID) {
			t.Errorf("%s: nothing names one session: %v", name, d.Attributes)
		}
	}
	// hostapd answers 401 to anything else (radius_das.c).
	for _, a := range DynAuth("hostapd").Attributes {
		if !slices.Contains([]byte{1, 4, 31, 32, 44, 50, 55, 80, 89, 95}, a.Type()) {
			t.Errorf("hostapd refuses %s", a)
		}
	}
}

func TestIdentify(t *testing.T) {
	for i, want := range map[Identify]struct {
		name string
		kind byte
	}{
		MessageAuthenticator: {"Message-Authenticator", 80},
		UserName:             {"User-Name", 1},
		NASIPAddress:         {"NAS-IP-Address", 4},
		NASIdentifier:        {"NAS-Identifier", 32},
		FramedIP:             {"Framed-IP-Address", 8},
		CallingStationID:     {"Calling-Station-Id", 31},
		AcctSessionID:        {"Acct-Session-Id", 44},
		AcctMultiSessionID:   {"Acct-Multi-Session-Id", 50},
		EventTimestamp:       {"Event-Timestamp", 55},
		identifyCount:        {"unknown", 0},
	} {
		if i.String() != want.name || i.Type() != want.kind {
			t.Errorf("%d: %s %d, want %s %d", i, i, i.Type(), want.name, want.kind)
		}
	}
}
