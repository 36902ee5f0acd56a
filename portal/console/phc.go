package console

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// phc is an argon2id hash with its parameters, as the PHC string format spells
// them: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
type phc struct {
	memory     uint32 // KiB
	time       uint32
	threads    uint8
	salt, hash []byte
}

// Bounds of what is read: a hash comes from our own store, but a mistaken one
// must not take the memory of the machine.
const (
	maxMemory  = 64 * 1024 // KiB
	maxTime    = 10
	maxThreads = 4
	minSalt    = 8
	minHash    = 16
	maxField   = 64
)

var (
	errPHC = errors.New("the password hash is not argon2id in PHC form")
	b64    = base64.RawStdEncoding.Strict()
)

// String spells the PHC form.
func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		b64.EncodeToString(p.salt), b64.EncodeToString(p.hash))
}

// parsePHC reads one spelling only: what String gives. Its errors do not quote
// the hash.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	params := strings.Split(parts[3], ",")
	if len(params) != 3 {
		return phc{}, errPHC
	}
	memory, ok1 := param(params[0], "m=", maxMemory)
	time, ok2 := param(params[1], "t=", maxTime)
	threads, ok3 := param(params[2], "p=", maxThreads)
	salt, ok4 := field(parts[4], minSalt)
	hash, ok5 := field(parts[5], minHash)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || memory < 8*threads { // RFC 9106 §3.1: at least 8·p KiB
		return phc{}, errPHC
	}
	return phc{memory: memory, time: time, threads: uint8(threads), salt: salt, hash: hash}, nil
}

func param(s, name string, most uint64) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil && n >= 1 && n <= most && strconv.FormatUint(n, 10) == digits
}

func field(s string, least int) ([]byte, bool) {
	if len(s) > b64.EncodedLen(maxField) || strings.ContainsAny(s, "\r\n") { // the decoder skips line ends
		return nil, false
	}
	b, err := b64.DecodeString(s)
	return b, err == nil && len(b) >= least
}
