package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// credentialsVariable names the directory in which systemd puts what
// LoadCredential= of the unit names.
const credentialsVariable = "CREDENTIALS_DIRECTORY"

// maxSecret bounds a secret file.
const maxSecret = 64 << 10

// beside returns where a file is that the configuration at file names: a
// relative one stands beside it.
func beside(file, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

// secretPath is beside, but a file that systemd hands over comes first.
func secretPath(file, name string) string {
	if dir := os.Getenv(credentialsVariable); dir != "" && name != "" && !filepath.IsAbs(name) {
		given := filepath.Join(dir, name)
		if _, err := os.Stat(given); err == nil {
			return given
		}
	}
	return beside(file, name)
}

// readSecretFile returns the content of a secret file without the space around it.
func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New(fileTrouble(err))
	}
	defer f.Close()
	err = onlyOwner(f)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", errors.New(fileTrouble(err))
	}
	text := strings.TrimSpace(string(b))
	switch {
	case len(b) > maxSecret:
		return "", errors.New("the file is longer than 64 KiB")
	case text == "":
		return "", errors.New("the file is empty")
	case strings.Contains(text, demoSecret):
		return "", errors.New("the file holds the secret of the demonstration, which everybody knows")
	}
	return text, nil
}

// demoSecret is the one secret of `parvis demo`. It is printed in the README,
// hence refused here.
const demoSecret = "parvis-demo"

// onlyOwner refuses a secret file that others can read. systemd gives a service
// its credentials through an access list, whose mask shows in the group's bits.
func onlyOwner(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return errors.New(fileTrouble(err))
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a file")
	}
	open := info.Mode().Perm() & 0o077
	if dir := os.Getenv(credentialsVariable); dir != "" && filepath.Dir(f.Name()) == filepath.Clean(dir) {
		open &= 0o007
	}
	if open != 0 {
		return fmt.Errorf("others than its owner may use the file (mode %04o): chmod 600 it", info.Mode().Perm())
	}
	return nil
}
