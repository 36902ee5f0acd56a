package radius

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func sources(t *testing.T, each func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			each(path, string(b))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every standard that is cited under radius is in the list in doc.go.
func TestCitedStandardsAreListed(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^//   - RFC (\d+): `).FindAllStringSubmatch(string(doc), -1) {
		listed[m[1]] = true
	}
	if len(listed) == 0 {
		t.Fatal("no list")
	}
	cited := regexp.MustCompile(`RFC (\d{3,5})`)
	sources(t, func(path, text string) {
		for _, m := range cited.FindAllStringSubmatch(text, -1) {
			if !listed[m[1]] {
				t.Errorf("%s cites RFC %s, which doc.go does not list", path, m[1])
			}
		}
	})
}

// The generated packages of layeh.com/radius in which a bug is known stay out,
// and so do its server and client.
func TestCodecOnly(t *testing.T) {
	used := regexp.MustCompile(`\bwire\.(PacketServer|Client|Exchange|DefaultClient|ListenAndServe)\b`)
	sources(t, func(path, text string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		for _, i := range file.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if strings.HasPrefix(name, "layeh.com/radius/vendors") || name == "layeh.com/radius/rfc4679" {
				t.Errorf("%s imports %s", path, name)
			}
		}
		if m := used.FindString(text); m != "" && !strings.HasSuffix(path, "doc_test.go") {
			t.Errorf("%s uses %s", path, m)
		}
	})
}
