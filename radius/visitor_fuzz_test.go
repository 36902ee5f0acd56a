package radius

import (
	"bytes"
	"crypto/md5"
	"slices"
	"strings"
	"testing"
	"time"

	wire "layeh.com/radius"

	"parvis/radius/proxy"
)

// passes are the attributes that a partner may set at our NAS; of those of
// Microsoft, kinds.
var (
	passes          = []wire.Type{typeState, typeReplyMessage, typeEAPMessage, typeChargeableUserIdentity, typeSessionTimeout, typeIdleTimeout, typeClass, typeVendorSpecific, typeMessageAuthenticator, typeProxyState, typeAcctInterimInterval}
	passesMicrosoft = []byte{msCHAPError, msCHAP2Success, msMPPESendKey, msMPPERecvKey, msMPPEEncryptionPolicy, msMPPEEncryptionTypes}
)

// Whatever a partner answers, the NAS gets one signed packet that fits, or none,
// and nothing in it that is not on the list.
func FuzzVisitorReply(f *testing.F) {
	key := vsa(vendorMicrosoft, msMPPESendKey, string(appendHidden(nil, [2]byte{0x80, 1}, []byte("key"), []byte(homeSecret), make([]byte, 16))))
	for _, seed := range [][]attr{
		{},
		{number(typeSessionTimeout, 1), {typeClass, "x"}, {typeEAPMessage, "\x03\x01\x00\x04"}},
		{key, vsa(vendorMicrosoft, msMPPERecvKey, "short"), vsa(vendorMicrosoft, msMPPERecvKey, "\x80\x02"+strings.Repeat("\xff", 240))},
		{{typeVendorSpecific, ""}, {typeVendorSpecific, "\x00\x00\x01\x37\x10\x01"}, {typeVendorSpecific, "\x00\x00\x01\x37\x10\xff"}},
		{number(typeTunnelType, 13), {typeTunnelPrivateGroupID, "66"}, vsa(vendorCisco, 1, "shell:priv-lvl=15")},
		{{typeSessionTimeout, "12345"}, {typeIdleTimeout, ""}, {typeSessionTimeout, "\xff\xff\xff\xff"}},
		{{69, ""}, {69, "\x00\x80"}},                                                                     // CVE-2003-0967, CVE-2009-3111: Tunnel-Password
		{{typeEAPMessage, ""}, {typeEAPMessage, ""}, {typeEAPMessage, ""}},                               // CVE-2017-10985 (FR-GV-302): empty ones to be joined
		{{typeEAPMessage, "\x01\x01\xff\xff\x0d\x80\xff\xff\xff\xff"}},                                   // radsecproxy 1.11.0, CVE-2012-4445: lengths inside EAP
		{vsa(vendorMicrosoft, msMPPESendKey, "\x80\x01"), vsa(vendorMicrosoft, msMPPERecvKey, "")},       // CVE-2017-10978 (FR-GV-201): nothing behind the salt
		{{typeVendorSpecific, rawVendor(24757, "\x01\xff\x80x")}},                                        // CVE-2017-10979, -10984: WiMAX
		{{typeVendorSpecific, rawVendor(529, "\xf2\x03\x01")}, {242, "\x01"}},                            // CVE-2022-41861: abinary
		{{typeVendorSpecific, rawVendor(vendorMicrosoft, "\x10\x00")}},                                   // layeh.com/radius: inner length 0
		{{typeState, ""}, {typeState, strings.Repeat("s", 253)}, {typeState, strings.Repeat("t", 253)}},  // CVE-2006-1354: State
		{{typeSessionTimeout, "\xff\xff\xff"}, number(typeSessionTimeout, 1<<31), {typeIdleTimeout, ""}}, // FR-GV-305, FR-GV-207: integers
	} {
		for _, code := range []byte{codeAccessAccept, codeAccessReject, codeAccessChallenge} {
			var b []byte
			for _, a := range seed {
				b = append(append(b, a.kind, byte(2+len(a.value))), a.value...)
			}
			f.Add(code, b)
		}
	}
	home := newPartnerServer(f)
	v := visiting(f, func(o *proxy.Options) { o.Try = 5 * time.Second }, home.server())
	request := visitor().encode(f)
	f.Fuzz(func(t *testing.T, code byte, list []byte) {
		var attrs []attr
		parsed, err := wire.ParseAttributes(list)
		if err != nil || len(list) > 4000 {
			return
		}
		for _, a := range parsed {
			if a.Type != typeMessageAuthenticator && a.Type != typeProxyState {
				attrs = append(attrs, attr{byte(a.Type), string(a.Attribute)})
			}
		}
		code = []byte{codeAccessAccept, codeAccessReject, codeAccessChallenge}[code%3]
		home.say(func(*wire.Packet) (wire.Code, []attr) { return wire.Code(code), attrs })
		r := &request0{bytes: request}
		reply, why := v.askHome(t.Context(), r.inquiry(v), v.o.Proxy.Find(guest))
		if why != discardNone {
			if len(list) < 3000 {
				t.Fatalf("no answer: %s", why)
			}
			return
		}
		if reply[0] != code {
			t.Fatalf("code %d became %d", code, reply[0])
		}
		for _, a := range checkReply(t, reply, request) {
			if !slices.Contains(passes, a.Type) {
				t.Fatalf("attribute %d passed", a.Type)
			}
			if a.Type == typeVendorSpecific && bytes.HasPrefix(a.Attribute, []byte{0, 0, 1, 0x37}) && !slices.Contains(passesMicrosoft, a.Attribute[4]) {
				t.Fatalf("attribute %d of Microsoft passed", a.Attribute[4])
			}
		}
	})
}

// request0 makes the same inquiry again and again.
type request0 struct{ bytes []byte }

func (r *request0) inquiry(v *visited) *inquiry {
	q := &request{n: len(r.bytes), link: &datagram{}, at: morning, snap: v.register.Snapshot()}
	copy(q.buf[:], r.bytes)
	q.nas = v.register.Snapshot().NASes()[0]
	q.secret = q.nas.Secret
	i := &inquiry{request: q, signed: true}
	i.index()
	i.place = find(q.snap, q.nas, i.attrs)
	return i
}

// The hiding of a key survives the change of secrets, whatever its length.
func FuzzKeyHiddenAnew(f *testing.F) {
	f.Add([]byte("a key of sixteen"), []byte("salt"), []byte("0123456789abcdef"))
	f.Add([]byte{}, []byte{}, []byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 239), []byte{0xff, 0xff}, bytes.Repeat([]byte{1}, 16))
	home := newPartnerServer(f)
	v := visiting(f, func(o *proxy.Options) { o.Try = 5 * time.Second }, home.server())
	request := visitor().encode(f)
	f.Fuzz(func(t *testing.T, key, salt, tail []byte) {
		if len(key) > maxKey || len(tail) > 100 {
			return
		}
		var s [2]byte
		copy(s[:], salt)
		home.say(func(asked *wire.Packet) (wire.Code, []attr) {
			hidden := appendHidden(nil, s, key, []byte(homeSecret), asked.Authenticator[:])
			return codeAccessAccept, []attr{vsa(vendorMicrosoft, msMPPESendKey, string(hidden)), vsa(vendorMicrosoft, msMPPERecvKey, string(tail))}
		})
		reply, why := v.askHome(t.Context(), (&request0{request}).inquiry(v), v.o.Proxy.Find(guest))
		if why != discardNone {
			t.Fatal(why)
		}
		got := checkReply(t, reply, request)
		hidden := vendorValue(got, vendorMicrosoft, msMPPESendKey)
		if len(hidden) < 2+md5.Size {
			t.Fatalf("the key is gone: %x", reply)
		}
		if back := revealed(t, hidden, request[4:20]); !bytes.Equal(back, key) {
			t.Fatalf("%x became %x", key, back)
		}
	})
}
