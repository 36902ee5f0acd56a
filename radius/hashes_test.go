package radius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"
)

func TestHashes(t *testing.T) {
	octets := func(most int) *rapid.Generator[[]byte] { return rapid.SliceOfN(rapid.Byte(), 0, most) }
	rapid.Check(t, func(t *rapid.T) {
		// Long enough to leave the stack.
		a, b := octets(2*hashRoom).Draw(t, "a"), octets(100).Draw(t, "b")
		all := append(bytes.Clone(a), b...)
		if want := md5.Sum(all); md5Of(a, b) != want {
			t.Error("MD5 of two parts is not that of the whole")
		}
		key := octets(3*md5.BlockSize).Draw(t, "key")
		h := hmac.New(md5.New, key)
		h.Write(all)
		if want := [md5.Size]byte(h.Sum(nil)); hmacMD5Of(key, a, b) != want {
			t.Errorf("HMAC-MD5 with a key of %d octets", len(key))
		}
		key = octets(sha256.BlockSize).Draw(t, "short key")
		h = hmac.New(sha256.New, key)
		h.Write(all)
		if want := [sha256.Size]byte(h.Sum(nil)); hmacSHA256Of(key, all) != want {
			t.Errorf("HMAC-SHA256 with a key of %d octets", len(key))
		}
	})
}

func TestHashesAllocateNothing(t *testing.T) {
	key, text := make([]byte, 16), make([]byte, 300)
	if n := testing.AllocsPerRun(100, func() {
		md5Of(key, text)
		hmacMD5Of(key, text, key)
		hmacSHA256Of(key, text)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
