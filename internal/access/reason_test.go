package access

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

func TestReasons(t *testing.T) {
	form, seen := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`), map[string]bool{}
	if len(Reasons()) != int(reasonCount) {
		t.Fatal("Reasons is not whole")
	}
	for _, r := range Reasons() {
		key := r.Key()
		if !form.MatchString(key) || seen[key] || r.String() != key {
			t.Errorf("reason %d has the key %q", r, key)
		}
		seen[key] = true
		if got, ok := ParseReason(key); !ok || got != r {
			t.Errorf("ParseReason(%q) = %v, %v", key, got, ok)
		}
		if r.Accepted() != (r == Accepted) || r.Accepted() != (r.Reply() == "") {
			t.Errorf("%s: accepted %v, reply %q", key, r.Accepted(), r.Reply())
		}
		// RFC 2865 §5.18: a Reply-Message is text of at most 253 octets.
		if len(r.Reply()) > 253 || !utf8.ValidString(r.Reply()) {
			t.Errorf("%s: reply %q", key, r.Reply())
		}
	}
	if _, ok := ParseReason("debt"); ok {
		t.Error("there is no such reason")
	}
}

// A guesser must not learn which half of a login and password, or of a ticket, was right.
func TestReplyTellsNothingApart(t *testing.T) {
	for _, r := range []Reason{WrongPassword, TicketUnknown, TicketElsewhere, UnknownPlace, PlaceDisabled, NoPlan} {
		if r.Reply() != UnknownLogin.Reply() {
			t.Errorf("%s answers %q, %s answers %q", r, r.Reply(), UnknownLogin, UnknownLogin.Reply())
		}
	}
}

func TestMethods(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Methods() {
		if m.String() == "" || seen[m.String()] {
			t.Errorf("method %d has the label %q", m, m)
		}
		seen[m.String()] = true
	}
}
