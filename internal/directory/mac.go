package directory

import (
	"errors"
	"fmt"
	"strings"
)

// MAC is a 48-bit hardware address. The zero value means "no address".
type MAC [6]byte

var errMAC = errors.New("a MAC address has 12 hexadecimal digits, for example 02-AA-BB-CC-DD-01")

// ParseMAC reads every usual spelling: six groups of two with ":" or "-",
// three groups of four with "." (Cisco), "-" or ":", two groups of six with
// "-" (HP), or twelve digits without separators; in either case.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	if !macShape(s) {
		return MAC{}, fmt.Errorf("%q is not a MAC address: %w", clip(s), errMAC)
	}
	n := 0
	for i := 0; i < len(s); i++ {
		v, ok := hexDigit(s[i])
		if !ok {
			continue
		}
		m[n/2] = m[n/2]<<4 | v
		n++
	}
	return m, nil
}

// macShape reports whether s is twelve hex digits in equal groups of 2, 4, 6
// or 12 parted by one separator.
func macShape(s string) bool {
	var sep byte
	group, size, digits := 0, 0, 0
	for i := 0; i < len(s); i++ {
		if _, ok := hexDigit(s[i]); ok {
			group++
			digits++
			continue
		}
		switch {
		case s[i] != ':' && s[i] != '-' && s[i] != '.':
			return false
		case sep == 0:
			sep, size = s[i], group
		case s[i] != sep:
			return false
		}
		if group != size {
			return false
		}
		group = 0
	}
	if digits != 12 {
		return false
	}
	if sep == 0 {
		return true
	}
	return group == size && (size == 2 || size == 4 || size == 6)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// clip keeps an outsider's text short enough for a log line or an error. It
// returns a copy, so that a caller of what parses need not have its text on the
// heap for the sake of an error.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "?") + "…"
	}
	return strings.Clone(s)
}

// String spells the address as RFC 3580 §3.20 does: 02-AA-BB-CC-DD-01.
func (m MAC) String() string {
	const digits = "0123456789ABCDEF"
	var b [17]byte
	for i, v := range m {
		if i > 0 {
			b[i*3-1] = '-'
		}
		b[i*3], b[i*3+1] = digits[v>>4], digits[v&15]
	}
	return string(b[:])
}

// IsZero reports whether m is absent.
func (m MAC) IsZero() bool { return m == MAC{} }

// Random reports whether the address is locally administered, which phones use
// for their randomised addresses. A hint for people, never a reason to refuse.
func (m MAC) Random() bool { return m[0]&2 != 0 }

// CalledStation is a Called-Station-Id: the access point's radio and network.
type CalledStation struct {
	BSSID MAC
	SSID  string
}

// ParseCalledStation reads "BSSID:SSID" (RFC 3580 §3.20), a bare MAC as
// CoovaChilli sends it, or "BSSID:" as hostapd's wired driver does. The SSID
// may itself hold colons. When only the SSID is odd, the BSSID comes with the
// error: an access point stays known whatever its network is called.
func ParseCalledStation(s string) (CalledStation, error) {
	for _, n := range []int{17, 14, 13, 12} {
		if len(s) < n || len(s) > n && s[n] != ':' {
			continue
		}
		mac, err := ParseMAC(s[:n])
		if err != nil {
			continue
		}
		if len(s) <= n+1 {
			return CalledStation{BSSID: mac}, nil
		}
		ssid, err := ParseSSID(s[n+1:])
		if err != nil {
			return CalledStation{BSSID: mac}, err
		}
		return CalledStation{BSSID: mac, SSID: ssid}, nil
	}
	return CalledStation{}, fmt.Errorf("%q is not a Called-Station-Id: want BSSID:SSID, for example 02-AA-BB-CC-DD-01:Parvis", clip(s))
}
