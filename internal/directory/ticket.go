package directory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// TicketLife is how long a ticket may be redeemed: the seconds that a browser
// needs from the portal through the gateway to RADIUS.
const TicketLife = 60 * time.Second

// Ticket is the one-time proof that takes a browser from the portal through
// the gateway to RADIUS. Its code travels as the User-Name.
type Ticket struct {
	MAC    MAC
	NASID  string
	ZoneID string
	Until  time.Time // of the device's memory: the session ends with it
}

const ticketPrefix = "ticket-"

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewTicketCode makes a code with 128 random bits.
func NewTicketCode() string {
	var b [16]byte
	rand.Read(b[:])
	return ticketPrefix + base32Lower.EncodeToString(b[:])
}

// IsTicketCode reports whether a User-Name has the form of a ticket.
func IsTicketCode(user string) bool {
	code, ok := strings.CutPrefix(user, ticketPrefix)
	if !ok || len(code) != 26 {
		return false
	}
	for i := range len(code) {
		if c := code[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// Key is a 256-bit key of this installation, from which keyed hashes are made.
// Each use has a label of its own, so that one hash never serves for another.
// Printed, logged or marshalled it shows dots.
type Key [32]byte

// Format implements fmt.Formatter.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, dots) }

// LogValue implements slog.LogValuer.
func (k Key) LogValue() slog.Value { return slog.StringValue(dots) }

// MarshalText implements encoding.TextMarshaler.
func (k Key) MarshalText() ([]byte, error) { return []byte(dots), nil }

// Hash returns a keyed hash of text as hexadecimal-like text (52 characters).
func (k Key) Hash(label, text string) string {
	sum := k.mac(label, text)
	return base32Lower.EncodeToString(sum[:])
}

func (k Key) mac(label, text string) [sha256.Size]byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(label))
	h.Write([]byte{0})
	h.Write([]byte(text))
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// TicketHash is what is stored of a ticket code.
func (k Key) TicketHash(code string) string { return k.Hash("ticket", code) }

// TicketPassword is the password that goes with a ticket code. It can be made
// again from the code, so that CHAP works while only the hash is stored.
func (k Key) TicketPassword(code string) Secret {
	return NewSecret(k.Hash("ticket-password", code)[:26])
}
