package radius

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// text makes an outsider's octets fit to be stored and shown: what is UTF-8
// without control characters stays as it is, every other octet becomes %XX.
// PostgreSQL stores neither NUL nor invalid UTF-8.
func text(v []byte) string {
	if s := string(v); utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	var b strings.Builder
	for len(v) > 0 {
		r, size := utf8.DecodeRune(v)
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) {
			for _, c := range v[:size] {
				b.WriteByte('%')
				b.WriteByte(upperHex[c>>4])
				b.WriteByte(upperHex[c&15])
			}
		} else {
			b.Write(v[:size])
		}
		v = v[size:]
	}
	return b.String()
}

// cut returns at most n octets of v, without breaking a character.
func cut(v []byte, n int) []byte {
	if len(v) <= n {
		return v
	}
	for n > 0 && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n]
}
