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

// whole is a grant with everything, and two quotas' worth of Gigawords.
var whole = access.Grant{DownKbps: 8000, UpKbps: 2000, VLAN: 120, QuotaBytes: 2<<32 + 5, Role: "city"}

// tunnel120 is VLAN 120: Tunnel-Type 13, Tunnel-Medium-Type 6, group "120".
const tunnel120 = "4006 0000000d" + "4106 00000006" + "5105 313230"

// Vendor-specific: 26 length vendor-id(4) type length value.
const (
	wispr2M8M  = "1a0c 0000372a 0706 001e8480" + "1a0c 0000372a 0806 007a1200"
	chilli2M8M = "1a0c 000038df 0406 000007d0" + "1a0c 000038df 0506 00001f40"
	chilliGiga = "1a0c 000038df 0306 00000005" + "1a0c 000038df 1706 00000002"
	filterCity = "0b06 63697479"
	aclCity    = "1a0c 00003763 0606 63697479"
)

// Golden: what each family gets for the whole grant.
func TestGrantOfEachFamily(t *testing.T) {
	for name, want := range map[string]string{
		"generic": wispr2M8M + tunnel120 + filterCity,
		"coova":   chilli2M8M + chilliGiga + filterCity,
		"uspot":   chilli2M8M + chilliGiga,
		"hostapd": wispr2M8M + tunnel120,
		"mikrotik": "1a13 00003a8c 080d" + hex.EncodeToString([]byte("2000k/8000k")) +
			"1a0c 00003a8c 1106 00000005" + "1a0c 00003a8c 1206 00000002" +
			"1a0c 00003a8c 1a06 00000078" + "1a0c 00003a8c 1b06 00000000" + tunnel120 +
			"1a0c 00003a8c 0306 63697479",
		"cisco": "1a0c 00003763 0706 00001f40" + "1a0c 00003763 0906 00001f40" +
			"1a0c 00003763 0d06 000007d0" + "1a0c 00003763 0f06 000007d0" + tunnel120 + aclCity,
		"catalyst": "1a29 00000009 0123" + hex.EncodeToString([]byte("ip:sub-qos-policy-in=parvis-2000k")) +
			"1a2a 00000009 0124" + hex.EncodeToString([]byte("ip:sub-qos-policy-out=parvis-8000k")) + tunnel120 + aclCity,
		"aruba":   "1a0c 000039e7 0206 00000078" + tunnel120 + "1a0c 000039e7 0106 63697479",
		"ruckus":  wispr2M8M + tunnel120 + "1a0c 000061dd 0106 63697479",
		"unifi":   wispr2M8M + tunnel120,
		"omada":   wispr2M8M + tunnel120,
		"meraki":  tunnel120 + filterCity,
		"cambium": wispr2M8M + "1a0c 00004531 9b06 00000005" + "1a0c 00004531 9c06 00000002" + tunnel120,
	} {
		expectGrant(t, name, whole, want)
	}
	for _, name := range Names() {
		expectGrant(t, name, access.Grant{}, "")
	}
}

// Golden: the ends of each unit, and one direction only.
func TestRate(t *testing.T) {
	ascii := func(s string) string { return hex.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		dialect  string
		down, up uint32 // kbit/s
		want     string
	}{
		{"generic", 8000, 0, "1a0c 0000372a 0806 007a1200"},
		{"generic", math.MaxUint32, 5_000_000, "1a0c 0000372a 0706 ffffffff" + "1a0c 0000372a 0806 ffffffff"},
		{"coova", 0, 2000, "1a0c 000038df 0406 000007d0"},
		{"coova", math.MaxUint32, 0, "1a0c 000038df 0506 00418937"}, // 4,294,967: more would wrap in chilli
		{"mikrotik", 8000, 0, "1a0f 00003a8c 0809" + ascii("0/8000k")},
		{"mikrotik", 0, 2000, "1a0f 00003a8c 0809" + ascii("2000k/0")},
		{"mikrotik", math.MaxUint32, math.MaxUint32, "1a1f 00003a8c 0819" + ascii("4294967295k/4294967295k")},
		{"cisco", math.MaxUint32, 0, "1a0c 00003763 0706 ffffffff" + "1a0c 00003763 0906 ffffffff"},
		{"catalyst", 0, math.MaxUint32, "1a2f 00000009 0129" + ascii("ip:sub-qos-policy-in=parvis-4294967295k")},
		{"aruba", 8000, 2000, ""},
		{"meraki", 8000, 2000, ""},
	} {
		expectGrant(t, c.dialect, access.Grant{DownKbps: c.down, UpKbps: c.up}, c.want)
	}
}

// A quota of exactly 4 GiB has no low bits, and is still a quota.
func TestQuotaOfWholeGigawords(t *testing.T) {
	expectGrant(t, "coova", access.Grant{QuotaBytes: 1 << 32},
		"1a0c 000038df 0306 00000000"+"1a0c 000038df 1706 00000001")
	expectGrant(t, "cambium", access.Grant{QuotaBytes: 1<<32 - 1},
		"1a0c 00004531 9b06 ffffffff"+"1a0c 00004531 9c06 00000000")
	expectGrant(t, "mikrotik", access.Grant{QuotaBytes: math.MaxUint64},
		"1a0c 00003a8c 1106 ffffffff"+"1a0c 00003a8c 1206 ffffffff")
}

// The name of another role would be worse than none.
func TestRoleThatDoesNotFit(t *testing.T) {
	for _, name := range Names() {
		expectGrant(t, name, access.Grant{Role: strings.Repeat("r", MaxRole+1)}, "")
	}
}

func TestChange(t *testing.T) {
	reauthenticate := "1a29 00000009 0123" + hex.EncodeToString([]byte("subscriber:command=reauthenticate"))
	changes := map[string]string{
		"coova":    chilli2M8M,
		"mikrotik": "1a13 00003a8c 080d" + hex.EncodeToString([]byte("2000k/8000k")),
		"cisco":    reauthenticate,
		"catalyst": reauthenticate,
	}
	for _, name := range Names() {
		d, _ := For(name)
		want, can := changes[name]
		if d.DynAuth().CanChange != can {
			t.Errorf("%s: can change: %v", name, !can)
		}
		if got := d.AppendChange(nil, whole); !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%s: change %x, want %s", name, got, want)
		}
	}
}

func TestRedirect(t *testing.T) {
	const url = "https://wifi.example/p?"
	ascii := func(s string) string { return hex.EncodeToString([]byte(s)) }
	wispr := "1a1f 0000372a 0419" + ascii(url)
	cwa := "1a28 00000009 0122" + ascii("url-redirect-acl=parvis-redirect") + "1a2c 00000009 0126" + ascii("url-redirect="+url)
	redirects := map[string]string{
		"generic": wispr, "coova": wispr, "mikrotik": wispr,
		"cisco": cwa, "catalyst": cwa,
		"aruba":  "1a1f 000039e7 2b19" + ascii(url),
		"meraki": "1a2c 00000009 0126" + ascii("url-redirect="+url),
	}
	for _, name := range Names() {
		d, _ := For(name)
		want, can := redirects[name]
		got, ok := d.AppendRedirect([]byte("before"), url)
		if got, found := bytes.CutPrefix(got, []byte("before")); !found || ok != can || !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%s: %v %x, want %v %s", name, ok, got, can, want)
		}
		for _, u := range []string{"", "https://" + strings.Repeat("x", 250)} {
			if got, ok := d.AppendRedirect(nil, u); ok || len(got) != 0 {
				t.Errorf("%s: %d octets of URL carried: %x", name, len(u), got)
			}
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{
		"generic", "coova", "uspot", "hostapd", "mikrotik", "cisco", "catalyst",
		"aruba", "ruckus", "unifi", "omada", "meraki", "cambium",
	}
	if !slices.Equal(Names(), want) {
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
	if _, ok := For("Generic"); ok {
		t.Error("a dialect that is not there")
	}
}

func expectGrant(t *testing.T, name string, g access.Grant, want string) {
	t.Helper()
	d, ok := For(name)
	if !ok {
		t.Fatalf("no dialect %q", name)
	}
	before := []byte("before")
	got, intact := bytes.CutPrefix(d.AppendGrant(before, g), before)
	if !intact || !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%s %+v:\n got %x\nwant %x", name, g, got, unhex(t, want))
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
