package client

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"parvis/internal/directory"
)

func octets(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(strings.Fields(s), ""), "|", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 2865 §7.1 was printed before there was a Message-Authenticator: without
// that attribute, our request must be the vector's octets.
func TestRFC2865Section71(t *testing.T) {
	want := octets(t, `01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb
		98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d
		93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8
		01 10 05 06 00 00 00 03`)
	r := PAP("nemo", directory.NewSecret("arctangent")).
		IPv4(NASIPAddress, netip.MustParseAddr("192.168.1.16")).Uint32(NASPort, 3)
	got, err := encode(r, 0, [16]byte(want[4:20]), testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if got[20] != byte(MessageAuthenticator) || got[21] != 18 {
		t.Fatalf("the first attribute is % x, not the Message-Authenticator", got[20:22])
	}
	got = append(got[:20:20], got[38:]...)
	got[3] -= 18
	if !bytes.Equal(got, want) {
		t.Errorf("got\n% x, want\n% x", got, want)
	}

	reply := octets(t, `02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf
		9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00
		0e 06 c0 a8 01 03`)
	p, err := readReply(reply, want, testSecret, true)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := p.Uint32(ServiceType); !p.Accepted() || !ok || v != ServiceLogin {
		t.Errorf("read code %d, Service-Type %d", p.Code, v)
	}
	if _, err := readReply(reply, want, testSecret, false); err != errMAMissing {
		t.Errorf("without Message-Authenticator: %v", err)
	}
}

// RFC 2865 §7.2: CHAP over the Request Authenticator as the challenge.
func TestRFC2865Section72(t *testing.T) {
	challenge := octets(t, "2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2")
	want := octets(t, "e9 75 57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75")
	got := chapResponse(22, directory.NewSecret("arctangent"), challenge)
	if !bytes.Equal(got[:], want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// RFC 5997 §6.1.
func TestRFC5997Section61(t *testing.T) {
	want := octets(t, `0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02
		18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3 e2 43
		82 20 97 c8 4f a3`)
	got, err := encode(Status(), 0xda, [16]byte(want[4:20]), testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n% x, want\n% x", got, want)
	}
	reply := octets(t, "02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66")
	if _, err := readReply(reply, want, testSecret, true); err != nil {
		t.Errorf("the vector's reply: %v", err)
	}
}
