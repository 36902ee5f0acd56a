package radius

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
)

// hashRoom is the length of a text, in octets, up to which hashing it allocates
// nothing: more than an Access-Request and its answer usually have. crypto/hmac
// allocates five times for each key, which was a fifth of what a request cost.
const hashRoom = 1024

// The two pads of RFC 2104 §2: 64 times 0x36, and 64 times 0x5c.
const (
	innerPad = `6666666666666666666666666666666666666666666666666666666666666666`
	outerPad = `\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\`
)

// md5Of is MD5 over the parts, one behind the other.
func md5Of(parts ...[]byte) [md5.Size]byte {
	text := make([]byte, 0, hashRoom)
	for _, part := range parts {
		text = append(text, part...)
	}
	return md5.Sum(text)
}

// hmacMD5Of is HMAC-MD5 (RFC 2104 §2) over the parts, one behind the other.
func hmacMD5Of(key []byte, parts ...[]byte) [md5.Size]byte {
	var hashed [md5.Size]byte
	if len(key) > md5.BlockSize {
		hashed = md5.Sum(key)
		key = hashed[:]
	}
	text := padded(make([]byte, md5.BlockSize, md5.BlockSize+hashRoom), key, innerPad)
	for _, part := range parts {
		text = append(text, part...)
	}
	inner := md5.Sum(text)
	return md5.Sum(append(padded(text[:md5.BlockSize], key, outerPad), inner[:]...))
}

// hmacSHA256Of is HMAC-SHA256 over a body of at most hashRoom octets without
// allocating; the key has at most 64 octets.
func hmacSHA256Of(key, body []byte) [sha256.Size]byte {
	text := padded(make([]byte, sha256.BlockSize, sha256.BlockSize+hashRoom), key, innerPad)
	inner := sha256.Sum256(append(text, body...))
	return sha256.Sum256(append(padded(text[:sha256.BlockSize], key, outerPad), inner[:]...))
}

// padded fills block with the key under a pad of the same length.
func padded(block, key []byte, pad string) []byte {
	copy(block, pad)
	subtle.XORBytes(block, block, key)
	return block
}
