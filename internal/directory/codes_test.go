package directory

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCents(t *testing.T) {
	for c, want := range map[Cents]string{
		0: "0.00", 1: "0.01", -1: "-0.01", 99: "0.99", 100: "1.00", -1205: "-12.05",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		if got := c.String(); got != want {
			t.Errorf("Cents(%d) = %s, want %s", int64(c), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Cents(rapid.Int64().Draw(t, "cents"))
		if got := big.NewRat(int64(c), 100).FloatString(2); got != c.String() {
			t.Fatalf("Cents(%d) = %s, want %s", int64(c), c, got)
		}
	})
}

func TestCardCodeRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := NewCardCode()
		if seen[code] || len(code) != 16 {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
		for _, typed := range []string{code, GroupCardCode(code), strings.ReplaceAll(GroupCardCode(code), " ", "-"), " " + code + " "} {
			if got, err := ParseCardCode(typed); err != nil || got != code {
				t.Fatalf("ParseCardCode(%q) = %q, %v", typed, got, err)
			}
		}
	}
}

func TestParseCardCode(t *testing.T) {
	const code = "1000000000000008"
	for _, typed := range []string{
		"1000 0000 0000 0008", "lOOo 0000 0000 0008", "I000-0000-0000-0008", "١٠٠٠ ٠٠٠٠ ٠٠٠٠ ٠٠٠٨", "۱۰۰۰۰۰۰۰۰۰۰۰۰۰۰۸",
		"1000\u00a00000\u202f0000.0008",
	} {
		if got, err := ParseCardCode(typed); err != nil || got != code {
			t.Errorf("ParseCardCode(%q) = %q, %v; want %q", typed, got, err, code)
		}
	}
	for _, typed := range []string{"", "1000 0000 0000 000", "1000 0000 0000 0009", "1000 0000 0000 00089", "100000000000000a", strings.Repeat(" ", 201)} {
		if got, err := ParseCardCode(typed); err == nil || got != "" {
			t.Errorf("ParseCardCode(%q) = %q, %v; want an error", typed, got, err)
		}
	}
}

func TestLuhnCatchesEveryWrongDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(rapid.StringMatching(`[0-9]{15}`).Draw(t, "digits"))
		code := append(b, luhn(string(b)))
		if _, err := ParseCardCode(string(code)); err != nil {
			t.Fatal(err)
		}
		for i := range code {
			right := code[i]
			for d := byte('0'); d <= '9'; d++ {
				if code[i] = d; d != right {
					if _, err := ParseCardCode(string(code)); err == nil {
						t.Fatalf("%s passes with digit %d wrong", code, i)
					}
				}
			}
			code[i] = right
		}
	})
}

func TestTicketCode(t *testing.T) {
	code := NewTicketCode()
	if !IsTicketCode(code) || code == NewTicketCode() {
		t.Errorf("code %q", code)
	}
	for _, s := range []string{"", "ticket-", "ticket-short", code + "a", strings.ToUpper(code), "tocket-" + code[7:], code[:32] + "1", code[:32] + "é"} {
		if IsTicketCode(s) {
			t.Errorf("IsTicketCode(%q)", s)
		}
	}
}

func TestKeyHashes(t *testing.T) {
	k, other := Key{1}, Key{2}
	if first, again := k.Hash("a", "b"), k.Hash("a", "b"); first != again || len(first) != 52 {
		t.Error("the hash of one text is not stable")
	}
	code := NewTicketCode()
	all := map[string]string{
		"ticket": k.TicketHash(code), "card": k.CardHash(code), "other key": other.TicketHash(code),
		"label and text": k.Hash("a", "bc"), "shifted": k.Hash("ab", "c"), "password": k.TicketPassword(code).Reveal(),
	}
	seen := map[string]string{}
	for what, h := range all {
		if seen[h] != "" {
			t.Errorf("%s and %s have the same hash", what, seen[h])
		}
		seen[h] = what
	}
	if !k.TicketPassword(code).Equal(k.TicketPassword(code).Reveal()) || len(k.TicketPassword(code).Reveal()) != 26 {
		t.Error("the password of a ticket cannot be made again")
	}
}

func TestNewID(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	a, b, later := NewID(now), NewID(now), NewID(now.Add(time.Millisecond))
	if a == b || len(a) != 36 || a[14] != '7' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("ids %s, %s", a, b)
	}
	if later <= a || later <= b {
		t.Errorf("%s does not sort after %s and %s", later, a, b)
	}
}

func FuzzParseCardCode(f *testing.F) {
	f.Add("1000 0000 0000 0008")
	f.Add("١٠٠٠ ٠٠٠٠ ٠٠٠٠ ٠٠٠٨")
	f.Fuzz(func(t *testing.T, s string) {
		code, err := ParseCardCode(s)
		if err != nil {
			return
		}
		if len(code) != 16 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("ParseCardCode(%q) = %q", s, code)
		}
		if again, err := ParseCardCode(GroupCardCode(code)); err != nil || again != code {
			t.Errorf("%q as printed reads %q, %v", code, again, err)
		}
	})
}
