package directory

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseLogin(t *testing.T) {
	for in, want := range map[string]string{
		"logement-0001": "logement-0001", " Logement-0001\n": "logement-0001", "A.B_c@D": "a.b_c@d",
		"\u00a0x\u3000": "x", strings.Repeat("a", 64): strings.Repeat("a", 64),
	} {
		if got, err := ParseLogin(in); err != nil || got != want {
			t.Errorf("ParseLogin(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "  ", "a b", "é", "a/b", "a\x00", "\xff", strings.Repeat("a", 65)} {
		if got, err := ParseLogin(in); err == nil || got != "" {
			t.Errorf("ParseLogin(%q) = %q, %v; want an error", in, got, err)
		}
	}
}

func TestParseSSID(t *testing.T) {
	for _, in := range []string{"a", "Parvis: libre", "Café 🌳", strings.Repeat("é", 16), " "} {
		if got, err := ParseSSID(in); err != nil || got != in {
			t.Errorf("ParseSSID(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", strings.Repeat("a", 33), strings.Repeat("é", 17), "a\nb", "a\x00", "caf\xe9", "\u0085"} {
		if got, err := ParseSSID(in); err == nil {
			t.Errorf("ParseSSID(%q) = %q; want an error", in, got)
		}
	}
}

func TestParseName(t *testing.T) {
	if got, err := ParseName("name", "  Place de la Liberté "); err != nil || got != "Place de la Liberté" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := ParseName("name", strings.Repeat("é", 120)); err != nil {
		t.Errorf("120 characters: %v", err)
	}
	for _, in := range []string{"", " \t", strings.Repeat("é", 121), "a\x1bb", "\xff"} {
		if got, err := ParseName("name", in); err == nil || !strings.Contains(err.Error(), "name") {
			t.Errorf("ParseName(%q) = %q, %v; want an error that says what", in, got, err)
		}
	}
}

func FuzzParseLogin(f *testing.F) {
	f.Add(" Logement-0001 ")
	f.Add("İ")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseLogin(s)
		if err != nil {
			return
		}
		if again, err := ParseLogin(got); err != nil || again != got {
			t.Errorf("%q is not stable: %q, %v", got, again, err)
		}
		if len(got) == 0 || len(got) > 64 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789.-_@") != "" {
			t.Errorf("ParseLogin(%q) = %q", s, got)
		}
	})
}

func FuzzParseSSID(f *testing.F) {
	f.Add("Parvis")
	f.Add("caf\xe9")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseSSID(s)
		if err == nil && (got != s || s == "" || len(s) > 32 || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\r\x7f")) {
			t.Errorf("ParseSSID(%q) = %q", s, got)
		}
	})
}
