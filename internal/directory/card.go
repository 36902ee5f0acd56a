package directory

import (
	"crypto/rand"
	"errors"
	"strings"
)

// A card code is 15 random decimal digits and a check digit, printed in groups
// of four: 49 bits, behind a rate limit.
const cardDigits = 16

var errCard = errors.New("the code has 16 digits, as printed on the card")

// NewCardCode makes a code: 16 digits, the last one a Luhn check digit.
func NewCardCode() string {
	var b [cardDigits]byte
	for i := 0; i < cardDigits-1; {
		var r [1]byte
		rand.Read(r[:])
		if r[0] < 250 { // an even share for every digit
			b[i] = '0' + r[0]%10
			i++
		}
	}
	b[cardDigits-1] = luhn(string(b[:cardDigits-1]))
	return string(b[:])
}

// ParseCardCode reads a code as people type it: spaces and dashes are ignored,
// O counts as 0 and I or l as 1, Arabic-Indic and Persian digits are folded. A
// slip of one digit is caught here, before it counts as an attempt.
func ParseCardCode(s string) (string, error) {
	if len(s) > 200 {
		return "", errCard
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case r == 'o' || r == 'O':
			b.WriteByte('0')
		case r == 'i' || r == 'I' || r == 'l' || r == 'L':
			b.WriteByte('1')
		case '٠' <= r && r <= '٩':
			b.WriteRune('0' + r - '٠')
		case '۰' <= r && r <= '۹':
			b.WriteRune('0' + r - '۰')
		case r == ' ' || r == '-' || r == '.' || r == '\u00a0' || r == '\u202f':
		default:
			return "", errCard
		}
	}
	code := b.String()
	if len(code) != cardDigits {
		return "", errCard
	}
	if luhn(code[:cardDigits-1]) != code[cardDigits-1] {
		return "", errors.New("one digit of the code is not right: please read the card again")
	}
	return code, nil
}

// GroupCardCode spells a code as it is printed: four groups of four.
func GroupCardCode(code string) string {
	var groups []string
	for ; len(code) > 4; code = code[4:] {
		groups = append(groups, code[:4])
	}
	return strings.Join(append(groups, code), " ")
}

// luhn returns the check digit that goes behind digits (ISO/IEC 7812-1 annex B).
func luhn(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// CardHash is what is stored of a card code.
func (k Key) CardHash(code string) string { return k.Hash("card", code) }
