package directory

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Secret is a password, key or shared secret. However it is printed, logged or
// marshalled it shows dots; only Reveal gives the text. Two secrets with the
// same text are equal under ==, which is for tests and change detection; what
// an outsider sends is compared with Equal.
//
// The text stands behind a handle, because fmt looks past every method into an
// unexported field of another struct and at a bad verb: there it finds an
// address only.
type Secret struct{ text unique.Handle[string] }

const dots = "••••••••"

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal returns the text, for the one place that must use it.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// Equal compares in a time that does not depend on where, or whether, the
// texts or their lengths differ.
func (s Secret) Equal(text string) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(text))
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
