package commune

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"parvis/internal/directory"
)

const (
	maxSecret = 64 << 10
	// demoSecret is printed in the README, hence refused.
	demoSecret = "parvis-demo"
)

// readFile reads a file of at most that many bytes. A secret is for its owner
// only. The error is a sentence without the file's name.
func readFile(path string, most int64, secret bool) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", trouble(err)
	}
	if !info.Mode().IsRegular() { // a pipe would wait for ever
		return "", errors.New("it is not a file")
	}
	if secret && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others than its owner may use the file (mode %04o): chmod 600 it", info.Mode().Perm())
	}
	f, err := os.Open(path)
	if err != nil {
		return "", trouble(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", trouble(err)
	}
	if int64(len(b)) > most {
		return "", fmt.Errorf("the file is longer than %d KiB", most>>10)
	}
	return string(b), nil
}

func trouble(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("the file does not exist")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("the file may not be read by this user")
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}

// secret reads the first line of the secret file that a key names; old is what
// stays when it names none.
func (r *row) secret(key string, old directory.Secret) directory.Secret {
	name := r.text(key)
	if name == "" {
		return old
	}
	path := beside(r.file, name)
	text, err := readFile(path, maxSecret, true)
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(line, "\r")
	switch {
	case err != nil:
	case line == "":
		err = errors.New("the file is empty")
	case strings.Contains(line, demoSecret):
		err = errors.New("the file holds the secret of the demonstration, which everybody knows")
	}
	if err != nil {
		r.add(key, "%s: %v", path, err)
		return old
	}
	return directory.NewSecret(line)
}
