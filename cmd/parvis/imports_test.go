package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "parvis"

// anything marks the rooms that may know every other.
const anything = "*"

// arrows are DESIGN.md's "Who knows whom": for each room the rooms that it may
// import. A room that is not here fails: it needs a sentence in DESIGN.md first.
var arrows = map[string][]string{
	"internal/directory":  {},
	"internal/accounting": {"internal/directory"},
	"internal/access":     {"internal/accounting", "internal/directory"},
	"internal/config":     {"internal/directory"},
	"internal/journal":    {"internal/accounting", "internal/directory"},
	"internal/live":       {"internal/accounting", "internal/directory"},
	"internal/store":      {"billing", "internal/accounting", "internal/directory"},

	"radius":          {"radius/client", "radius/dialect", "radius/dynauth", "radius/eap", "radius/proxy", "internal/access", "internal/accounting", "internal/directory"},
	"radius/dialect":  {"internal/access", "internal/accounting", "internal/directory"},
	"radius/dynauth":  {"radius/client", "radius/dialect", "internal/access", "internal/accounting", "internal/directory"},
	"radius/eap":      {"internal/access", "internal/accounting", "internal/directory"},
	"radius/client":   {"internal/directory"},
	"radius/proxy":    {"radius/client", "internal/directory"},
	"radius/extended": {},

	"billing":          {"internal/directory"},
	"billing/rentroll": {"billing", "internal/directory"},
	"billing/document": {"billing", "internal/directory"},

	"portal":         {"portal/ui", "portal/gateway", "portal/places", "internal/access", "internal/accounting", "internal/directory"},
	"portal/console": {"portal/ui", "portal/gateway", "portal/places", "internal/access", "internal/accounting", "internal/directory"},
	"portal/gateway": {"internal/directory"},
	"portal/places":  {"internal/directory"},
	"portal/ui":      {"internal/access", "internal/accounting", "internal/directory"},

	"metrics": {"internal/accounting", "internal/directory"},

	"cmd/parvis":         {anything},
	"cmd/parvis/commune": {"internal/config", "internal/directory", "internal/store", "billing", "radius/dialect"},
	"cmd/parvis/demo":    {anything},
	"deploy":             {},
	"internal/peers":     {},
	"internal/e2e":       {anything},
}

// testOnly are rooms that nothing but a test may import.
var testOnly = []string{"internal/peers", "internal/e2e"}

// confined are modules that stay where they can be replaced.
var confined = []struct {
	module string
	rooms  []string // and what is below them
}{
	{"layeh.com/radius", []string{"radius"}},
	{"github.com/redis/go-redis", []string{"internal/live"}},
	{"github.com/jackc/pgx", []string{"internal/store", "internal/journal", "internal/peers", "internal/e2e"}},
	{"modernc.org/sqlite", []string{"internal/store", "internal/journal"}},
	// A generated _Set panics when the attribute is there already, and _Del never
	// returns on a malformed one: nobody imports these.
	{"layeh.com/radius/vendors", nil},
	{"layeh.com/radius/rfc4679", nil},
}

// pure are rooms without clock, network or SQL, with what they may not import.
// billing's Ledger takes a context; its computation does not.
var pure = map[string][]string{
	"internal/directory":  {"context", "net/http", "database/sql"},
	"internal/access":     {"context", "net/http", "database/sql"},
	"internal/accounting": {"context", "net/http", "database/sql"},
	"billing":             {"net/http", "database/sql"},
}

func TestImportGraph(t *testing.T) {
	rooms, err := readRooms(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(rooms) < 5 || rooms["radius"] == nil || rooms["internal/access"] == nil {
		t.Fatalf("only these rooms were found: %v", slices.Sorted(maps.Keys(rooms)))
	}
	for _, v := range violations(rooms) {
		t.Error(v)
	}
}

// room is what the non-test files of one package import and do.
type room struct {
	imports []string
	deeds   []string // what no package, or no pure one, may do
	clock   []string // where it reads the clock
}

// readRooms reads every package of the module, by its path below the root. All
// operating systems' files count.
func readRooms(root fs.FS) (map[string]*room, error) {
	rooms := map[string]*room{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(root, name)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if rooms[dir] == nil {
			rooms[dir] = &room{}
		}
		return rooms[dir].add(name, file)
	})
	return rooms, err
}

// skip leaves out what the go command leaves out: other modules, testdata, and
// hidden directories.
func skip(root fs.FS, dir string) error {
	if dir == "." {
		return nil
	}
	base := path.Base(dir)
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	if err == nil || base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	return nil
}

func (r *room) add(name string, file *ast.File) error {
	timeName := ""
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		r.imports = append(r.imports, imported)
		if imported == "time" {
			timeName = "time"
			if spec.Name != nil {
				timeName = spec.Name.Name
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				r.deeds = append(r.deeds, name+" has an init function")
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && timeName != "" && x.Name == timeName && slices.Contains([]string{"Now", "Since", "Until"}, n.Sel.Name) {
				r.clock = append(r.clock, name+" reads the clock: "+x.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	return nil
}

// violations returns what breaks a rule, in words, sorted.
func violations(rooms map[string]*room) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for name, r := range rooms {
		allowed, known := arrows[name]
		if !known {
			say("%s is a room that DESIGN.md and this test do not know", name)
			continue
		}
		for _, deed := range r.deeds {
			say("%s", deed)
		}
		for _, imported := range r.imports {
			inner, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case ours && slices.Contains(testOnly, inner) && !slices.Contains(testOnly, name):
				say("%s imports %s, which is for tests only", name, inner)
			case ours && !slices.Contains(allowed, inner) && !slices.Contains(allowed, anything):
				say("%s may not import %s", name, inner)
			case !ours && name == "internal/directory" && !standard(imported):
				say("%s imports %s, and may import the standard library only", name, imported)
			}
			for _, c := range confined {
				if below(imported, c.module) && !slices.ContainsFunc(c.rooms, func(r string) bool { return below(name, r) }) {
					say("%s may not import %s", name, imported)
				}
			}
			if slices.Contains(pure[name], imported) {
				say("%s is pure and may not import %s", name, imported)
			}
		}
		if pure[name] != nil {
			for _, use := range r.clock {
				say("%s", use)
			}
		}
		// The wall: nobody is cut off for a debt, because nothing that decides can
		// see one.
		if below(name, "radius") || below(name, "internal/access") {
			for seen := range reach(rooms, name) {
				if below(seen, "billing") {
					say("the wall: %s can see %s", name, seen)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reach returns the rooms that from imports, directly or through others.
func reach(rooms map[string]*room, from string) map[string]bool {
	seen := map[string]bool{}
	for queue := []string{from}; len(queue) > 0; {
		r := rooms[queue[0]]
		queue = queue[1:]
		if r == nil {
			continue
		}
		for _, imported := range r.imports {
			inner, ours := strings.CutPrefix(imported, module+"/")
			if ours && !seen[inner] {
				seen[inner] = true
				queue = append(queue, inner)
			}
		}
	}
	return seen
}

func below(name, top string) bool { return name == top || strings.HasPrefix(name, top+"/") }

// standard reports whether an import is of the standard library: the first
// element of any other path is a host name.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func TestImportGraphSeesViolations(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string // path to the source below "package x"
		want  string            // "" when nothing is wrong
	}{
		{"clean", map[string]string{"radius/a.go": `import "parvis/internal/access"`, "internal/access/a.go": `import "time"; var d = time.Second`}, ""},
		{"an arrow that goes up", map[string]string{"internal/directory/a.go": `import "parvis/internal/accounting"`}, "internal/directory may not import internal/accounting"},
		{"two rooms side by side", map[string]string{"portal/a.go": `import "parvis/metrics"`}, "portal may not import metrics"},
		{"portal knows its console", map[string]string{"portal/a.go": `import "parvis/portal/console"`}, "portal may not import portal/console"},
		{"a new room", map[string]string{"util/a.go": ``}, "util is a room that DESIGN.md and this test do not know"},
		{"the wall, directly", map[string]string{"radius/a.go": `import "parvis/billing"`}, "the wall: radius can see billing"},
		{"the wall, through another", map[string]string{
			"internal/access/a.go": `import "parvis/internal/accounting"`, "internal/accounting/a.go": `import "parvis/billing/document"`,
		}, "the wall: internal/access can see billing/document"},
		{"a test room in the program", map[string]string{"cmd/parvis/a.go": `import "parvis/internal/peers"`}, "cmd/parvis imports internal/peers, which is for tests only"},
		{"the codec outside", map[string]string{"cmd/parvis/a.go": `import "layeh.com/radius/rfc2865"`}, "cmd/parvis may not import layeh.com/radius/rfc2865"},
		{"a generated vendor", map[string]string{"radius/dialect/a.go": `import "layeh.com/radius/vendors/wispr"`}, "radius/dialect may not import layeh.com/radius/vendors/wispr"},
		{"a driver outside", map[string]string{"portal/a.go": `import _ "modernc.org/sqlite"`}, "portal may not import modernc.org/sqlite"},
		{"redis outside", map[string]string{"internal/store/a.go": `import "github.com/redis/go-redis/v9"`}, "internal/store may not import github.com/redis/go-redis/v9"},
		{"a module in directory", map[string]string{"internal/directory/a.go": `import "golang.org/x/text/language"`}, "internal/directory imports golang.org/x/text/language, and may import the standard library only"},
		{"context in a pure room", map[string]string{"internal/access/a.go": `import "context"`}, "internal/access is pure and may not import context"},
		{"billing takes a context", map[string]string{"billing/a.go": `import "context"`}, ""},
		{"a clock in a pure room", map[string]string{"billing/a.go": `import clock "time"; var t = clock.Now`}, "billing/a.go reads the clock: clock.Now"},
		{"a clock elsewhere", map[string]string{"metrics/a.go": `import "time"; var t = time.Now`}, ""},
		{"init", map[string]string{"metrics/a.go": `func init() {}`}, "metrics/a.go has an init function"},
		{"a method called init", map[string]string{"metrics/a.go": `type t int; func (t) init() {}`}, ""},
		{"a test may", map[string]string{"metrics/a_test.go": `import "parvis/internal/peers"`}, ""},
		{"another module may", map[string]string{"tools/go.mod": ``, "tools/a.go": `import "parvis/internal/peers"`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, src := range c.files {
				if strings.HasSuffix(name, ".go") {
					src = "package x\n" + src
				}
				root[name] = &fstest.MapFile{Data: []byte(src)}
			}
			rooms, err := readRooms(root)
			if err != nil {
				t.Fatal(err)
			}
			got := violations(rooms)
			if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
