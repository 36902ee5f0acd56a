package radius

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	wire "layeh.com/radius"

	"parvis/internal/access"
	"parvis/internal/directory"
)

const rfcSecret = "xyzzy5461"

func octetsOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vector(t *testing.T, text string) *inquiry {
	t.Helper()
	b := octetsOf(t, text)
	r := &request{n: len(b), from: netip.MustParseAddrPort("192.168.1.16:1645"), secret: directory.NewSecret(rfcSecret), nas: &directory.NAS{Secret: directory.NewSecret(rfcSecret), Signature: directory.SignatureNo}}
	copy(r.buf[:], b)
	form, ok := scan(r.packet())
	if !ok {
		t.Fatal("the packet does not parse")
	}
	if _, why := verify(r, form); why != discardNone {
		t.Fatalf("signature: %v", why)
	}
	attrs, err := wire.ParseAttributes(r.attributes())
	if err != nil {
		t.Fatal(err)
	}
	return &inquiry{request: r, attrs: attrs}
}

// RFC 2865 §7.1 and §7.2.
func TestProofVectors(t *testing.T) {
	for _, c := range []struct {
		name, packet, user string
		method             access.Method
	}{
		{"PAP", `01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d
			93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`, "nemo", access.MethodPAP},
		{"CHAP", `01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2 01 08 66 6c 6f 70 73 79 03 13 16 e9
			75 57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75 04 06 c0 a8 01 10 05 06 00 00 00 14 06 06 00 00 00
			02 07 06 00 00 00 01`, "flopsy", access.MethodCHAP},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := vector(t, c.packet)
			var p proof
			p.read(q)
			if user := string(q.attrs.Get(typeUserName)); user != c.user || p.method != c.method {
				t.Errorf("got %s of %q", p.method, user)
			}
			if !p.fits(directory.NewSecret("arctangent")) {
				t.Error("the right password does not fit")
			}
			if p.fits(directory.NewSecret("arctangens")) || p.fits(directory.Secret{}) {
				t.Error("a wrong password fits")
			}
		})
	}
}

// RFC 5997 §6.1 and §6.2. The replies there carry no Message-Authenticator, so
// they check the test's own verifier; the RFC prints the second with code 02,
// but only 05 fits its authenticator.
func TestStatusServerVectors(t *testing.T) {
	for _, c := range []struct{ name, request, reply string }{
		{
			"auth", "0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3 e2 43 82 20 97 c8 4f a3",
			"02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66",
		},
		{
			"acct", "0c b3 00 26 92 5f 6b 66 dd 5f ed 57 1f cb 1d b7 ad 38 82 60 50 12 e8 d6 ea bd a9 10 87 5c d9 1f da de 26 36 78 58",
			"05 b3 00 14 0f 6f 92 14 5f 10 7e 2f 50 4e 86 0a 48 60 66 9c",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := vector(t, c.request)
			if q.code() != codeStatusServer {
				t.Fatal("not a Status-Server")
			}
			if !wire.IsAuthenticResponse(octetsOf(t, c.reply), octetsOf(t, c.request), []byte(rfcSecret)) {
				t.Error("the reply of the RFC does not verify")
			}
			q.buf[30] ^= 1
			form, _ := scan(q.packet())
			if _, why := verify(q.request, form); why != discardBadMessageAuthenticator {
				t.Errorf("after a flipped bit: %v", why)
			}
		})
	}
}
