package radius

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"strings"
	"testing"

	"pgregory.net/rapid"

	wire "layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc3079"

	"parvis/internal/access"
	"parvis/internal/directory"
)

// RFC 2759 §9.2.
const (
	msUser       = "User"
	msPassword   = "clientPass"
	msChallenge  = "5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28"
	msPeer       = "21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E"
	msNTResponse = "82 30 9E CD 8D 70 8B 5E A0 8F AA 39 81 CD 83 54 42 33 11 4A 3D 85 D6 DF"
	msSuccess    = "S=407A5589115FD0D6209F510FE9C04566932CDA56"
)

func TestMSCHAPVectors(t *testing.T) {
	o := func(s string) []byte { return octetsOf(t, s) }
	hash := ntHash(msPassword)
	challenge := challengeHash(o(msPeer), o(msChallenge), []byte(msUser))
	hashHash := ntHashHash(hash)
	m := msCHAP2{ident: 7, challenge: o(msChallenge), peer: o(msPeer), response: o(msNTResponse), user: []byte(msUser)}
	response := challengeResponse(challenge, hash)
	// RFC 3079 §3.5.3: the same exchange, 128 bits.
	master := mppeMasterKey(hashHash, o(msNTResponse))
	send, _ := mppeKeys(hash, o(msNTResponse))
	for _, c := range []struct {
		what, want string
		got        []byte
	}{
		{"ChallengeHash", "D0 2E 43 86 BC E9 12 26", challenge[:]},
		{"NtPasswordHash", "44 EB BA 8D 53 12 B8 D6 11 47 44 11 F5 69 89 AE", hash[:]},
		{"NtPasswordHashHash", "41 C0 0C 58 4B D2 D9 1C 40 17 A2 A1 2F A5 9F 3F", hashHash[:]},
		{"NT-Response", msNTResponse, response[:]},
		{"MasterKey", "FD EC E3 71 7A 8C 83 8C B3 88 E5 27 AE 3C DD 31", master[:]},
		{"SendStartKey128", "8B 7C DC 14 9B 99 3A 1B A1 18 CB 15 3F 56 DC CB", send[:]},
	} {
		if !bytes.Equal(c.got, o(c.want)) {
			t.Errorf("%s: %x, want %s", c.what, c.got, c.want)
		}
	}
	if got := string(m.success(hash)); got != "\x07"+msSuccess {
		t.Errorf("success %q", got)
	}
	if !m.fits(hash) || m.fits(ntHash("clientpass")) {
		t.Error("the vector does not verify")
	}
}

// Against another implementation.
func TestMSCHAPAgainstLayeh(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sixteen := rapid.SliceOfN(rapid.Byte(), 16, 16)
		m := msCHAP2{challenge: sixteen.Draw(t, "challenge"), peer: sixteen.Draw(t, "peer"), user: []byte(rapid.String().Draw(t, "user"))}
		password := rapid.String().Draw(t, "password")
		want, err := rfc2759.GenerateNTResponse(m.challenge, m.peer, m.user, []byte(password))
		if err != nil {
			t.Skip(err)
		}
		m.response = want
		hash := ntHash(password)
		if !m.fits(hash) {
			t.Fatal("the response does not fit")
		}
		success, err := rfc2759.GenerateAuthenticatorResponse(m.challenge, m.peer, m.response, m.user, []byte(password))
		if err != nil || "\x00"+success != string(m.success(hash)) {
			t.Fatalf("success %q, want %q (%v)", m.success(hash), success, err)
		}
		send, receive := mppeKeys(hash, m.response)
		for isSend, got := range map[bool][]byte{true: send[:], false: receive[:]} {
			want, err := rfc3079.MakeKey(m.response, []byte(password), isSend)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("key %v: %x, want %x (%v)", isSend, got, want, err)
			}
		}
	})
}

// microsoft makes the two attributes of an MS-CHAPv2 proof with other code.
func microsoft(t testing.TB, name, password string) []attr {
	t.Helper()
	challenge, peer := []byte("0123456789abcdef"), []byte("fedcba9876543210")
	response, err := rfc2759.GenerateNTResponse(challenge, peer, []byte(name), []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	value := "\x2a\x00" + string(peer) + strings.Repeat("\x00", 8) + string(response)
	return []attr{vsa(vendorMicrosoft, msCHAPChallenge, string(challenge)), vsa(vendorMicrosoft, msCHAP2Response, value)}
}

func vsa(vendor uint32, kind byte, value string) attr {
	b := binary.BigEndian.AppendUint32(nil, vendor)
	return attr{typeVendorSpecific, string(append(append(b, kind, byte(2+len(value))), value...))}
}

// revealed undoes RFC 2548 §2.4.2, written after the RFC and not after hide.go.
func revealed(t *testing.T, hidden, authenticator []byte) []byte {
	t.Helper()
	if len(hidden) < 18 || len(hidden)%16 != 2 || hidden[0]&0x80 == 0 {
		t.Fatalf("hidden value %x", hidden)
	}
	c, previous := hidden[2:], append(append([]byte(nil), authenticator...), hidden[:2]...)
	var plain []byte
	for ; len(c) > 0; c = c[16:] {
		b := md5.Sum(append([]byte(secret), previous...))
		for i := range 16 {
			plain = append(plain, b[i]^c[i])
		}
		previous = c[:16]
	}
	return plain[1 : 1+plain[0]]
}

func TestMSCHAPAnswer(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	attrs := append(at(homeAP, user(`COMMUNE\`+homeLogin)), microsoft(t, homeLogin, homePassword)...)
	// The domain is not part of the login that the register knows.
	attrs[2] = user(homeLogin)
	request := ask{code: codeAccessRequest, attrs: attrs}.encode(t)
	reply := w.give(ask{code: codeAccessRequest}, request)
	if reply == nil || reply[0] != codeAccessAccept {
		t.Fatalf("answer %x; refused %+v", reply, w.refused)
	}
	got := checkReply(t, reply, request)
	response := microsoft(t, homeLogin, homePassword)[1].value[6:]
	success, err := rfc2759.GenerateAuthenticatorResponse([]byte("0123456789abcdef"), []byte("fedcba9876543210"), []byte(response[26:]), []byte(homeLogin), []byte(homePassword))
	if err != nil || string(vendorValue(got, vendorMicrosoft, msCHAP2Success)) != "\x2a"+success {
		t.Errorf("MS-CHAP2-Success %q, want %q (%v)", vendorValue(got, vendorMicrosoft, msCHAP2Success), success, err)
	}
	seen := map[string]bool{}
	for kind, isSend := range map[byte]bool{msMPPESendKey: true, msMPPERecvKey: false} {
		hidden := vendorValue(got, vendorMicrosoft, kind)
		want, err := rfc3079.MakeKey([]byte(response[26:]), []byte(homePassword), isSend)
		if plain := revealed(t, hidden, request[4:20]); err != nil || !bytes.Equal(plain, want) {
			t.Errorf("key %d: %x, want %x (%v)", kind, plain, want, err)
		}
		seen[string(hidden[:2])] = true
	}
	if len(seen) != 2 {
		t.Error("both keys have the same salt")
	}
}

func TestMSCHAPRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		attrs []attr
		want  access.Reason
		error bool
	}{
		{"wrong password", append(at(homeAP, user(homeLogin)), microsoft(t, homeLogin, "wrong")...), access.WrongPassword, true},
		{"unknown login", append(at(homeAP, user("nobody")), microsoft(t, "nobody", homePassword)...), access.UnknownLogin, true},
		{"no challenge", append(at(homeAP, user(homeLogin)), microsoft(t, homeLogin, homePassword)[1]), access.WrongPassword, false},
		{"short response", at(homeAP, user(homeLogin), vsa(vendorMicrosoft, msCHAP2Response, "x")), access.WrongPassword, false},
		// No password is proved to the device, so it could not believe the answer.
		{"MAC by Service-Type", append(at(bssid, user(device.String()), number(typeServiceType, 2)), microsoft(t, device.String(), "unknown")...), access.UnknownLogin, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			remember(w)
			got := w.ask(t, ask{code: codeAccessRequest, attrs: c.attrs})
			if len(w.refused) != 1 || w.refused[0].Reason != c.want.Key() || w.refused[0].Method != "mschap" {
				t.Fatalf("refused %+v", w.refused)
			}
			text := string(vendorValue(got, vendorMicrosoft, msCHAPError))
			if (text != "") != c.error || c.error && !strings.HasPrefix(text, "\x2aE=691 R=0 C=") {
				t.Errorf("MS-CHAP-Error %q", text)
			}
			if vendorValue(got, vendorMicrosoft, msCHAP2Success) != nil || vendorValue(got, vendorMicrosoft, msMPPESendKey) != nil {
				t.Error("a refusal carries a success")
			}
		})
	}
}

func TestMACAuthenticationByNASPassword(t *testing.T) {
	name := device.String()
	for _, c := range []struct {
		what string
		from string
		ask  ask
		want access.Reason
	}{
		{"PAP", "127.0.0.5", ask{attrs: at(bssid, user(name)), password: ptr("shared by all")}, access.Accepted},
		{"CHAP", "127.0.0.5", ask{attrs: at(bssid, user(name)), chap: ptr("shared by all")}, access.Accepted},
		{"MS-CHAPv2", "127.0.0.5", ask{attrs: append(at(bssid, user(name)), microsoft(t, name, "shared by all")...)}, access.Accepted},
		{"another password", "127.0.0.5", ask{attrs: at(bssid, user(name)), password: ptr("guess")}, access.UnknownLogin},
		{"another NAS", "127.0.0.1", ask{attrs: at(bssid, user(name)), password: ptr("shared by all")}, access.UnknownLogin},
		{"MS-CHAPv2 of the address", "127.0.0.1", ask{attrs: append(at(bssid, user(name)), microsoft(t, name, name)...)}, access.Accepted},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, nil, nil, nil)
			remember(w)
			w.nases(t, directory.NAS{ID: "n-5", Name: "shared", Prefix: prefix("127.0.0.5/32"), Secret: directory.NewSecret(secret), ZoneID: "z-port", MACPassword: directory.NewSecret("shared by all")})
			c.ask.code, c.ask.from = codeAccessRequest, c.from
			got := w.ask(t, c.ask)
			if accepted := got.Get(typeClass) != nil; accepted != c.want.Accepted() || !accepted && w.refused[0].Reason != c.want.Key() {
				t.Fatalf("accepted %v; refused %+v", accepted, w.refused)
			}
			if success := vendorValue(got, vendorMicrosoft, msCHAP2Success); strings.HasPrefix(c.what, "MS") != (success != nil) {
				t.Errorf("MS-CHAP2-Success %q", success)
			}
		})
	}
}

func TestSaltsDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, seen := salts{}, map[[2]byte]bool{}
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			salt := s.take()
			if seen[salt] || salt[0]&0x80 == 0 {
				t.Fatalf("salt %x", salt)
			}
			seen[salt] = true
		}
	})
}

func FuzzVendor(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x37\x19\x03x"), uint32(311), byte(25))
	f.Add([]byte("\x00\x00\x01\x37\x19\x00"), uint32(311), byte(25))
	f.Fuzz(func(_ *testing.T, v []byte, vendor uint32, kind byte) {
		vendorValue(wire.Attributes{{Type: typeVendorSpecific, Attribute: v}}, vendor, kind)
	})
}
