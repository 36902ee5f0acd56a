package dialect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/internal/peers"
)

var update = flag.Bool("update", false, "write the tables of docs/connect.md and docs/connect/")

const (
	docsFolder = "../../docs"
	beginTable = "<!-- from the code: go test ./radius/dialect -run TestTables -update -->\n"
	endTable   = "<!-- end -->\n"
)

// The tables of the pages say what the code does.
func TestTables(t *testing.T) {
	compare(t, filepath.Join(docsFolder, "connect.md"), indexTable())
	for _, name := range Names() {
		d, _ := For(name)
		compare(t, page(name), familyTable(d))
	}
}

func page(name string) string { return filepath.Join(docsFolder, "connect", name+".md") }

func compare(t *testing.T, file, want string) {
	t.Helper()
	text := read(t, file)
	before, rest, begun := strings.Cut(text, beginTable)
	got, after, ended := strings.Cut(rest, endTable)
	if !begun || !ended {
		t.Errorf("%s: no place for the table", file)
		return
	}
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s says\n%s\nthe code says\n%s", file, got, want)
		return
	}
	if err := os.WriteFile(file, []byte(before+beginTable+want+endTable+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func indexTable() string {
	var b strings.Builder
	b.WriteString("| product | `--dialect` | rate | quota | VLAN | role | key | redirect | rate change in place | CoA port |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, d := range all() {
		c, auth := d.Carries(), d.DynAuth()
		fmt.Fprintf(&b, "| [%s](connect/%s.md) | `%s` | %s | %s | %s | %s | %s | %s | %s | %d |\n",
			c.Product, d.Name(), d.Name(), dash(string(c.RateUnit)), yes(c.Quota), yes(c.VLAN), yes(c.Role), yes(c.Key), yes(c.Redirect),
			map[bool]string{true: "yes", false: "–"}[auth.CanChange], auth.Port)
	}
	return b.String()
}

func familyTable(d Dialect) string {
	c, auth := d.Carries(), d.DynAuth()
	var b strings.Builder
	b.WriteString("| what | carried | as |\n|---|---|---|\n")
	row := func(what, carried, as string) { fmt.Fprintf(&b, "| %s | %s | %s |\n", what, carried, as) }
	row("rate", dash(string(c.RateUnit)), c.Rate)
	row("quota", yes(c.Quota), c.Quota)
	row("VLAN", yes(c.VLAN), c.VLAN)
	row("role", yes(c.Role), c.Role)
	key := "–"
	if c.Key != "" {
		key = "by the product; Parvis does not send it yet"
	}
	row("key of one device", key, c.Key)
	row("redirect", yes(c.Redirect), c.Redirect)
	var named []string
	for _, a := range auth.Attributes {
		named = append(named, a.String())
	}
	row("end a session", fmt.Sprintf("UDP %d", auth.Port), "Disconnect-Request with "+strings.Join(named, ", "))
	if auth.CanChange {
		row("change a rate in place", "yes", "CoA-Request")
	} else {
		row("change a rate in place", "–", "the session is ended, and the device comes back to the new rate")
	}
	fmt.Fprintf(&b, "\nFor CoA and Disconnect: %s\n\nHow sure: %s.\n", auth.Notes, c.Proof)
	return b.String()
}

func yes(s string) string {
	if s == "" {
		return "–"
	}
	return "yes"
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Every family has a page with what an administrator needs, and no page is left
// of a family that is gone.
func TestPages(t *testing.T) {
	index := read(t, filepath.Join(docsFolder, "connect.md"))
	flags := flagsOfNASAdd(t)
	add := regexp.MustCompile(`(?m)^parvis nas add((?:.*\\\n)*.*)$`)
	files, err := filepath.Glob(page("*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); !slices.Contains(Names(), name) {
			t.Errorf("%s: no such dialect", file)
		}
	}
	for _, name := range Names() {
		text := read(t, page(name))
		for _, want := range []string{
			"1812", "1813", "600", "--dialect " + name, "parvis nas list", "radclient",
			"## On the product", "## In Parvis", "## What is carried", "## Does it work?", "## Traps",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", page(name), want)
			}
		}
		if !strings.Contains(index, "connect/"+name+".md") {
			t.Errorf("the index does not lead to %s", name)
		}
		commands := add.FindAllString(text, -1)
		if len(commands) == 0 {
			t.Errorf("%s: no command", page(name))
		}
		for _, command := range commands {
			for _, m := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(command, -1) {
				if !slices.Contains(flags, m[1]) {
					t.Errorf("%s: parvis nas add has no --%s", page(name), m[1])
				}
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page(name)), link[1])); err != nil {
				t.Errorf("%s: %v", page(name), err)
			}
		}
	}
}

// radclient understands every request that the pages tell people to send.
func TestRadclientLines(t *testing.T) {
	var requests []string
	files := []string{filepath.Join(docsFolder, "connect.md")}
	for _, name := range Names() {
		files = append(files, page(name))
	}
	for _, file := range files {
		m := regexp.MustCompile(`(?m)^(?:echo ')?(User-Name = [^'\n]*)`).FindStringSubmatch(read(t, file))
		if m == nil {
			t.Fatalf("%s: no request", file)
		}
		requests = append(requests, m[1])
	}
	nobody := fmt.Sprintf("127.0.0.1:%d", peers.FreeUDPPort(t))
	output, _ := peers.Radclient(t, []string{"-x", "-r", "1", "-t", "0.2", "-p", "50", nobody, "auth", "secret"}, strings.Join(requests, "\n\n")+"\n")
	if sent := strings.Count(output, "Sent Access-Request"); sent != len(files) {
		t.Errorf("%d of %d requests sent:\n%s", sent, len(files), output)
	}
}

// flagsOfNASAdd are the flags that the program defines anywhere: a page with one
// that is not among them is wrong for certain.
func flagsOfNASAdd(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../cmd/parvis/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources of the program", err)
	}
	var flags []string
	for _, file := range files {
		for _, m := range regexp.MustCompile(`f\.\w+\((?:&[\w.]+, )?"([a-z-]+)"`).FindAllStringSubmatch(read(t, file), -1) {
			flags = append(flags, m[1])
		}
	}
	return flags
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
