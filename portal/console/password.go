package console

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Password lengths, in characters and octets. NIST SP 800-63B-4 §3.1.1.2 asks for
// no rules but length; the upper bound keeps a form from becoming work.
const (
	minPassword      = 12
	maxPasswordBytes = 256
)

// The cost of a hash: the second choice of OWASP's password storage sheet.
var current = phc{memory: 19 * 1024, time: 2, threads: 1}

const (
	saltBytes = 16
	hashBytes = 32
)

// CheckPassword says in a sentence what is wrong with a password that somebody
// chooses.
func CheckPassword(password string) error {
	switch {
	case !utf8.ValidString(password):
		return errors.New("the password is not text")
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Errorf("the password needs at least %d characters: a few words that do not belong together are good", minPassword)
	case len(password) > maxPasswordBytes:
		return fmt.Errorf("the password has more than %d octets", maxPasswordBytes)
	}
	return nil
}

// HashPassword returns the argon2id hash of a password in PHC form. It takes
// about 20 ms and 19 MiB.
func HashPassword(password string) (string, error) {
	p := current
	p.salt = make([]byte, saltBytes)
	rand.Read(p.salt)
	p.hash = p.derive(password, hashBytes)
	return p.String(), nil
}

// VerifyPassword reports whether hash, in PHC form, is of that password. An
// error says that hash is not one that this program reads.
func VerifyPassword(hash, password string) (bool, error) {
	p, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	if len(password) > maxPasswordBytes {
		return false, nil
	}
	return subtle.ConstantTimeCompare(p.derive(password, len(p.hash)), p.hash) == 1, nil
}

func (p phc) derive(password string, size int) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(size))
}
