package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"parvis/internal/access"
)

func TestLanguagesAreComplete(t *testing.T) {
	u := newUI(t, nil) // New compares them
	if got := strings.Join(u.Languages(), " "); got != "fr en" {
		t.Errorf("languages %s", got)
	}
	for _, r := range access.Reasons() {
		for _, l := range u.Languages() {
			if key := "reason." + r.Key(); u.Text(l, key) == key {
				t.Errorf("%s lacks %s", l, key)
			}
		}
	}
}

func TestLoadLanguagesRefuses(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no default":           {"en.toml": `a = "b"`},
		"key missing":          {"fr.toml": "a = 'x'\nb = 'y'", "en.toml": "a = 'x'"},
		"key too many":         {"fr.toml": "a = 'x'", "en.toml": "a = 'x'\nb = 'y'"},
		"twice in a file":      {"fr.toml": "a = 'x'\na = 'y'"},
		"twice in two files":   {"fr.toml": "[a]\nb = 'x'", "console.fr.toml": "[a]\nb = 'y'"},
		"text and plural":      {"fr.toml": "[a]\none = 'x'\nother = 'y'", "console.fr.toml": "a = 'y'"},
		"other arguments":      {"fr.toml": "a = '{0}'", "en.toml": "a = '{1}'"},
		"text against plural":  {"fr.toml": "a = '{0}'", "en.toml": "[a]\none = '{0}'\nother = '{0}'"},
		"a number":             {"fr.toml": "a = 1"},
		"an empty text":        {"fr.toml": "a = ' '"},
		"not TOML":             {"fr.toml": "a"},
		"not a language":       {"nothing-at-all.toml": "a = 'x'"},
		"an array":             {"fr.toml": "a = ['x']"},
		"plural without other": {"fr.toml": "a = 'x'\n[b]\none = 'x'", "en.toml": "a = 'x'\n[b]\none = 'x'\nother = 'y'"},
	} {
		fsys := fstest.MapFS{}
		for file, text := range files {
			fsys[file] = &fstest.MapFile{Data: []byte(text)}
		}
		_, err := loadLanguages(fsys)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err := loadLanguages(fstest.MapFS{
		"fr.toml": {Data: []byte("a = 'x {0}'")}, "en.toml": {Data: []byte("a = '{0} x'")},
		"console.fr.toml": {Data: []byte("[b]\none = 'x'\nother = '{0}'")}, "console.en.toml": {Data: []byte("[b]\none = 'x'\nother = '{0}'")},
	})
	if err != nil {
		t.Error(err)
	}
}

// Whatever looks like a key, in a template or in a Go text.
var quoted = regexp.MustCompile(`"([a-z][a-z0-9_.]*)"`)

// TestEveryKeyIsUsed finds words that no page or program text asks for. A key
// that is put together at run time counts when its beginning, up to a dot,
// stands in the source.
func TestEveryKeyIsUsed(t *testing.T) {
	used := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch {
		case strings.HasSuffix(path, ".html"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				used[m[1]] = true
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						used[text] = true
						for _, m := range quoted.FindAllStringSubmatch(text, -1) {
							used[m[1]] = true
						}
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range newUI(t, nil).langs.all[0].keys() {
		if !reaches(used, key) {
			t.Errorf("nothing uses the key %s", key)
		}
	}
	if reaches(used, "ui.nothing.uses.this") {
		t.Error("the test cannot fail")
	}
}

func reaches(used map[string]bool, key string) bool {
	if used[key] {
		return true
	}
	for i, c := range key {
		// "portal." alone would stand for everything.
		if c == '.' && strings.Contains(key[:i], ".") && used[key[:i+1]] {
			return true
		}
	}
	// A page's title and text share a beginning that is put together in Go.
	for _, end := range []string{".title", ".text"} {
		if base, ok := strings.CutSuffix(key, end); ok && used[base] {
			return true
		}
	}
	// The console shows the reason that the store kept.
	return strings.HasPrefix(key, "reason.")
}

func TestPlural(t *testing.T) {
	u := newUI(t, nil)
	for _, c := range []struct {
		lang string
		n    any
		want string
	}{
		{"fr", 0, "0 jour"}, // French counts zero as one
		{"fr", 1, "1 jour"},
		{"fr", 2, "2 jours"},
		{"en", 0, "0 days"},
		{"en", int64(1), "1 day"},
		{"en", uint32(21), "21 days"},
		{"fr", uint64(5_000_001), "5000001 jours"},
	} {
		got, err := u.langs.get(c.lang).plural("ui.duration.days", c.n)
		if err != nil || got != c.want {
			t.Errorf("%s %v: got %q %v, want %q", c.lang, c.n, got, err, c.want)
		}
	}
	_, err := u.langs.get("fr").plural("ui.duration.days", "x")
	if err == nil {
		t.Error("counts a text")
	}
}
