package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/radius/client"
)

const (
	sampleCommune = "../../deploy/commune.toml"
	sampleNouns   = 21 // that it names
)

// communeText is the documented sample with one NAS on loopback, from where a
// test asks.
func communeText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(sampleCommune)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(b), `"192.0.2.2"`, `"127.0.0.1"`)
	if text == string(b) {
		t.Fatal("the sample has no controller at 192.0.2.2")
	}
	return text
}

// imported is what import --json prints.
type imported struct {
	DryRun bool `json:"dry_run"`
	Nouns  []struct {
		Noun                      string
		Added, Changed, Unchanged int
	}
	Changes []struct {
		Noun, Name string
		Added      bool
	}
	Secrets []struct{ NAS, Secret string }
	Letters int
}

type importing struct {
	*installation
	file string
}

func newImporting(t *testing.T) importing {
	i := newInstallation(t)
	f, err := os.OpenFile(i.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(`
		radius = { auth = ["127.0.0.1:0"], acct = ["127.0.0.1:0"] }
		portal.listen = "127.0.0.1:0"
		console.listen = "127.0.0.1:0"
		metrics.listen = "127.0.0.1:0"
	`)
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	return importing{i, filepath.Join(filepath.Dir(i.config), "commune.toml")}
}

func (i importing) say(text string) {
	i.t.Helper()
	if err := os.WriteFile(i.file, []byte(text), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func (i importing) importJSON(args ...string) imported {
	i.t.Helper()
	var got imported
	out := i.run(0, append([]string{"import", "--file", i.file, "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		i.t.Fatalf("%v: %s", err, out)
	}
	return got
}

// sums are the nouns that were added, changed and left.
func (v imported) sums() (n [3]int) {
	for _, c := range v.Nouns {
		n[0], n[1], n[2] = n[0]+c.Added, n[1]+c.Changed, n[2]+c.Unchanged
	}
	return n
}

// serving runs a node on the installation and returns its RADIUS address.
func (i importing) serving() string {
	i.t.Helper()
	cfg, problems := config.Load(i.config)
	if problems.Err() != nil {
		i.t.Fatal(problems.Err())
	}
	n, err := openNode(i.t.Context(), nodeOptions{
		config: cfg, now: time.Now, log: slog.New(slog.DiscardHandler), setting: func(key string) string { return key },
	})
	if err != nil {
		i.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(i.t.Context())
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	i.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			i.t.Error(err)
		}
		n.close()
	})
	return n.radius.AuthAddrs()[0].String()
}

// An empty database, a file, and a tenant is on: without a restart.
func TestImportWhileServing(t *testing.T) {
	i := newImporting(t)
	server := i.serving()
	i.say(communeText(t))
	letters := filepath.Join(t.TempDir(), "letters.csv")
	got := i.importJSON("--letters", letters)
	if got.sums() != [3]int{sampleNouns, 0, 0} || got.Letters != 3 || len(got.Secrets) != 2 || got.DryRun {
		t.Fatalf("%+v", got)
	}
	info, err := os.Stat(letters)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, mode %v", err, info.Mode())
	}
	f, err := os.Open(letters)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil || len(rows) != 4 || !slices.Equal(rows[0], []string{"operator", "residence", "dwelling", "door", "login", "password"}) {
		t.Fatalf("%v: %d rows", err, len(rows))
	}
	if !slices.Equal(rows[1][:4], []string{"Habitat Exemple", "Les Tilleuls", "T-001", "Hall A, étage 1, porte gauche"}) {
		t.Errorf("letter: %q", rows[1][:4])
	}
	// The same request again and again, until the server knows its NAS.
	c, err := client.New(client.Options{
		Server: server, LocalAddr: "127.0.0.1", Secret: directory.NewSecret(got.Secrets[1].Secret),
		Timeout: 100 * time.Millisecond, Retries: 200,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, tc := range []struct {
		password string
		accepted bool
	}{{rows[1][5], true}, {rows[2][5], false}} {
		reply, err := c.Exchange(t.Context(), client.PAP(rows[1][4], directory.NewSecret(tc.password)))
		if err != nil || reply.Accepted() != tc.accepted {
			t.Errorf("%v, %+v; accepted is to be %v", err, reply, tc.accepted)
		}
	}
	var month struct {
		Total int `json:"total_cents"`
		Lines []any
	}
	out := i.run(0, "bill", "preview", "--operator", "Habitat Exemple", "--month", "2026-10", "--json")
	if err := json.Unmarshal([]byte(out), &month); err != nil || month.Total != 3*124 {
		t.Errorf("October 2026: %v, %d cents", err, month.Total)
	}
}

func TestImportAgain(t *testing.T) {
	i := newImporting(t)
	text := communeText(t)
	i.say(text)
	letters := filepath.Join(t.TempDir(), "letters.csv")

	if got := i.importJSON("--dry-run"); got.sums() != [3]int{sampleNouns, 0, 0} || !got.DryRun || len(got.Secrets) != 0 {
		t.Errorf("dry run: %+v", got)
	}
	if out := i.run(2, "import", "--file", i.file); !strings.Contains(out, "3 dwellings get a login and a password: say which file they go to") {
		t.Errorf("without --letters: %s", out)
	}
	if got := i.nases(); len(got) != 0 {
		t.Fatalf("something was written: %+v", got)
	}

	out := i.run(0, "import", "--file", i.file, "--letters", letters)
	if strings.Count(out, "shown only this once") != 2 || !strings.Contains(out, "passwords of 3 dwellings are in "+letters) {
		t.Errorf("import: %s", out)
	}
	if _, err := os.Stat(letters + ".part"); err == nil {
		t.Error("the part file is still there")
	}
	secrets := i.passwords()
	if out := i.run(0, "import", "--file", i.file); !strings.Contains(out, "Everything is as the file says.") || !strings.Contains(out, "dwelling      0      0        3") {
		t.Errorf("again: %s", out)
	}

	i.say(strings.ReplaceAll(text, "vlan = 0", "vlan = 12"))
	if got := i.importJSON("--dry-run"); got.sums() != [3]int{0, 1, sampleNouns - 1} {
		t.Errorf("dry run of one change: %+v", got)
	}
	if out := i.run(0, "import", "--file", i.file); !strings.Contains(out, "changed: plan Ville") {
		t.Errorf("one change: %s", out)
	}
	if got := i.importJSON(); got.sums() != [3]int{0, 0, sampleNouns} || len(got.Changes) != 0 {
		t.Errorf("after it: %+v", got)
	}

	// One more dwelling: the letters of the first ones are not written over.
	i.say(strings.ReplaceAll(text, "vlan = 0", "vlan = 12") + "\n[[dwelling]]\nresidence = \"Les Tilleuls\"\nref = \"T-004\"\n")
	if out := i.run(2, "import", "--file", i.file, "--letters", letters); !strings.Contains(out, "is there already") {
		t.Errorf("letters that are there: %s", out)
	}
	more := filepath.Join(t.TempDir(), "more.csv")
	if got := i.importJSON("--letters", more); got.sums() != [3]int{1, 0, sampleNouns} || got.Letters != 1 {
		t.Errorf("one more: %+v", got)
	}
	if b, err := os.ReadFile(more); err != nil || strings.Count(string(b), "\n") != 2 {
		t.Errorf("more letters: %v, %s", err, b)
	}
	after := i.passwords()
	for name, s := range secrets {
		if after[name] != s {
			t.Errorf("the secret of %s is another now", name)
		}
	}
}

// passwords are the secrets in the database, by NAS and dwelling.
func (i importing) passwords() map[string]string {
	i.t.Helper()
	cfg, problems := config.Load(i.config)
	if problems.Err() != nil {
		i.t.Fatal(problems.Err())
	}
	db, err := openStore(i.t.Context(), cfg, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		i.t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Whole(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	all := map[string]string{}
	for _, n := range c.NASes {
		all[n.Name] = n.Secret.Reveal()
	}
	for _, d := range c.Dwellings {
		all[d.Ref] = d.Login + " " + d.Password.Reveal()
	}
	return all
}

func TestImportRefuses(t *testing.T) {
	i := newImporting(t)
	i.say("[[zone]]\nname = \"A\"\nssid = \"A\"\nplan = \"Vile\"\nentry = \"tap\"\nterms = \"1\"\nremember = \"1d\"\ncolour = \"blue\"\n\n[[plan]]\nname = \"Ville\"\n")
	out := i.run(2, "import", "--file", i.file)
	for _, want := range []string{
		i.file + `:4: plan: there is no plan "Vile": there is only "Ville"`, i.file + ":8: colour: there is no such key in [[zone]]",
		"is not in order, and nothing was written",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if out := i.run(2, "import", "--file", i.file, "--json"); !strings.HasPrefix(out, "[\n") || !strings.Contains(out, `"line": 4`) {
		t.Errorf("JSON: %s", out)
	}
	i.run(2, "import")
	i.run(2, "import", "--file", i.file+".nowhere")
	// The letters of an import that fails are not left behind.
	i.say(communeText(t))
	i.run(1, "import", "--file", i.file, "--letters", filepath.Join(t.TempDir(), "no", "such", "place"))
	if got := i.nases(); len(got) != 0 {
		t.Errorf("something was written: %+v", got)
	}
}

func TestLettersAreNoFormulas(t *testing.T) {
	for s, want := range map[string]string{"": "", "Hall A": "Hall A", "=1+1": "'=1+1", "@x": "'@x", "-1": "'-1", "+1": "'+1"} {
		if got := cell(s); got != want {
			t.Errorf("cell(%q) = %q", s, got)
		}
	}
}
