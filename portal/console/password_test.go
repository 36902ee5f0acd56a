package console

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPasswordRoundTrip(t *testing.T) {
	hash, err := HashPassword("a horse, a battery")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	for password, want := range map[string]bool{
		"a horse, a battery": true, "a horse, a batterz": false, "": false, strings.Repeat("a", maxPasswordBytes+1): false,
	} {
		if ok, err := VerifyPassword(hash, password); ok != want || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	if again, _ := HashPassword("a horse, a battery"); again == hash {
		t.Error("two hashes share their salt")
	}
}

// A hash that an earlier or later release made with other costs is still read.
func TestVerifyKnownParameters(t *testing.T) {
	p := phc{memory: 64, time: 1, threads: 2, salt: []byte("somesalt")}
	p.hash = p.derive("password", 16)
	if ok, err := VerifyPassword(p.String(), "password"); !ok || err != nil {
		t.Errorf("other parameters than ours: %v, %v", ok, err)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		"": false, "parvis-demo": false, "parvis-demo1": true, strings.Repeat("é", 12): true, strings.Repeat("é", 11): false,
		strings.Repeat("a", 256): true, strings.Repeat("a", 257): false, "aaaaaaaaaaaa\xff": false,
	} {
		if err := CheckPassword(password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
}

const goodPHC = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng"

func TestParsePHCRefuses(t *testing.T) {
	if _, err := parsePHC(goodPHC); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string][2]string{
		"another function":   {"argon2id", "argon2i"},
		"another version":    {"v=19", "v=16"},
		"much memory":        {"m=19456", "m=4194304"},
		"no memory":          {"m=19456", "m=0"},
		"memory below 8p":    {"m=19456", "m=7"},
		"many passes":        {"t=2", "t=11"},
		"many threads":       {"p=1", "p=5"},
		"a sign":             {"t=2", "t=+2"},
		"a leading zero":     {"t=2", "t=02"},
		"another order":      {"m=19456,t=2", "t=2,m=19456"},
		"padding":            {"c29tZXNhbHQ", "c29tZXNhbHQ="},
		"a short salt":       {"c29tZXNhbHQ", "c29tZQ"},
		"loose bits":         {"c29tZXNhbHQ", "c29tZXNhbHR"},
		"a line end":         {"c29tZXNhbHQ", "c29tZXNh\nbHQ"},
		"a short hash":       {"MTIzNDU2Nzg5MDEyMzQ1Ng", "MTIz"},
		"an endless hash":    {"MTIzNDU2Nzg5MDEyMzQ1Ng", strings.Repeat("MTIz", 100)},
		"something behind":   {"Ng", "Ng$"},
		"something in front": {"$argon2id", "x$argon2id"},
	} {
		bad := strings.Replace(goodPHC, r[0], r[1], 1)
		if bad == goodPHC {
			t.Fatalf("%s: nothing replaced", name)
		}
		if _, err := VerifyPassword(bad, "x"); err == nil || strings.Contains(err.Error(), "MTIz") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(goodPHC)
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Errorf("%q reads as %q", s, p)
		}
		if p.memory > maxMemory || p.time > maxTime || p.threads > maxThreads || len(p.hash) > 2*maxField {
			t.Errorf("%q is beyond the bounds", s)
		}
	})
}

func TestGateBounds(t *testing.T) {
	g := newGate(1, 1)
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() { done <- g.do(context.Background(), func() { close(held); <-release }) }()
	<-held
	gone, leave := context.WithCancel(context.Background())
	go func() { done <- g.do(gone, func() { t.Error("it ran without its asker") }) }()
	for len(g.present) < 2 { // until the second one is about to wait
		runtime.Gosched()
	}
	if err := g.do(context.Background(), func() { t.Error("it ran beyond the bound") }); !errors.Is(err, errBusy) {
		t.Errorf("a third one: %v", err)
	}
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the waiter: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := g.do(context.Background(), func() {}); err != nil {
		t.Errorf("the gate stays shut: %v", err)
	}
}

func TestTicketRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_-]{0,50}\.[0-9]{1,20}\.-?[0-9]{1,20}\.[a-f0-9]{0,64}`)).Draw(t, "cookie")
		v, ok := parseTicket(s)
		if ok && v.String() != s {
			t.Fatalf("%q reads as %q", s, v)
		}
	})
}
