package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// maxFile bounds a configuration file, and maxProblems what is said about it.
const (
	maxFile     = 1 << 18
	maxProblems = 100
)

// Load reads the file at path, over the defaults, with the secret files that it
// names, and says everything that is wrong. With problems the configuration is
// as far as it could be read, with its file names resolved, and must not be
// served from; it is empty when the file could not be read at all.
func Load(path string) (Config, Problems) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, Problems{{File: path, Text: fileTrouble(err)}}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, Problems{{File: path, Text: fileTrouble(err)}}
	}
	if len(text) > maxFile {
		return Config{}, Problems{{File: path, Text: "the file is longer than 256 KiB"}}
	}
	cfg := Defaults()
	r := &reader{file: path, found: map[string]toml.Primitive{}, cfg: &cfg}
	if !r.parse(string(text)) {
		return Config{}, r.problems
	}
	r.check()
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return cfg, r.problems
}

// fileTrouble says in words why a file cannot be read.
func fileTrouble(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read by this user"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Sprintf("the file cannot be read: %v", err)
}

// reader goes through one file and gathers what is wrong.
type reader struct {
	file     string
	md       toml.MetaData
	found    map[string]toml.Primitive // what the file sets, by key
	cfg      *Config
	problems Problems
}

func (r *reader) add(key, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{r.file, r.lineOf(key), key, fmt.Sprintf(format, args...)})
	}
}

// parse reads text into the configuration key by key, so that one bad key does
// not hide another. It reports false when the text is not TOML at all.
func (r *reader) parse(text string) bool {
	var top map[string]toml.Primitive
	md, err := toml.Decode(text, &top)
	r.md = md
	var pe toml.ParseError
	switch {
	case errors.As(err, &pe):
		r.problems = append(r.problems, Problem{File: r.file, Line: pe.Position.Line, Text: "this is not TOML: " + pe.Message})
		return false
	case err != nil:
		r.problems = append(r.problems, Problem{File: r.file, Text: "this is not TOML: " + err.Error()})
		return false
	}
	fields := keys(r.cfg)
	for _, name := range inOrder(top) {
		r.found[name] = top[name]
		field, known := fields[name]
		switch {
		case !known:
			r.unknown(name, fields)
		case field.Kind() != reflect.Struct:
			r.read(name, field)
		default:
			r.section(name, fields)
		}
	}
	return true
}

func (r *reader) section(name string, fields map[string]reflect.Value) {
	var whole any // the library takes what is no table for an empty one
	var in map[string]toml.Primitive
	err := errors.Join(r.md.PrimitiveDecode(r.found[name], &whole), r.md.PrimitiveDecode(r.found[name], &in))
	if _, table := whole.(map[string]any); err != nil || !table {
		r.add(name, "this is a section: write [%s]", name)
		return
	}
	for _, sub := range inOrder(in) {
		key := name + "." + sub
		r.found[key] = in[sub]
		field, known := fields[key]
		if !known {
			r.unknown(key, fields)
			continue
		}
		r.read(key, field)
	}
}

func (r *reader) unknown(key string, fields map[string]reflect.Value) {
	_, name, _ := strings.Cut("."+key, ".")
	name = name[strings.LastIndexByte(name, '.')+1:]
	for _, other := range inOrder(fields) {
		switch section, last, deep := strings.Cut(other, "."); {
		case deep && last == name:
			r.add(key, "there is no such key here; it belongs under [%s]", section)
			return
		case !deep && other == name:
			r.add(key, "there is no such key here; it belongs above the first section")
			return
		}
	}
	r.add(key, "there is no such key")
}

func (r *reader) decode(key string, field reflect.Value) {
	fresh := reflect.New(field.Type()) // a list replaces the default, it does not grow it
	err := r.md.PrimitiveDecode(r.found[key], fresh.Interface())
	if err != nil {
		r.add(key, "the value must be %s", form(field))
		return
	}
	field.Set(fresh.Elem())
}

// form says how a value of the field is written.
func form(field reflect.Value) string {
	switch field.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return `a list of texts, for example [":1812"]`
	case reflect.String:
		return "a text in quotes"
	}
	if field.Type() == reflect.TypeFor[time.Duration]() {
		return `a duration in quotes, for example "15m"`
	}
	return "a whole number"
}

// keys returns every key with its field.
func keys(cfg *Config) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag.Get("toml")
			if tag == "-" {
				continue
			}
			all[prefix+tag] = v.Field(i)
			if v.Field(i).Kind() == reflect.Struct {
				walk(prefix+tag+".", v.Field(i))
			}
		}
	}
	walk("", reflect.ValueOf(cfg).Elem())
	return all
}

func inOrder[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// lineOf returns the line of a key, 0 when it has none of its own. The library
// tells it only in an error, hence one is provoked.
func (r *reader) lineOf(key string) int {
	p, ok := r.found[key]
	// Of a list of sections the library knows but the last one's lines.
	if !ok || strings.Contains(key, "[") {
		return 0
	}
	var pe toml.ParseError
	if errors.As(r.md.PrimitiveDecode(p, new(refuser)), &pe) {
		return pe.Position.Line
	}
	return 0
}

type refuser struct{}

func (*refuser) UnmarshalTOML(any) error { return errRefuser }

var errRefuser = errors.New("asked for its line")
