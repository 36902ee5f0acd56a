package config

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"parvis/internal/directory"
)

// Keys are the keys of an installation, one for each use, so that what is made
// for one use never serves for another. All follow from the 32 bytes of the key
// file: losing that file loses every sealed secret in the store.
type Keys struct {
	Seal   directory.Key // seals secrets in the store
	Ticket directory.Key // hashes ticket and card codes
	Class  directory.Key // signs the Class that we issue
	Cookie directory.Key // hashes console sessions
}

const keyLength = 32

// CreateKeyFile makes a new key file that only its owner may read. It never
// replaces one: errors.Is(err, fs.ErrExist) when there is one.
func CreateKeyFile(path string) error {
	var key [keyLength]byte
	rand.Read(key[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	_, err = fmt.Fprintln(f, hex.EncodeToString(key[:]))
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(path) // half a key must not be taken for one
		return fmt.Errorf("write the key file: %w", err)
	}
	return nil
}

// LoadKeys reads the key file at path and derives the keys.
func LoadKeys(path string) (Keys, error) {
	text, err := readSecretFile(path)
	if err != nil {
		return Keys{}, err
	}
	return parseKeys(text)
}

func parseKeys(text string) (Keys, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != keyLength {
		key, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil || len(key) != keyLength {
		return Keys{}, errors.New("it does not hold 32 bytes as hexadecimal or base64")
	}
	if bytes.Count(key, key[:1]) == keyLength {
		return Keys{}, errors.New("it holds one byte 32 times, which is no random key")
	}
	var k Keys
	for label, to := range map[string]*directory.Key{"seal": &k.Seal, "ticket": &k.Ticket, "class": &k.Class, "cookie": &k.Cookie} {
		sub, err := hkdf.Key(sha256.New, key, nil, "parvis/"+label+"/1", keyLength)
		if err != nil {
			return Keys{}, fmt.Errorf("derive the %s key: %w", label, err)
		}
		copy(to[:], sub)
	}
	return k, nil
}
