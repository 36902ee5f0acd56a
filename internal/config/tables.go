package config

import (
	"fmt"
	"reflect"

	"github.com/BurntSushi/toml"
)

// read takes the value of a key, which may be a list of sections.
func (r *reader) read(key string, field reflect.Value) {
	if field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct {
		r.tables(key, key, field)
		return
	}
	r.decode(key, field)
}

// tables reads a list of sections as strictly as a section. key says which it
// is, "radius.realm[2].server"; name is how it is written, "radius.realm.server".
func (r *reader) tables(key, name string, field reflect.Value) {
	var whole []any // the library takes a list of what is no table for empty ones
	var list []map[string]toml.Primitive
	bad := r.md.PrimitiveDecode(r.found[key], &whole) != nil || r.md.PrimitiveDecode(r.found[key], &list) != nil
	for _, one := range whole {
		_, table := one.(map[string]any)
		bad = bad || !table
	}
	if bad {
		r.add(key, "this is a list of sections: write [[%s]]", name)
		return
	}
	all := reflect.MakeSlice(field.Type(), len(list), len(list))
	for i, in := range list {
		fields := map[string]reflect.Value{}
		for j := range all.Index(i).NumField() {
			if tag := field.Type().Elem().Field(j).Tag.Get("toml"); tag != "-" {
				fields[tag] = all.Index(i).Field(j)
			}
		}
		for _, sub := range inOrder(in) {
			at := fmt.Sprintf("%s[%d].%s", key, i+1, sub)
			r.found[at] = in[sub]
			switch f, known := fields[sub]; {
			case !known:
				r.add(at, "there is no such key")
			case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
				r.tables(at, name+"."+sub, f)
			default:
				r.decode(at, f)
			}
		}
	}
	field.Set(all)
}
