package radius

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"

	wire "layeh.com/radius"

	"parvis/internal/access"
	"parvis/internal/directory"
)

// The Class that we issue, RFC 2865 §5.25: a NAS sends it back in accounting, so
// that a session counts for the right dwelling even when User-Name is an outer
// identity such as "anonymous".
//
//	octet  0       version
//	       1..16   random: names the session
//	       17      what the subject is
//	       18..    id of the subject
//	       last 16 HMAC-SHA256 over all before, cut
const (
	classVersion  = 1
	classRandom   = 16
	classMAC      = 16
	classMinimum  = 1 + classRandom + 1 + 1 + classMAC
	classMaximum  = 253
	classZone     = 'z'
	classDwelling = 'd'
)

// subject is who a session is counted for; kind is classZone or classDwelling.
type subject struct {
	kind byte
	id   string
}

func subjectOf(g access.Grant) subject {
	if g.DwellingID != "" {
		return subject{classDwelling, g.DwellingID}
	}
	return subject{classZone, g.ZoneID}
}

// newClass makes a token; ok is false when the id is too long to be carried.
func newClass(key directory.Key, to subject) (token []byte, ok bool) {
	// Small enough to become a part of its caller, whose stack has the room then.
	return appendClass(make([]byte, 0, classMaximum), key, to)
}

func appendClass(token []byte, key directory.Key, to subject) (_ []byte, ok bool) {
	if classMinimum-1+len(to.id) > classMaximum {
		return nil, false
	}
	token = append(token, classVersion)
	token = token[:1+classRandom]
	rand.Read(token[1:])
	token = append(token, to.kind)
	token = append(token, to.id...)
	return appendClassMAC(token, key, token), true
}

func appendClassMAC(b []byte, key directory.Key, body []byte) []byte {
	sum := hmacSHA256Of(key[:], body)
	return append(b, sum[:classMAC]...)
}

// parseClass reads one Class; ok is false for whatever we did not make.
func parseClass(key directory.Key, v []byte) (name string, of subject, ok bool) {
	if len(v) < classMinimum || len(v) > classMaximum || v[0] != classVersion {
		return "", subject{}, false
	}
	body := v[:len(v)-classMAC]
	var sum [classMAC]byte
	if !hmac.Equal(appendClassMAC(sum[:0], key, body), v[len(v)-classMAC:]) {
		return "", subject{}, false
	}
	of = subject{body[1+classRandom], string(body[2+classRandom:])}
	if of.kind != classZone && of.kind != classDwelling {
		return "", subject{}, false
	}
	return hex.EncodeToString(body[1 : 1+classRandom]), of, true
}

// findClass returns the first of possibly several Class attributes that is ours.
func findClass(key directory.Key, attrs wire.Attributes) (name string, of subject, ok bool) {
	for _, a := range attrs {
		if a.Type != typeClass {
			continue
		}
		if name, of, ok = parseClass(key, a.Attribute); ok {
			return name, of, true
		}
	}
	return "", subject{}, false
}
