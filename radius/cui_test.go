package radius

import (
	"strings"
	"testing"

	wire "layeh.com/radius"
)

func TestChargeableUserIdentity(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	remember(w)
	id := byte(0)
	cui := func(a ask) string {
		t.Helper()
		id++
		a.code, a.id = codeAccessRequest, id
		got := w.ask(t, a)
		if got.Get(typeClass) == nil {
			t.Fatalf("refused: %+v", w.refused)
		}
		return string(got.Get(typeChargeableUserIdentity))
	}
	asked := attr{typeChargeableUserIdentity, "\x00"}
	home := func(more ...attr) ask {
		return ask{attrs: append(at(homeAP, user(homeLogin)), more...), password: ptr(homePassword)}
	}
	ours := cui(home(asked))
	if len(ours) != 24 || strings.Contains(ours, "d-1") {
		t.Errorf("CUI %q", ours)
	}
	if got := cui(home()); got != "" {
		t.Errorf("nobody asked, yet there is %q", got)
	}
	if got := cui(home(asked)); got != ours {
		t.Errorf("the second time it is %q, not %q", got, ours)
	}
	// The dwelling is the user, whichever device it connects.
	other := home(asked)
	other.attrs[1] = attr{typeCallingStationID, "02-00-00-00-00-08"}
	if got := cui(other); got != ours {
		t.Errorf("another device of the dwelling has %q, not %q", got, ours)
	}
	theirs := cui(home(asked, attr{typeOperatorName, "1partner.example"}))
	if theirs == ours || theirs == cui(home(asked, attr{typeOperatorName, "1other.example"})) || theirs != cui(home(asked, attr{typeOperatorName, "1partner.example"})) {
		t.Errorf("%q for us, %q for another operator", ours, theirs)
	}
	city := ask{attrs: at(bssid, user(device.String()), asked), password: ptr(device.String())}
	if got := cui(city); len(got) != 24 || got == ours {
		t.Errorf("in the city: %q", got)
	}
}

func TestOperatorName(t *testing.T) {
	for v, want := range map[string]string{"1partner.example": "1partner.example", "0T": "0T", "4a\x00": "4a%00", "1": "", "": "", "xname": ""} {
		space, name, ok := operatorName(wire.Attributes{{Type: typeOperatorName, Attribute: []byte(v)}})
		got := ""
		if ok {
			got = string(space) + name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
}
