package extended

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/internal/peers"
)

// octets reads hexadecimal with blanks.
func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	fragment = strings.Repeat("aa", 251) // fills a long extended attribute, RFC 6929 §2.2
	evsFirst = strings.Repeat("bb", 246) // the same behind Vendor-Id and Vendor-Type, §2.4
)

// shapes are one example for each format of RFC 6929 §2, with the kinds of
// content that §9 shows: text, a TLV, a TLV in a TLV, a vendor's, and what is
// longer than one attribute. TLVs of one group do not follow each other, because
// radclient would put them together. The octets follow from §2; they are not a copy of
// §9, and radclient, whose authors wrote the RFC, is asked for them below.
var shapes = []struct {
	name string
	said string // as radclient reads it, with dictionary
	wire string
	want string // number and value
	tlvs string // inside the value, nested ones in brackets
}{
	{"§2.1 text", `Test-Text = "bob"`, "f3 06 c8 626f62", "243.200.0.0=626f62", ""},
	{"§2.1, §2.3 TLV", `Test-Group-One = "bob"`, "f3 08 c9 01 05 626f62", "243.201.0.0=0105626f62", "1=626f62"},
	{"§2.1, §2.4 vendor", `Test-Vendor-Text = "test"`, "f3 0c 1a 00007ed9 04 74657374", "243.26.32473.4=74657374", ""},
	{"§2.1, §2.3 TLV in a TLV", `Test-Group-Inner-Two = "bob"`, "f3 0a c9 02 07 02 05 626f62", "243.201.0.0=02070205626f62", "2[2=626f62]"},
	{"§2.1, §2.4 TLV of a vendor", `Test-Vendor-Group-One = "test"`, "f3 0e 1a 00007ed9 05 03 06 74657374", "243.26.32473.5=030674657374", "3=74657374"},
	{"§2.2 text", `Test-Long = 0x626f62`, "f6 07 c8 00 626f62", "246.200.0.0=626f62", ""},
	{"§2.2, §2.3 TLV", `Test-Long-Group-One = "bob"`, "f6 09 c9 00 01 05 626f62", "246.201.0.0=0105626f62", "1=626f62"},
	{"§2.2, one full attribute", "Test-Long = 0x" + fragment, "f6 ff c8 00" + fragment, "246.200.0.0=" + fragment, ""},
	{"§2.2, two attributes", "Test-Long = 0x" + fragment + "cccc", "f6 ff c8 80" + fragment + "f6 06 c8 00 cccc", "246.200.0.0=" + fragment + "cccc", ""},
	{"§2.2, §2.4 vendor", `Test-Long-Vendor = 0x74657374`, "f6 0d 1a 00 00007ed9 06 74657374", "246.26.32473.6=74657374", ""},
	{"§2.2, §2.4 vendor, two attributes", "Test-Long-Vendor = 0x" + evsFirst + "cccccc", "f6 ff 1a 80 00007ed9 06" + evsFirst + "f6 07 1a 00 cccccc", "246.26.32473.6=" + evsFirst + "cccccc", ""},
}

// dictionary names the attributes of shapes; IANA keeps vendor 32473 for examples.
const dictionary = `ATTRIBUTE Test-Text 243.200 string
ATTRIBUTE Test-Group 243.201 tlv
ATTRIBUTE Test-Group-One 243.201.1 string
ATTRIBUTE Test-Group-Inner 243.201.2 tlv
ATTRIBUTE Test-Group-Inner-Two 243.201.2.2 string
ATTRIBUTE Test-Long 246.200 octets
ATTRIBUTE Test-Long-Group 246.201 tlv
ATTRIBUTE Test-Long-Group-One 246.201.1 string
VENDOR Test 32473
BEGIN-VENDOR Test parent=Extended-Vendor-Specific-3
ATTRIBUTE Test-Vendor-Text 4 string
ATTRIBUTE Test-Vendor-Group 5 tlv
ATTRIBUTE Test-Vendor-Group-One 5.3 string
END-VENDOR Test
BEGIN-VENDOR Test parent=Extended-Vendor-Specific-6
ATTRIBUTE Test-Long-Vendor 6 octets
END-VENDOR Test
`

func TestShapesOfRFC6929(t *testing.T) {
	for _, c := range shapes {
		t.Run(c.name, func(t *testing.T) {
			list := attributes(t, c.wire)
			if got := all(list); !slices.Equal(got, []string{c.want}) {
				t.Errorf("got %v, want %s", got, c.want)
			}
			Attributes(list, func(_ Number, value []byte) bool {
				if got := inside(value); c.tlvs != "" && got != c.tlvs {
					t.Errorf("inside: %s, want %s", got, c.tlvs)
				}
				return true
			})
		})
	}
}

// inside spells TLVs; type 2 holds TLVs in the examples.
func inside(value []byte) string {
	var said []string
	if !TLVs(value, func(kind byte, v []byte) bool {
		text := fmt.Sprintf("%d=%x", kind, v)
		if kind == 2 && len(v) > 2 && v[1] == byte(len(v)) {
			text = fmt.Sprintf("%d[%s]", kind, inside(v))
		}
		said = append(said, text)
		return true
	}) {
		return "malformed"
	}
	return strings.Join(said, " ")
}

// The octets of shapes are those that FreeRADIUS sends.
func TestShapesOfRadclient(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dictionary"), []byte(dictionary), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := "User-Name = x\n"
	for _, c := range shapes {
		request += c.said + "\n"
	}
	said, _ := peers.Radclient(t, []string{"-d", dir, "-r1", "-t1", conn.LocalAddr().String(), "auth", "secret"}, request)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var b [4096]byte
	n, _, err := conn.ReadFrom(b[:])
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, c := range shapes {
		if !bytes.Contains(b[20:n], octets(t, c.wire)) {
			t.Errorf("%s: %s is not in %x", c.name, c.wire, b[20:n])
		}
	}
}

// publishedBugs are what broke other decoders, in extended attributes: what is
// left over of each.
func publishedBugs() []struct {
	name, wire string
	want       []string
} {
	return []struct {
		name, wire string
		want       []string
	}{
		// FR-GV-207: lengths of nothing.
		{"FR-GV-207, no extended type", "f1 02 f5 02 f5 03 01", nil},
		{"FR-GV-207, empty values", "f1 03 01 f5 04 01 00", []string{"241.1.0.0=", "245.1.0.0="}},
		// CVE-2017-10985 (FR-GV-302): empty fragments to be joined looped for ever.
		{"CVE-2017-10985, empty fragments without end", strings.Repeat("f5 04 01 80", 1019), nil},
		{"CVE-2017-10985, empty fragments with an end", strings.Repeat("f5 04 01 80", 1018) + "f5 04 01 00", []string{"245.1.0.0="}},
		// CVE-2017-10979 (FR-GV-202): more fragments than the room for them.
		{"CVE-2017-10979, fragments of a whole packet", strings.Repeat("f5 ff 01 80"+fragment, 15) + "f5 04 01 00", []string{"245.1.0.0=" + strings.Repeat(fragment, 15)}},
		{"CVE-2017-10979, each begins another", strings.Repeat("f5 04 01 80 f5 04 02 80", 500), nil},
		// CVE-2017-10984 (FR-GV-301): a vendor's attribute that ends inside its head.
		{"CVE-2017-10984, vendor cut short", "f1 03 1a f1 06 1a 000000 f5 08 1a 00 00000137", nil},
		{"CVE-2017-10984, vendor cut in two", "f5 06 1a 80 0000 f5 07 1a 00 7ed9 01", []string{"245.26.32473.1="}},
	}
}

func TestPublishedBugs(t *testing.T) {
	for _, bug := range publishedBugs() {
		t.Run(bug.name, func(t *testing.T) {
			list, err := wire.ParseAttributes(octets(t, bug.wire))
			if err != nil {
				t.Fatal(err)
			}
			started := time.Now()
			if got := all(list); !slices.Equal(got, bug.want) {
				t.Errorf("got %v, want %v", got, bug.want)
			}
			if took := time.Since(started); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	// FR-GV-207, layeh.com/radius: a TLV of length 0 or 1 is where a loop stands still.
	for _, value := range []string{"\x01\x00", "\x01\x01", "\x01\x03x\x02\x00", "\x01\xff", "\x01"} {
		if TLVs([]byte(value), func(byte, []byte) bool { return true }) {
			t.Errorf("%x fills exactly", value)
		}
	}
}
