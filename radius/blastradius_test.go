package radius

import (
	"bytes"
	"crypto/md5"
	"slices"
	"testing"

	"parvis/internal/directory"
)

// The published attack on RADIUS over UDP (CVE-2024-3596) turns a Reject into an
// Accept when all of this holds:
//
//  1. an Access-Request is answered to which an attacker on the way has added a
//     Proxy-State of their choice;
//  2. the answer echoes it, and every octet of the answer before it is known
//     beforehand: then MD5 collides for a chosen prefix, and the Response
//     Authenticator of the Reject fits an Accept with other octets;
//  3. whoever asked believes an answer on its Response Authenticator alone.
//
// The collision itself takes minutes on many processors. The tests hold what it
// depends on: without 1 and 2 there is nothing to collide.

// tampered adds a Proxy-State to a request, as somebody on the way can who does
// not know the secret.
func tampered(request []byte, value string) []byte {
	b := slices.Clone(request)
	b = append(append(b, typeProxyState, byte(2+len(value))), value...)
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	return b
}

func TestBlastRADIUS(t *testing.T) {
	gibberish := string(bytes.Repeat([]byte{0xa5}, 200))
	for _, posture := range []directory.Signature{directory.SignatureYes, directory.SignatureAuto, directory.SignatureNo} {
		t.Run(string(posture), func(t *testing.T) {
			n := autoNAS("n-7", "127.0.0.7/32")
			n.Signature = posture
			w := newWorld(t, nil, nil, nil)
			w.nases(t, n)
			a := ask{code: codeAccessRequest, from: "127.0.0.7", attrs: at(homeAP, user(homeLogin)), password: ptr("guess")}

			// 1: neither an unsigned nor a signed request is answered once a Proxy-State was added.
			for _, a.unsigned = range []bool{true, false} {
				a.id++
				if reply := w.give(a, tampered(a.encode(t), gibberish)); reply != nil {
					t.Errorf("unsigned %v: a request with an added Proxy-State is answered: %x", a.unsigned, reply)
				}
			}
			// Nor does it push out, or stand for, what the NAS itself asks.
			a.id++
			request := a.encode(t)
			w.give(a, tampered(request, gibberish))
			reply := w.give(a, request)
			if reply == nil || reply[0] != codeAccessReject {
				t.Fatalf("the NAS's own request: %x", reply)
			}

			// 2: with a Proxy-State that the NAS signed, what stands before the echo
			// hangs on the secret: two secrets, no common prefix but the header.
			a.attrs = append(a.attrs, attr{typeProxyState, gibberish})
			a.id++
			request = a.encode(t)
			reply = w.give(a, request)
			echo := bytes.Index(reply, []byte(gibberish))
			if echo < headerLength+18 || reply[headerLength] != typeMessageAuthenticator {
				t.Fatalf("the echo stands at %d in %x", echo, reply)
			}
			plain := slices.Clone(reply)
			copy(plain[4:20], request[4:20])
			clear(plain[22:38])
			if bytes.Equal(hmacMD5(secret, plain), hmacMD5("another secret", plain)) || !bytes.Equal(hmacMD5(secret, plain), reply[22:38]) {
				t.Error("what stands before the echo does not hang on the secret")
			}
		})
	}
}

// 3, seen from a NAS that checks the Message-Authenticator: an attacker who had
// the collision (here: who is given a right Response Authenticator for free)
// still has no Message-Authenticator for an Accept.
func TestForgedAcceptHasNoMessageAuthenticator(t *testing.T) {
	w := newWorld(t, nil, nil, nil)
	a := ask{code: codeAccessRequest, attrs: at(homeAP, user(homeLogin)), password: ptr("guess")}
	request := a.encode(t)
	forged := slices.Clone(w.give(a, request))
	forged[0] = codeAccessAccept
	copy(forged[4:20], request[4:20])
	sum := md5.Sum(append(slices.Clone(forged), secret...))
	copy(forged[4:20], sum[:])

	plain := slices.Clone(forged)
	copy(plain[4:20], request[4:20])
	clear(plain[22:38])
	if bytes.Equal(hmacMD5(secret, plain), forged[22:38]) {
		t.Error("the Message-Authenticator of a Reject fits an Accept")
	}
}
