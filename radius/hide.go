package radius

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
)

// saltOctets begin a value that is hidden as RFC 2548 §2.4.2 and RFC 2868 §3.5 say.
const saltOctets = 2

// salts gives the salts of one packet: RFC 2868 §3.5, each different, and the
// most significant bit set.
type salts struct {
	next uint16
	set  bool
}

func (s *salts) take() [saltOctets]byte {
	if !s.set {
		var b [saltOctets]byte
		rand.Read(b[:])
		s.next, s.set = uint16(b[0])<<8|uint16(b[1]), true
	}
	s.next++
	v := s.next | 1<<15
	return [saltOctets]byte{byte(v >> 8), byte(v)}
}

// appendHidden appends the salt and the hidden value: a length octet and the
// value, padded to sixteen, each sixteen octets under MD5 of the secret and
// what comes before. value has at most 239 octets.
func appendHidden(b []byte, salt [saltOctets]byte, value, secret, requestAuthenticator []byte) []byte {
	b = append(b, salt[:]...)
	plain := make([]byte, (1+len(value)+md5.Size-1)/md5.Size*md5.Size)
	plain[0] = byte(len(value))
	copy(plain[1:], value)
	h := md5.New()
	h.Write(secret)
	h.Write(requestAuthenticator)
	h.Write(salt[:])
	var sum [md5.Size]byte
	for len(plain) > 0 {
		h.Sum(sum[:0])
		subtle.XORBytes(plain[:md5.Size], plain[:md5.Size], sum[:])
		b = append(b, plain[:md5.Size]...)
		h.Reset()
		h.Write(secret)
		h.Write(plain[:md5.Size])
		plain = plain[md5.Size:]
	}
	return b
}
