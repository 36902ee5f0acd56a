package journal

import (
	"bytes"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

func eventGen() *rapid.Generator[accounting.Event] {
	text := rapid.StringN(0, 80, 253)
	return rapid.Custom(func(t *rapid.T) accounting.Event {
		instant := func(label string) time.Time {
			if rapid.Bool().Draw(t, label+" zero") {
				return time.Time{}
			}
			return time.UnixMilli(rapid.Int64Range(-1<<50, 1<<50).Draw(t, label)).UTC()
		}
		e := accounting.Event{
			Kind:          rapid.SampledFrom(accounting.Kinds()).Draw(t, "kind"),
			Received:      instant("received"),
			At:            instant("at"),
			NASID:         text.Draw(t, "nas"),
			AcctSessionID: text.Draw(t, "session"),
			Class:         text.Draw(t, "class"),
			MAC:           directory.MAC(rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "mac")),
			NASAddress:    text.Draw(t, "address"),
			Login:         text.Draw(t, "login"),
			AccessPointID: text.Draw(t, "ap"),
			ZoneID:        text.Draw(t, "zone"),
			DwellingID:    text.Draw(t, "dwelling"),
			Scoped:        rapid.Bool().Draw(t, "scoped"),
			In:            rapid.Ptr(rapid.Uint64(), true).Draw(t, "in"),
			Out:           rapid.Ptr(rapid.Uint64(), true).Draw(t, "out"),
			Seconds:       rapid.Ptr(rapid.Uint32(), true).Draw(t, "seconds"),
			Cause:         rapid.Uint32().Draw(t, "cause"),
		}
		return e
	})
}

func TestEncodeDecodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := eventGen().Draw(t, "event")
		b, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

// Any damage to a record is seen: each bit flipped, each length cut.
func TestDecodeSeesDamage(t *testing.T) {
	b, err := encode(event(7))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(b) * 8 {
		damaged := bytes.Clone(b)
		damaged[i/8] ^= 1 << (i % 8)
		if e, err := decode(damaged); err == nil {
			t.Errorf("bit %d flipped: decoded %+v", i, e)
		}
	}
	for n := range b {
		if _, err := decode(b[:n]); err == nil {
			t.Errorf("cut to %d octets: decoded", n)
		}
	}
	if _, err := decode(append(bytes.Clone(b), 0)); err == nil {
		t.Error("one octet more: decoded")
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*accounting.Event)
	}{
		{"kind 0", func(e *accounting.Event) { e.Kind = 0 }},
		{"kind beyond Off", func(e *accounting.Event) { e.Kind = accounting.Off + 1 }},
		{"a text that is too long", func(e *accounting.Event) { e.Login = string(make([]byte, maxText+1)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := event(1)
			c.change(&e)
			if b, err := encode(e); err == nil {
				t.Errorf("encoded as %x", b)
			}
		})
	}
}

func TestCleanMakesTextsStorable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOfN(rapid.Byte(), 0, 253).Draw(t, "octets"))
		got := clean(accounting.Event{Login: in}).Login
		if !utf8.ValidString(got) || bytes.ContainsRune([]byte(got), 0) {
			t.Fatalf("clean(%q) = %q", in, got)
		}
		if len(got) > maxText {
			t.Fatalf("%d octets became %d", len(in), len(got))
		}
		if utf8.ValidString(in) && !bytes.ContainsRune([]byte(in), 0) && got != in {
			t.Fatalf("clean(%q) = %q, want it unchanged", in, got)
		}
	})
}

// FuzzDecode: the decoder never panics, and what it takes has one spelling.
func FuzzDecode(f *testing.F) {
	for i := range 5 {
		b, err := encode(event(i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-checksumSize])
	}
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		// The checksum would hide the rest of the decoder from the fuzzer.
		if len(b) >= checksumSize {
			b = bytes.Clone(b)
			sum := checksum(b[:len(b)-checksumSize])
			for i := range checksumSize {
				b[len(b)-checksumSize+i] = byte(sum >> (8 * i))
			}
		}
		e, err := decode(b)
		if err != nil {
			return
		}
		again, err := encode(e)
		if err != nil {
			t.Fatalf("decoded %x, but: %v", b, err)
		}
		if !bytes.Equal(b, again) {
			t.Fatalf("decoded %x, encoded %x", b, again)
		}
	})
}
