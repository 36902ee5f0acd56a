package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// installation is an empty one, with its database.
type installation struct {
	t      *testing.T
	config string
	now    time.Time
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	dir := t.TempDir()
	i := &installation{t, filepath.Join(dir, "parvis.toml"), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	text := "commune = \"Ville-Exemple\"\ndata_dir = \"" + dir + "/data\"\nkey_file = \"" + dir + "/key\"\n"
	if err := os.WriteFile(i.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	i.run(0, "migrate")
	return i
}

// run returns standard output and standard error.
func (i *installation) run(want int, args ...string) string {
	i.t.Helper()
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out, now: func() time.Time { return i.now }}
	if got := a.run(context.Background(), append(args, "--config", i.config)); got != want {
		i.t.Fatalf("%q: exit code %d, want %d: %s", args, got, want, out.String())
	}
	return out.String()
}

func (i *installation) nases() []nasRow {
	i.t.Helper()
	var list []nasRow
	if err := json.Unmarshal([]byte(i.run(0, "nas", "list", "--json")), &list); err != nil {
		i.t.Fatal(err)
	}
	return list
}

func TestNASCommands(t *testing.T) {
	i := newInstallation(t)
	i.run(0, "nas", "add", "--name", "Quai", "--address", "192.0.2.1", "--signature", "auto", "--coa-port", "1700", "--dialect", "mikrotik")
	i.now = i.now.Add(time.Second) // the list is in the order in which they came
	i.run(0, "nas", "add", "--name", "Itinérant", "--tls-name", "GW.example.net")
	list := i.nases()
	if len(list) != 2 || list[0].Signature != "auto" || list[0].CoAPort != 1700 || list[1].TLSName != "gw.example.net" || list[1].Signature != "yes" || list[1].Dialect != "generic" {
		t.Fatalf("%+v", list)
	}

	i.run(0, "nas", "change", "--nas", "quai", "--name", "Quai 2", "--address", "2001:db8::/64", "--signature", "yes", "--coa-port", "0")
	if got := i.nases()[0]; got.Name != "Quai 2" || got.Address != "2001:db8::/64" || got.Signature != "yes" || got.CoAPort != 0 || got.Dialect != "mikrotik" {
		t.Errorf("after the change: %+v", got)
	}

	var rotated struct{ Secret string }
	if err := json.Unmarshal([]byte(i.run(0, "nas", "rotate", "--nas", "Quai 2", "--keep", "2d", "--json")), &rotated); err != nil || len(rotated.Secret) < 26 {
		t.Errorf("rotate: %v, a secret of %d characters", err, len(rotated.Secret))
	}
	if got := i.nases()[0].OldSecretUntil; got == nil || !got.Equal(i.now.Add(48*time.Hour)) {
		t.Errorf("the old secret is valid until %v", got)
	}
	if out := i.run(0, "nas", "list"); !strings.Contains(out, "not used, valid until") || strings.Contains(out, rotated.Secret) {
		t.Errorf("list: %s", out)
	}
	i.run(2, "nas", "rotate", "--nas", "Quai 2") // the first change is not over
	i.run(0, "nas", "rotate", "--nas", "Quai 2", "--keep", "0")
	if got := i.nases()[0].OldSecretUntil; got != nil {
		t.Errorf("the old secret is still valid until %v", got)
	}

	for _, args := range [][]string{
		{"nas", "add", "--name", "x"},
		{"nas", "add", "--name", "x", "--address", "nowhere"},
		{"nas", "add", "--name", "x", "--address", "192.0.2.0/24", "--signature", "auto"},
		{"nas", "add", "--name", "x", "--address", "192.0.2.7", "--coa-port", "65536"},
		{"nas", "add", "--name", "x", "--address", "192.0.2.7", "--dialect", "klingon"},
		{"nas", "change", "--nas", "nobody", "--name", "x"},
		{"nas", "change", "--nas", "Quai 2", "--signature", "maybe"},
		{"nas", "rotate", "--nas", "Quai 2", "--keep", "91d"},
		{"nas", "remove", "--nas", "nobody"},
	} {
		i.run(2, args...)
	}
	i.run(0, "nas", "remove", "--nas", "Quai 2")
	if list := i.nases(); len(list) != 1 || list[0].Name != "Itinérant" {
		t.Errorf("after the removal: %+v", list)
	}
}

func TestParseDays(t *testing.T) {
	for s, want := range map[string]time.Duration{"0": 0, "36h": 36 * time.Hour, "7d": 168 * time.Hour, "90d": maxKeep, "-1d": -1, "91d": -1, "d": -1, "": -1, "7": -1, "99999999999999999999d": -1} {
		got, err := parseDays(s)
		if (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("parseDays(%q) = %v, %v", s, got, err)
		}
	}
}
