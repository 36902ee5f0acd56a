package extended

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/peers"
)

// attributes reads a list in wire form, written in hexadecimal.
func attributes(t testing.TB, text string) wire.Attributes {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	list, err := wire.ParseAttributes(b)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func all(list wire.Attributes) (found []string) {
	Attributes(list, func(n Number, value []byte) bool {
		found = append(found, fmt.Sprintf("%d.%d.%d.%d=%x", n.Type, n.Extended, n.Vendor, n.VendorType, value))
		return true
	})
	return found
}

func TestAttributes(t *testing.T) {
	for _, c := range []struct {
		name, wire string
		want       []string
	}{
		{"extended", "f1 06 01 626f62", []string{"241.1.0.0=626f62"}},
		{"extended, empty", "f2 03 01", []string{"242.1.0.0="}},
		{"extended, no type", "f1 02", nil},
		{"extended vendor", "f1 0b 1a 00000001 04 626f62", []string{"241.26.1.4=626f62"}},
		{"extended vendor, cut", "f1 07 1a 00000001", nil},
		{"long extended", "f5 07 01 00 626f62", []string{"245.1.0.0=626f62"}},
		{"two fragments", "f5 05 01 80 61 f5 05 01 00 62", []string{"245.1.0.0=6162"}},
		{"three fragments", "f5 05 01 80 61 f5 05 01 80 62 f5 05 01 00 63", []string{"245.1.0.0=616263"}},
		{"fragments of a vendor", "f5 0b 1a 80 00002c50 01 6161 f5 05 1a 00 62", []string{"245.26.11344.1=616162"}},
		{"the end is missing", "f5 05 01 80 61", nil},
		{"another in between", "f5 05 01 80 61 01 03 78 f5 05 01 00 62", []string{"245.1.0.0=62"}},
		{"the next is another", "f5 05 01 80 61 f5 05 02 00 62", []string{"245.2.0.0=62"}},
		{"long, without flags", "f5 03 01 f6 05 07 00 62", []string{"246.7.0.0=62"}},
		{"reserved flags are ignored", "f5 05 01 7f 61", []string{"245.1.0.0=61"}},
		{"others are passed over", "01 03 78 1a 08 00000001 0102 f4 04 09 78", []string{"244.9.0.0=78"}},
	} {
		if got := all(attributes(t, c.wire)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// FreeRADIUS' radclient writes them; a socket of ours takes what it sends.
func TestAttributesOfRadclient(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	long := strings.Repeat("61", 300)
	said, _ := peers.Radclient(t, []string{"-r1", "-t1", conn.LocalAddr().String(), "auth", "secret"},
		"User-Name = x\nFrag-Status = 1\nFreeRADIUS-802.1X-Anonce = 0x"+long+"\n")
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var b [4096]byte
	n, _, err := conn.ReadFrom(b[:])
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	list, err := wire.ParseAttributes(b[20:n])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"241.1.0.0=00000001", "245.26.11344.1=" + long}
	got := all(list)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestTLVs(t *testing.T) {
	for _, c := range []struct {
		value string
		want  string
		ok    bool
	}{{"\x01\x05bob\x02\x02", "1=bob 2= ", true}, {"", "", true}, {"\x01\x05bo", "", false}, {"\x01\x03x\x02", "1=x ", false}, {"\x01\x01", "", false}} {
		got := ""
		ok := TLVs([]byte(c.value), func(kind byte, v []byte) bool {
			got += fmt.Sprintf("%d=%s ", kind, v)
			return true
		})
		if got != c.want || ok != c.ok {
			t.Errorf("%q: %q, %v", c.value, got, ok)
		}
	}
}

func TestTypes(t *testing.T) {
	if v, ok := Integer([]byte{0, 0, 1, 0}); !ok || v != 256 {
		t.Error(v, ok)
	}
	if v, ok := Integer64([]byte{0, 0, 0, 1, 0, 0, 0, 0}); !ok || v != 1<<32 {
		t.Error(v, ok)
	}
	if v, ok := Time([]byte{0, 0, 0, 1}); !ok || v.Unix() != 1 {
		t.Error(v, ok)
	}
	if v, ok := Address([]byte{192, 0, 2, 1}); !ok || v != netip.MustParseAddr("192.0.2.1") {
		t.Error(v, ok)
	}
	for v, want := range map[string]string{
		"\x00\x20\x20\x01\x0d\xb8": "2001:db8::/32", "\x00\x00": "::/0", "\x00\x81": "", "\x00": "", "\x00\x10\x20\x01\x0d": "",
	} {
		got := ""
		if p, ok := IPv6Prefix([]byte(v)); ok {
			got = p.String()
		}
		if got != want {
			t.Errorf("%x: %q, want %q", v, got, want)
		}
	}
	for v, want := range map[string]string{"\x00\x18\xc0\x00\x02\x00": "192.0.2.0/24", "\x00\x18\xc0\x00\x02\x01": "", "\x00\x21\xc0\x00\x02\x00": "", "\x00\x18": ""} {
		got := ""
		if p, ok := IPv4Prefix([]byte(v)); ok {
			got = p.String()
		}
		if got != want {
			t.Errorf("%x: %q, want %q", v, got, want)
		}
	}
	for _, bad := range [][]byte{nil, {1}, make([]byte, 5)} {
		if _, ok := Integer(bad); ok {
			t.Errorf("%x is an integer", bad)
		}
		if _, ok := Integer64(bad); ok {
			t.Errorf("%x is an integer64", bad)
		}
		if _, ok := Address(bad); ok {
			t.Errorf("%x is an address", bad)
		}
	}
}

func FuzzAttributes(f *testing.F) {
	f.Add([]byte("\xf5\x05\x01\x80a\xf5\x05\x01\x00b"))
	f.Add([]byte("\xf5\x05\x01\x80a"))
	f.Add([]byte("\xf1\x0b\x1a\x00\x00\x00\x01\x04bob"))
	for _, c := range shapes {
		f.Add(octets(f, c.wire))
	}
	for _, bug := range publishedBugs() {
		f.Add(octets(f, bug.wire))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := wire.ParseAttributes(b)
		if err != nil {
			return
		}
		total := 0
		Attributes(list, func(_ Number, value []byte) bool {
			total += len(value)
			TLVs(value, func(byte, []byte) bool { return true })
			return true
		})
		if total > len(b) {
			t.Errorf("%d octets out of %d", total, len(b))
		}
	})
}
