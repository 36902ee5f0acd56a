package radius

import (
	"encoding/hex"
	"strings"
	"testing"

	wire "layeh.com/radius"
	"pgregory.net/rapid"

	"parvis/internal/directory"
)

func TestClassRoundTripAndTamper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := subject{rapid.SampledFrom([]byte{classZone, classDwelling}).Draw(t, "kind"), rapid.StringN(1, 60, 200).Draw(t, "id")}
		token, ok := newClass(classKey, of)
		if !ok {
			t.Fatal("not made")
		}
		name, got, ok := parseClass(classKey, token)
		if !ok || got != of || name != hex.EncodeToString(token[1:17]) {
			t.Fatalf("read %q %v %v", name, got, ok)
		}
		bad := append([]byte(nil), token...)
		i := rapid.IntRange(0, len(bad)-1).Draw(t, "octet")
		bad[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, _, ok := parseClass(classKey, bad); ok {
			t.Fatalf("octet %d changed, still ours", i)
		}
		if _, _, ok := parseClass(classKey, token[:rapid.IntRange(0, len(token)-1).Draw(t, "cut")]); ok {
			t.Fatal("cut, still ours")
		}
		if _, _, ok := parseClass(directory.Key{9}, token); ok {
			t.Fatal("another installation's, still ours")
		}
	})
}

func TestClassAmongOthers(t *testing.T) {
	ours, _ := newClass(classKey, subject{classDwelling, "d-1"})
	attrs := wire.Attributes{
		{Type: typeClass, Attribute: []byte("theirs")},
		{Type: typeProxyState, Attribute: ours},
		{Type: typeClass, Attribute: ours},
	}
	if _, of, ok := findClass(classKey, attrs); !ok || of.id != "d-1" {
		t.Errorf("%v %v", of, ok)
	}
	if _, _, ok := findClass(classKey, attrs[:2]); ok {
		t.Error("found one that is not there")
	}
}

func TestClassTooLong(t *testing.T) {
	if _, ok := newClass(classKey, subject{classZone, strings.Repeat("z", 220)}); ok {
		t.Error("made a Class that no attribute can hold")
	}
}

func FuzzParseClass(f *testing.F) {
	token, _ := newClass(classKey, subject{classZone, "z-port"})
	f.Add(token)
	f.Add([]byte{classVersion})
	f.Fuzz(func(t *testing.T, v []byte) {
		_, of, ok := parseClass(directory.Key{7}, v)
		if ok || of.id != "" {
			t.Errorf("forged: %x", v)
		}
	})
}
