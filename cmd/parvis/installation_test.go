package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/directory"
)

// check says all that is wrong at once, with file and line.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "parvis.toml"), strings.Join([]string{
		`commune = "Ville-Exemple"`, `data_dir = "."`, `key_file = "parvis.key"`,
		`[portal]`, `listen = "nowhere"`, `colour = "blue"`,
		`[log]`, `level = "loud"`, ``,
	}, "\n"))
	stdout, stderr, code := line(t, "", "check", "--config", config)
	if code != 2 || stdout != "" {
		t.Errorf("exit code %d, standard output %q", code, stdout)
	}
	for _, want := range []string{":3: key_file", ":5: ", `"nowhere"`, ":6: ", "colour", ":8: ", `"loud"`, "4 things to mend"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	var problems []map[string]any
	stdout, _, code = line(t, "", "check", "--config", config, "--json")
	if err := json.Unmarshal([]byte(stdout), &problems); err != nil || code != 2 || len(problems) != 4 {
		t.Errorf("--json: exit code %d, %v\n%s", code, err, stdout)
	}
	if _, stderr, code := line(t, "", "check", "--config", filepath.Join(dir, "absent.toml")); code != 2 || !strings.Contains(stderr, "absent.toml") {
		t.Errorf("no such file: exit code %d\n%s", code, stderr)
	}
}

// migrate makes the key of a new installation, and never a second one beside
// secrets that only the first can open.
func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "parvis.toml"), "data_dir = \".\"\nkey_file = \"parvis.key\"\n")
	key := filepath.Join(dir, "parvis.key")
	if _, stderr, code := line(t, "", "serve", "--config", config); code != 2 || !strings.Contains(stderr, "parvis migrate makes it") {
		t.Errorf("serve before migrate: exit code %d\n%s", code, stderr)
	}
	stdout, stderr, code := line(t, "", "migrate", "--config", config)
	if code != 0 || !strings.Contains(stdout, key) {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v", info, err)
	}
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if stdout, _, code := line(t, "", "migrate", "--config", config); code != 0 || strings.Contains(stdout, "new key") {
		t.Errorf("once more: exit code %d\n%s", code, stdout)
	}
	after, err := os.ReadFile(key)
	if err != nil || string(after) != string(before) {
		t.Error("the second migrate changed the key")
	}
	if stdout, _, code := line(t, "", "check", "--config", config); code != 0 || !strings.Contains(stdout, "is in order") {
		t.Errorf("check: exit code %d\n%s", code, stdout)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	_, stderr, code = line(t, "", "migrate", "--config", config)
	if code != 2 || !strings.Contains(stderr, "bring it back from the backup") {
		t.Errorf("a database without its key: exit code %d\n%s", code, stderr)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a new key was made beside a database")
	}
}

func TestUserAdd(t *testing.T) {
	dir := sampleDir(t)
	const good = "a phrase of four words\n"
	add := func(stdin, name, role string, more ...string) (string, string, int) {
		return line(t, stdin, append([]string{"user", "add", "--dir", dir, "--name", name, "--role", role}, more...)...)
	}
	for _, c := range []struct {
		name, stdin, login, role string
		more                     []string
		code                     int
	}{
		{"no password", "", "one", "desk", nil, 2},
		{"short password", "short\n", "one", "desk", nil, 2},
		{"name taken", good, "reseau", "network", nil, 2},
		{"operator without one", good, "one", "operator", nil, 2},
		{"desk with one", good, "one", "desk", []string{"--operator", "Habitat Littoral"}, 2},
		{"unknown operator", good, "one", "operator", []string{"--operator", "nobody"}, 2},
		{"desk", good, "one", "desk", nil, 0},
		{"operator", good, "two", "operator", []string{"--operator", "logis du pays"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := add(c.stdin, c.login, c.role, c.more...)
			if code != c.code || code == 0 && stdout != fmt.Sprintf("%s can sign in to the console as %s.\n", c.login, c.role) {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
			if strings.Contains(stdout+stderr, strings.TrimSpace(good)) {
				t.Error("it prints the password")
			}
		})
	}
}

// Every step of a month answers with one JSON value, also when it refuses.
func TestBillJSON(t *testing.T) {
	dir := sampleDir(t)
	month := (directory.MonthOf(directory.DateOf(time.Now())) - 1).String()
	for _, c := range []struct {
		step, by string
		has      string
	}{
		{"preview", "admin", "total_cents"},
		{"approve", "bailleur", "approved_by"},
		{"issue", "admin", "number"},
		{"verify", "", "documents"},
	} {
		args := []string{"bill", c.step, "--dir", dir, "--operator", "Habitat Littoral", "--month", month, "--json"}
		if c.by != "" {
			args = append(args, "--by", c.by)
		}
		stdout, stderr, code := line(t, "", args...)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 || stderr != "" {
			t.Fatalf("%s: exit code %d, %v\n%s%s", c.step, code, err, stdout, stderr)
		}
		if _, ok := got[c.has]; !ok {
			t.Errorf("%s: no %s in %v", c.step, c.has, got)
		}
	}
	stdout, _, code := line(t, "", "bill", "export", "--dir", dir, "--operator", "Habitat Littoral", "--month", month, "--json")
	var documents []struct {
		Lines []struct {
			Amount int64 `json:"amount_cents"`
		} `json:"lines"`
		Total int64 `json:"total_cents"`
	}
	if err := json.Unmarshal([]byte(stdout), &documents); err != nil || code != 0 || len(documents) != 1 {
		t.Fatalf("export: exit code %d, %v, %d documents", code, err, len(documents))
	}
	var sum int64
	for _, l := range documents[0].Lines {
		sum += l.Amount
	}
	if sum != documents[0].Total || sum == 0 {
		t.Errorf("the lines add up to %d cents, the document to %d", sum, documents[0].Total)
	}
}

// A file is whole or not there.
func TestBillOut(t *testing.T) {
	dir := sampleDir(t)
	month := (directory.MonthOf(directory.DateOf(time.Now())) - 2).String()
	out := filepath.Join(t.TempDir(), "charges.csv")
	export := func(to string) (string, string, int) {
		return line(t, "", "bill", "export", "--dir", dir, "--operator", "Habitat Littoral", "--month", month, "--out", to)
	}
	stdout, stderr, code := export(out)
	if code != 0 || stdout != "" || stderr != "written: "+out+"\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, err := os.Stat(out + ".part"); err == nil {
		t.Error("the part file is still there")
	}
	printed, _, _ := line(t, "", "bill", "export", "--dir", dir, "--operator", "Habitat Littoral", "--month", month)
	if written, err := os.ReadFile(out); err != nil || string(written) != printed {
		t.Errorf("the file is not what is printed: %v", err)
	}
	if _, stderr, code := export(filepath.Join(out, "below", "a-file")); code != 1 || !strings.Contains(stderr, "write the file") {
		t.Errorf("a place that cannot be: exit code %d\n%s", code, stderr)
	}
}
