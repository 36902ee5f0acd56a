package dialect

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parvis/internal/access"
)

// expressible is what is left of a grant in a family's units, by what it
// declares and not by what it renders.
func expressible(name string, c Carries, g access.Grant) access.Grant {
	var want access.Grant
	if c.Rate != "" {
		want.DownKbps, want.UpKbps = g.DownKbps, g.UpKbps
		if c.RateUnit == UnitBit || name == "coova" || name == "uspot" {
			const most = math.MaxUint32 / 1000
			want.DownKbps, want.UpKbps = min(g.DownKbps, most), min(g.UpKbps, most)
		}
	}
	if c.Quota != "" {
		want.QuotaBytes = g.QuotaBytes
	}
	if c.VLAN != "" {
		want.VLAN = g.VLAN
	}
	if c.Role != "" && len(g.Role) <= MaxRole {
		want.Role = g.Role
	}
	return want
}

// checkGrant holds every family to the grant: it is understood by a decoder that
// is not ours as the same grant, in attributes that the family declares.
func checkGrant(t interface {
	Helper()
	Errorf(string, ...any)
}, g access.Grant,
) {
	t.Helper()
	for _, d := range all() {
		prefix := []byte("before")
		b := d.AppendGrant(prefix, g)
		b, intact := bytes.CutPrefix(b, prefix)
		if !intact || len(b) > MaxGrant {
			t.Errorf("%s: %d octets, or what was before is gone", d.Name(), len(b))
		}
		attributes, err := decode(b)
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
			continue
		}
		got, err := understood(attributes)
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
		}
		c := d.Carries()
		if want := expressible(d.Name(), c, g); got != want {
			t.Errorf("%s: got %+v, want %+v", d.Name(), got, want)
		}
		declared := strings.Join([]string{c.Rate, c.Quota, c.VLAN, c.Role}, ", ")
		for attribute := range attributes {
			if !strings.Contains(declared+",", attribute) {
				t.Errorf("%s: sends %s and does not declare it", d.Name(), attribute)
			}
		}
		if change := d.AppendChange(nil, g); len(change) > MaxGrant {
			t.Errorf("%s: a change of %d octets", d.Name(), len(change))
		} else if all, err := decode(change); err != nil {
			t.Errorf("%s: change: %v", d.Name(), err)
		} else if !d.DynAuth().CanChange && len(all) > 0 {
			t.Errorf("%s: a change of %v that it cannot make", d.Name(), all)
		}
	}
}

func checkRedirect(t interface {
	Helper()
	Errorf(string, ...any)
}, url string,
) {
	t.Helper()
	for _, d := range all() {
		b, ok := d.AppendRedirect(nil, url)
		attributes, err := decode(b)
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
			continue
		}
		if can := d.Carries().Redirect != "" && url != "" && len(url) <= maxVendorValue-len(ciscoRedirectURL); can && !ok {
			t.Errorf("%s does not carry %q", d.Name(), url)
		}
		if ok != (len(attributes) > 0) || ok && d.Carries().Redirect == "" {
			t.Errorf("%s: ok is %v with %v", d.Name(), ok, attributes)
		}
		for attribute, value := range attributes {
			if !strings.Contains(d.Carries().Redirect, attribute) {
				t.Errorf("%s: sends %s and does not declare it", d.Name(), attribute)
			}
			if attribute != "url-redirect-acl" && string(value) != url {
				t.Errorf("%s: %q became %q", d.Name(), url, value)
			}
		}
	}
}

func TestGrantIsUnderstood(t *testing.T) {
	edge := func(t *rapid.T, label string) uint32 {
		return rapid.OneOf(
			rapid.Uint32(),
			rapid.SampledFrom([]uint32{0, 1, 999, 1000, math.MaxUint32/1000 - 1, math.MaxUint32 / 1000, math.MaxUint32/1000 + 1, math.MaxUint32}),
		).Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		checkGrant(t, access.Grant{
			DownKbps: edge(t, "down"), UpKbps: edge(t, "up"),
			VLAN:       rapid.Uint16().Draw(t, "vlan"),
			QuotaBytes: rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 1<<32 - 1, 1 << 32, 1<<32 + 1, math.MaxUint64})).Draw(t, "quota"),
			Role:       rapid.StringN(-1, -1, 260).Draw(t, "role"),
		})
		checkRedirect(t, rapid.StringN(-1, -1, 260).Draw(t, "url"))
	})
}

func FuzzGrant(f *testing.F) {
	f.Add(uint32(8000), uint32(2000), uint16(120), uint64(1)<<33+5, "city", "https://wifi.example/p?")
	f.Add(uint32(math.MaxUint32), uint32(0), uint16(4095), uint64(math.MaxUint64), strings.Repeat("r", MaxRole), strings.Repeat("u", 234))
	f.Add(uint32(0), uint32(1), uint16(0), uint64(1)<<32, strings.Repeat("r", MaxRole+1), strings.Repeat("u", 248))
	f.Add(uint32(4294968), uint32(4294967), uint16(1), uint64(0), "\x00=k/", "")
	f.Fuzz(func(t *testing.T, down, up uint32, vlan uint16, quota uint64, role, url string) {
		checkGrant(t, access.Grant{DownKbps: down, UpKbps: up, VLAN: vlan, QuotaBytes: quota, Role: role})
		checkRedirect(t, url)
	})
}

// The hot path allocates nothing.
func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, 2*MaxGrant)
	g := access.Grant{DownKbps: 8000, UpKbps: 2000, VLAN: 120, QuotaBytes: 1 << 33, Role: "city"}
	for _, name := range Names() {
		if n := testing.AllocsPerRun(100, func() {
			d, _ := For(name)
			b := d.AppendGrant(buf, g)
			b, _ = d.AppendRedirect(b, "https://wifi.example/p?")
			d.AppendChange(b, g)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkGrant(b *testing.B) {
	buf := make([]byte, 0, MaxGrant)
	g := access.Grant{DownKbps: 8000, UpKbps: 2000, VLAN: 120, QuotaBytes: 1 << 33}
	for _, name := range []string{"generic", "mikrotik", "cambium"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d, _ := For(name)
				d.AppendGrant(buf, g)
			}
		})
	}
}
