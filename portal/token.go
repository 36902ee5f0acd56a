package portal

import (
	"crypto/hmac"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// A token carries fields through a browser: readable, but not changeable, and
// only until an instant. label keeps a token of one use from serving another.

// sealToken spells fields as a token. No field may hold a line feed.
func sealToken(k directory.Key, label string, until time.Time, fields ...string) string {
	text := strconv.FormatInt(until.Unix(), 36) + "\n" + strings.Join(fields, "\n")
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + k.Hash(label, text)
}

// openToken returns the n fields of a token, or false when it is not ours,
// too old or of another form.
func openToken(k directory.Key, label, token string, now time.Time, n int) ([]string, bool) {
	if len(token) > 2048 {
		return nil, false
	}
	body, sum, ok := strings.Cut(token, ".")
	if !ok {
		return nil, false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || !hmac.Equal([]byte(sum), []byte(k.Hash(label, string(text)))) {
		return nil, false
	}
	fields := strings.Split(string(text), "\n")
	until, err := strconv.ParseInt(fields[0], 36, 64)
	if err != nil || now.Unix() >= until || len(fields) != n+1 {
		return nil, false
	}
	return fields[1:], true
}
