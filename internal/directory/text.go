package directory

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseLogin normalises a dwelling's login: surrounding space is dropped and
// letters become small, as people type them on a phone. 1 to 64 characters of
// a–z, 0–9, ".", "-", "_" and "@".
func ParseLogin(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return "", errors.New("the login is empty")
	}
	if len(s) > 64 {
		return "", fmt.Errorf("the login is longer than 64 characters: %q", clip(s))
	}
	for _, r := range s {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune(".-_@", r)) {
			return "", fmt.Errorf("the login %q holds %q: use a–z, 0–9, dot, dash, underscore and @", clip(s), r)
		}
	}
	return s, nil
}

// ParseSSID checks a network name. IEEE 802.11 allows 1 to 32 octets; control
// characters are refused, because nobody can read or type them.
func ParseSSID(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("the SSID is empty")
	case len(s) > 32:
		return "", fmt.Errorf("the SSID %q is longer than 32 octets", clip(s))
	case !utf8.ValidString(s):
		return "", fmt.Errorf("the SSID %q is not UTF-8", clip(s))
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", fmt.Errorf("the SSID %q holds a control character", clip(s))
	}
	return s, nil
}

// ParseName checks a name that staff gave to something: 1 to 120 characters
// without control characters. what is the noun for the error.
func ParseName(what, s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fmt.Errorf("the %s is empty", what)
	case utf8.RuneCountInString(s) > 120:
		return "", fmt.Errorf("the %s is longer than 120 characters", what)
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return "", fmt.Errorf("the %s %q holds a control character", what, clip(s))
	}
	return s, nil
}
