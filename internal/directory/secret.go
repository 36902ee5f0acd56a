package directory

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a password, key or shared secret. However it is printed, logged or
// marshalled it shows dots; only Reveal gives the text.
type Secret struct{ text string }

const dots = "••••••••"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text, for the one place that must use it.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == "" }

// Equal compares in a time that does not depend on where, or whether, the
// texts or their lengths differ.
func (s Secret) Equal(text string) bool {
	a, b := sha256.Sum256([]byte(s.text)), sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String implements fmt.Stringer.
func (s Secret) String() string { return dots }

// Format implements fmt.Formatter, so that no verb (%x, %q, %#v) shows the text.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, dots) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(dots) }

// MarshalText implements encoding.TextMarshaler (JSON, TOML, XML).
func (s Secret) MarshalText() ([]byte, error) { return []byte(dots), nil }
