package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"parvis/internal/directory"
)

// sealVersion is the first byte of a sealed value: AES-256-GCM under the one
// key of the installation, a random nonce of 12 bytes, then the ciphertext.
const sealVersion = 1

// errSealKey says that the key file is not the one of this database.
var errSealKey = errors.New("the key file does not fit this database: its secrets were sealed with another key")

func newSealer(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("make the seal: %w", err)
	}
	return cipher.NewGCM(block)
}

// seal encrypts a secret for one column of one row; where is "table.column".
// The place is bound in as additional data, so that a sealed value that is
// moved to another row does not open. An absent secret is an empty value.
func (s *Store) seal(where, id string, secret directory.Secret) []byte {
	if secret.IsZero() {
		return []byte{}
	}
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(secret.Reveal())+s.aead.Overhead())
	out[0] = sealVersion
	rand.Read(out[1:])
	return s.aead.Seal(out, out[1:], []byte(secret.Reveal()), sealPlace(where, id))
}

// unseal is the inverse of seal.
func (s *Store) unseal(where, id string, sealed []byte) (directory.Secret, error) {
	if len(sealed) == 0 {
		return directory.Secret{}, nil
	}
	n := 1 + s.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealVersion {
		return directory.Secret{}, fmt.Errorf("the secret %s of %s is not sealed in a way that this program knows", where, id)
	}
	text, err := s.aead.Open(nil, sealed[1:n], sealed[n:], sealPlace(where, id))
	if err != nil {
		return directory.Secret{}, fmt.Errorf("the secret %s of %s does not open: another key, or it was altered", where, id)
	}
	return directory.NewSecret(string(text)), nil
}

func sealPlace(where, id string) []byte { return []byte(where + "\x00" + id) }

const (
	sealSetting = "seal_check"
	sealPlain   = "parvis"
)

// checkSealKey opens the check value of the database, or writes it into one
// that has none yet.
func (s *Store) checkSealKey(ctx context.Context) error {
	var sealed []byte
	load := func(q querier) error {
		return q.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, sealSetting).Scan(&sealed)
	}
	err := s.read(ctx, load)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.write(ctx, func(tx *sql.Tx) error {
			// The first node to come decides; all others are checked against it.
			_, err := tx.ExecContext(ctx, `
				INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
				sealSetting, s.seal("setting.value", sealSetting, directory.NewSecret(sealPlain)))
			if err != nil {
				return err
			}
			return load(tx)
		})
	}
	if err != nil {
		return fmt.Errorf("check the seal key: %w", err)
	}
	plain, err := s.unseal("setting.value", sealSetting, sealed)
	if err != nil || !plain.Equal(sealPlain) {
		return errSealKey
	}
	return nil
}
