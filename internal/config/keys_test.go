package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"parvis/internal/directory"
)

func sameSecret(a, b directory.Secret) bool { return a == b }

func TestCreateKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parvis.key")
	if err := CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	first, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := CreateKeyFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second key: %v", err)
	}
	if again, err := LoadKeys(path); err != nil || again != first {
		t.Errorf("the key changed, %v", err)
	}
	other := filepath.Join(t.TempDir(), "parvis.key")
	if err := CreateKeyFile(other); err != nil {
		t.Fatal(err)
	}
	if k, err := LoadKeys(other); err != nil || k.Seal == first.Seal {
		t.Errorf("two installations have one key, %v", err)
	}
	if err := CreateKeyFile(filepath.Join(other, "x")); err == nil {
		t.Error("a key in a place that is not there")
	}
}

// The keys must never change for a key file that exists: every sealed secret in
// every store depends on them.
func TestKeysAreStable(t *testing.T) {
	raw, err := hex.DecodeString(goodKey)
	if err != nil {
		t.Fatal(err)
	}
	fromHex, err := parseKeys(goodKey)
	if err != nil {
		t.Fatal(err)
	}
	fromBase64, err := parseKeys(base64.StdEncoding.EncodeToString(raw))
	if err != nil || fromBase64 != fromHex {
		t.Errorf("base64 gives other keys, %v", err)
	}
	// Made with HKDF-SHA-256 as RFC 5869 §2 spells it, in another language.
	for _, c := range []struct {
		label string
		key   directory.Key
		want  string
	}{
		{"seal", fromHex.Seal, "03628a437d23c3c6bffad32656dddd344e9e78b86747a7810a48ebfa50f6f95c"},
		{"ticket", fromHex.Ticket, "e1670a5e88c84d086a4199cec76264d84be4f19f858900ce32f2614cf3b98628"},
		{"class", fromHex.Class, "0a1cc89af5ccdb9c04c8e25d9c9b4033822db78003063d7f0b7822c636e0ed83"},
		{"cookie", fromHex.Cookie, "84a76251c9533dad6320a6445b6670cecbd4712dda8dc7afacd76fe5a8e7c489"},
	} {
		if got := hex.EncodeToString(c.key[:]); got != c.want {
			t.Errorf("%s is %s, want %s", c.label, got, c.want)
		}
	}
}
