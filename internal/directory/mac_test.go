package directory

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMAC(t *testing.T) {
	want := MAC{0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0x01}
	for _, s := range []string{
		"02-AA-BB-CC-DD-01", "02:aa:bb:cc:dd:01", "02.aa.bb.cc.dd.01", "02aa.bbcc.dd01", "02AA-BBCC-DD01",
		"02aa:bbcc:dd01", "02aabb-ccdd01", "02aabb:ccdd01", "02AABBCCDD01", "02aAbBcCdD01",
	} {
		got, err := ParseMAC(s)
		if err != nil || got != want {
			t.Errorf("ParseMAC(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "02", "02-AA-BB-CC-DD", "02-AA-BB-CC-DD-01-02", "02-AA:BB-CC-DD-01", "02-AA-BB-CC-DD-0g", "-02AABBCCDD01",
		"02AABBCCDD01-", "02AABBCCDD-01", "02A-ABB-CCD-D01", "02--AA-BB-CC-DD-01", "0-2-A-A-B-B-C-C-D-D-0-1",
		" 02AABBCCDD01", "02AABBCCDD01 ", "02 AA BB CC DD 01", "02AABBCCDD0１", strings.Repeat("0", 100000),
	} {
		got, err := ParseMAC(s)
		if err == nil || got != (MAC{}) {
			t.Errorf("ParseMAC(%.40q) = %v, %v; want an error", s, got, err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("the error for %.40q is %d characters long", s, len(err.Error()))
		}
	}
}

func TestMACSpellingsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m MAC
		copy(m[:], rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "mac"))
		plain := fmt.Sprintf("%x", m[:])
		group := rapid.SampledFrom([]int{2, 4, 6, 12}).Draw(t, "group")
		sep := rapid.SampledFrom([]string{":", "-", "."}).Draw(t, "separator")
		var groups []string
		for i := 0; i < 12; i += group {
			groups = append(groups, plain[i:i+group])
		}
		s := strings.Join(groups, sep)
		if rapid.Bool().Draw(t, "capitals") {
			s = strings.ToUpper(s)
		}
		if got, err := ParseMAC(s); err != nil || got != m {
			t.Fatalf("ParseMAC(%q) = %v, %v", s, got, err)
		}
		if got, err := ParseMAC(m.String()); err != nil || got != m {
			t.Fatalf("ParseMAC(String()) = %v, %v", got, err)
		}
	})
}

func TestMACRandom(t *testing.T) {
	if !(MAC{0x02}).Random() || !(MAC{0xda}).Random() || (MAC{0x00, 0x1b}).Random() {
		t.Error("the locally administered bit is read wrongly")
	}
}

func TestParseCalledStation(t *testing.T) {
	bssid := MAC{0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0x01}
	for _, c := range []struct{ in, ssid string }{
		{"02-AA-BB-CC-DD-01:Parvis", "Parvis"},
		{"02:AA:BB:CC:DD:01:Parvis", "Parvis"},
		{"02AABBCCDD01:Parvis", "Parvis"},
		{"02aa.bbcc.dd01:Parvis", "Parvis"},
		{"02aa:bbcc:dd01:Parvis", "Parvis"},
		{"02aabb-ccdd01:Parvis", "Parvis"},
		{"02aabb:ccdd01:Parvis", "Parvis"},
		{"02-AA-BB-CC-DD-01:Place: Café", "Place: Café"},
		{"02-AA-BB-CC-DD-01::", ":"},
		{"02AABBCCDD01:02:03", "02:03"},
		{"02-AA-BB-CC-DD-01", ""},
		{"02AABBCCDD01", ""},
		{"02-AA-BB-CC-DD-01:", ""},
		{"02AABBCCDD01:", ""},
	} {
		got, err := ParseCalledStation(c.in)
		if err != nil || got.BSSID != bssid || got.SSID != c.ssid {
			t.Errorf("ParseCalledStation(%q) = %+v, %v; want SSID %q", c.in, got, err, c.ssid)
		}
	}
	for _, s := range []string{"", ":", "Parvis", "02-AA-BB-CC-DD:Parvis", "02-AA-BB-CC-DD-01 Parvis", "02-AA-BB-CC-DD-01-Parvis"} {
		if got, err := ParseCalledStation(s); err == nil {
			t.Errorf("ParseCalledStation(%q) = %+v; want an error", s, got)
		}
	}
	got, err := ParseCalledStation("02-AA-BB-CC-DD-01:caf\xe9")
	if err == nil || got.BSSID != bssid || got.SSID != "" {
		t.Errorf("an odd SSID: got %+v, %v; want the BSSID and an error", got, err)
	}
}

func FuzzParseMAC(f *testing.F) {
	f.Add("02-AA-BB-CC-DD-01")
	f.Add("02aa.bbcc.dd01")
	f.Add("02AABBCCDD0")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMAC(s)
		if err != nil {
			return
		}
		hex := strings.NewReplacer(":", "", "-", "", ".", "").Replace(strings.ToLower(s))
		if hex != fmt.Sprintf("%x", m[:]) {
			t.Errorf("ParseMAC(%q) = %v: other digits than were given", s, m)
		}
	})
}

func FuzzParseCalledStation(f *testing.F) {
	f.Add("02-AA-BB-CC-DD-01:a:b")
	f.Add("02AABBCCDD01")
	f.Add("02aabb:ccdd01:x")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCalledStation(s)
		if err != nil {
			return
		}
		again, err := ParseCalledStation(c.BSSID.String() + ":" + c.SSID)
		if err != nil || again != c {
			t.Errorf("%q gives %+v, which reads back as %+v, %v", s, c, again, err)
		}
		if !strings.HasSuffix(s, c.SSID) {
			t.Errorf("%q gives the SSID %q", s, c.SSID)
		}
	})
}
