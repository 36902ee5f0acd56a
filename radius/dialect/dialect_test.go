package dialect

import (
	"bytes"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"parvis/internal/access"
)

func TestRate(t *testing.T) {
	for _, c := range []struct {
		dialect  string
		down, up uint32 // kbit/s
		want     string
	}{
		// 26 length vendor-id(4) type length value
		{"generic", 8000, 2000, "1a0c 0000372a 0706 001e8480" + "1a0c 0000372a 0806 007a1200"},
		{"generic", 8000, 0, "1a0c 0000372a 0806 007a1200"},
		{"generic", 0, 0, ""},
		{"generic", math.MaxUint32, 5_000_000, "1a0c 0000372a 0706 ffffffff" + "1a0c 0000372a 0806 ffffffff"},
		{"coova", 8000, 2000, "1a0c 000038df 0406 000007d0" + "1a0c 000038df 0506 00001f40"},
		{"coova", 0, 2000, "1a0c 000038df 0406 000007d0"},
		{"coova", math.MaxUint32, 0, "1a0c 000038df 0506 00418937"}, // 4,294,967: more would wrap in chilli
		{"coova", 0, 0, ""},
		{"mikrotik", 8000, 2000, "1a13 00003a8c 080d" + hex.EncodeToString([]byte("2000k/8000k"))},
		{"mikrotik", 8000, 0, "1a0f 00003a8c 0809" + hex.EncodeToString([]byte("0/8000k"))},
		{"mikrotik", 0, 2000, "1a0f 00003a8c 0809" + hex.EncodeToString([]byte("2000k/0"))},
		{"mikrotik", math.MaxUint32, math.MaxUint32, "1a1f 00003a8c 0819" + hex.EncodeToString([]byte("4294967295k/4294967295k"))},
		{"mikrotik", 0, 0, ""},
	} {
		d, ok := For(c.dialect)
		if !ok {
			t.Fatalf("no dialect %q", c.dialect)
		}
		want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		before := []byte("before")
		got, intact := bytes.CutPrefix(d.AppendRate(before, access.Grant{DownKbps: c.down, UpKbps: c.up}), before)
		if !intact || !bytes.Equal(got, want) {
			t.Errorf("%s %d/%d: %x, want %x", c.dialect, c.down, c.up, got, want)
		}
		if len(got) > 64 {
			t.Errorf("%s: %d octets", c.dialect, len(got))
		}
	}
}

func TestNames(t *testing.T) {
	if want := []string{"generic", "coova", "mikrotik"}; !slices.Equal(Names(), want) {
		t.Errorf("names %v, want %v", Names(), want)
	}
	for _, name := range Names() {
		if d, ok := For(name); !ok || d.Name() != name {
			t.Errorf("For(%q): %v %v", name, d, ok)
		}
	}
	if d, ok := For(""); !ok || d != Generic() {
		t.Error("the empty name is not the generic dialect")
	}
	if _, ok := For("cisco"); ok {
		t.Error("a dialect that is not there")
	}
}
