package radius

import (
	"bytes"
	"crypto/des"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //lint:ignore SA1019 RFC 2759 §8.3 hashes with MD4, and nothing else will do
)

// MS-CHAP version 2, RFC 2759, as RFC 2548 carries it. Its DES and MD4 protect
// nobody who is overheard; it is here because the devices know nothing better.

// Attributes of vendorMicrosoft, RFC 2548.
const (
	msCHAPResponse         = 1
	msCHAPError            = 2
	msMPPEEncryptionPolicy = 7
	msMPPEEncryptionTypes  = 8
	msCHAPChallenge        = 11
	msMPPESendKey          = 16
	msMPPERecvKey          = 17
	msCHAP2Response        = 25
	msCHAP2Success         = 26
)

// Lengths and places in MS-CHAP2-Response, RFC 2548 §2.3.2: ident, flags, peer
// challenge, eight zero octets, response.
const (
	msChallengeOctets = 16
	msPeerAt          = 2
	msResponseAt      = 26
	msResponseOctets  = 24
	msCHAP2Octets     = msResponseAt + msResponseOctets
	ntHashOctets      = md4.Size
)

// msCHAP2 is what a peer sent to prove a password; its slices lie in the request.
type msCHAP2 struct {
	ident     byte
	challenge []byte // of the NAS, 16 octets
	peer      []byte // of the peer, 16 octets
	response  []byte // 24 octets
	user      []byte // User-Name without the domain, RFC 2759 §4
}

// parseMSCHAP2 reads the two attributes; ok is false when their shape is wrong.
func parseMSCHAP2(challenge, response, user []byte) (m msCHAP2, ok bool) {
	if len(challenge) != msChallengeOctets || len(response) != msCHAP2Octets {
		return m, false
	}
	if i := bytes.LastIndexByte(user, '\\'); i >= 0 {
		user = user[i+1:]
	}
	return msCHAP2{
		ident: response[0], challenge: challenge, user: user,
		peer: response[msPeerAt : msPeerAt+msChallengeOctets], response: response[msResponseAt:],
	}, true
}

// fits reports whether the response was made from that password hash.
func (m *msCHAP2) fits(hash [ntHashOctets]byte) bool {
	want := challengeResponse(challengeHash(m.peer, m.challenge, m.user), hash)
	return subtle.ConstantTimeCompare(want[:], m.response) == 1
}

// success is the value of MS-CHAP2-Success: ident and 42 characters that prove
// to the peer that we know the password too.
func (m *msCHAP2) success(hash [ntHashOctets]byte) []byte {
	sum := authenticatorResponse(hash, m.response, m.peer, m.challenge, m.user)
	return append([]byte{m.ident, 'S', '='}, bytes.ToUpper([]byte(hex.EncodeToString(sum[:])))...)
}

// failure is the value of MS-CHAP-Error, RFC 2548 §2.1.5 and RFC 2759 §6:
// ERROR_AUTHENTICATION_FAILURE, no retry, a challenge that nobody will use.
func (m *msCHAP2) failure() []byte {
	var challenge [msChallengeOctets]byte
	rand.Read(challenge[:])
	b := append([]byte{m.ident}, "E=691 R=0 C="...)
	b = append(b, bytes.ToUpper([]byte(hex.EncodeToString(challenge[:])))...)
	return append(b, " V=3 M=Access refused"...)
}

// ntHash is NtPasswordHash, RFC 2759 §8.3. It is as good as the password itself.
func ntHash(password string) [ntHashOctets]byte {
	h := md4.New()
	for _, unit := range utf16.Encode([]rune(password)) {
		var b [2]byte
		binary.LittleEndian.PutUint16(b[:], unit)
		h.Write(b[:])
	}
	return [ntHashOctets]byte(h.Sum(nil))
}

// challengeHash is ChallengeHash, RFC 2759 §8.2.
func challengeHash(peer, authenticator, user []byte) [des.BlockSize]byte {
	h := sha1.New()
	h.Write(peer)
	h.Write(authenticator)
	h.Write(user)
	return [des.BlockSize]byte(h.Sum(nil)[:des.BlockSize])
}

// challengeResponse is ChallengeResponse, RFC 2759 §8.5: the challenge under
// three DES keys of seven octets each.
func challengeResponse(challenge [des.BlockSize]byte, hash [ntHashOctets]byte) (out [msResponseOctets]byte) {
	const keyOctets = 7
	var padded [3 * keyOctets]byte
	copy(padded[:], hash[:])
	for i := range 3 {
		key := desKey([keyOctets]byte(padded[keyOctets*i:]))
		block, err := des.NewCipher(key[:])
		if err != nil {
			panic(err) // eight octets are always a key
		}
		block.Encrypt(out[des.BlockSize*i:], challenge[:])
	}
	return out
}

// desKey spreads 56 bits over eight octets, each with odd parity.
func desKey(k [7]byte) (key [des.BlockSize]byte) {
	var all uint64
	for _, b := range k {
		all = all<<8 | uint64(b)
	}
	for i := range key {
		seven := byte(all>>(49-7*i)) << 1
		key[i] = seven | byte(1-bits.OnesCount8(seven)&1)
	}
	return key
}

// The two texts of GenerateAuthenticatorResponse, RFC 2759 §8.7.
const (
	msMagic1 = "Magic server to client signing constant"
	msMagic2 = "Pad to make it do more than one iteration"
)

func authenticatorResponse(hash [ntHashOctets]byte, response, peer, authenticator, user []byte) [sha1.Size]byte {
	h := sha1.New()
	hashHash := ntHashHash(hash)
	h.Write(hashHash[:])
	h.Write(response)
	h.Write([]byte(msMagic1))
	digest := h.Sum(nil)
	challenge := challengeHash(peer, authenticator, user)
	h.Reset()
	h.Write(digest)
	h.Write(challenge[:])
	h.Write([]byte(msMagic2))
	return [sha1.Size]byte(h.Sum(nil))
}

// ntHashHash is HashNtPasswordHash, RFC 2759 §8.4.
func ntHashHash(hash [ntHashOctets]byte) [ntHashOctets]byte {
	h := md4.New()
	h.Write(hash[:])
	return [ntHashOctets]byte(h.Sum(nil))
}
