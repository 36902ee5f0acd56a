package commune

import (
	"errors"
	"strings"

	"github.com/BurntSushi/toml"
)

// The library keeps one line for each name of a key, which is not enough where
// a table stands in the file many times. So each table is read by itself: a line
// that begins with a bracket begins one. A text or list of several lines with
// such a line inside is not understood then; nothing in this file needs one.

// chunk is one table with its heading, or what stands above the first one.
type chunk struct {
	line int // of its first line, from 1
	text string
}

func chunks(text string) []chunk {
	text = strings.TrimPrefix(text, "\ufeff")
	list := []chunk{{line: 1}}
	begin, at, n := 0, 0, 0
	for line := range strings.Lines(text) {
		n++
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "[") {
			list[len(list)-1].text = text[begin:at]
			list, begin = append(list, chunk{line: n}), at
		}
		at += len(line)
	}
	list[len(list)-1].text = text[begin:]
	return list
}

// tables reads the TOML text: the keys above the first table, and the tables in
// their order. What is not TOML is said, and left out.
func (rd *reader) tables(text string) (top *row, list []*row) {
	top = &row{rd: rd, file: rd.file, values: map[string]value{}}
	for i, c := range chunks(text) {
		if rd.full() {
			break // each try costs
		}
		var keys map[string]toml.Primitive
		md, err := toml.Decode(c.text, &keys)
		if err != nil {
			var pe toml.ParseError
			if errors.As(err, &pe) {
				rd.add(rd.file, c.line-1+max(1, pe.Position.Line), "", "this is not TOML: %s", pe.Message)
			} else {
				rd.add(rd.file, c.line, "", "this is not TOML: %v", err)
			}
			continue
		}
		if i == 0 {
			top.values = c.values(&md, keys)
			continue
		}
		for name, p := range keys { // one, the heading's
			if r := rd.table(c, &md, name, p); r != nil {
				list = append(list, r)
			}
		}
	}
	return top, list
}

// table makes a row of the one table that a chunk holds.
func (rd *reader) table(c chunk, md *toml.MetaData, name string, p toml.Primitive) *row {
	var whole any
	var in []map[string]toml.Primitive
	err := md.PrimitiveDecode(p, &whole)
	if _, ok := whole.([]map[string]any); err == nil && ok {
		err = md.PrimitiveDecode(p, &in)
	}
	switch {
	case rd.kinds[name] == nil:
		rd.add(rd.file, c.line, "", "there is no [[%s]]: there are [[%s]]", clip(name), strings.Join(kindNames(), "]], [["))
	case err != nil || len(in) != 1:
		rd.add(rd.file, c.line, "", "write [[%s]] above each %s", name, kindWords(name))
	default:
		return &row{rd: rd, file: rd.file, line: c.line, what: name, values: c.values(md, in[0])}
	}
	return nil
}

func (c chunk) values(md *toml.MetaData, keys map[string]toml.Primitive) map[string]value {
	all := map[string]value{}
	for key, p := range keys {
		v := value{line: func() int { return c.lineOf(md, p) }}
		if err := md.PrimitiveDecode(p, &v.any); err != nil {
			v.any = err // of no type that a key takes
		}
		all[key] = v
	}
	return all
}

// lineOf returns the line of a key. The library tells it only in an error, hence
// one is provoked.
func (c chunk) lineOf(md *toml.MetaData, p toml.Primitive) int {
	var pe toml.ParseError
	if errors.As(md.PrimitiveDecode(p, new(refuser)), &pe) && pe.Position.Line > 0 {
		return c.line - 1 + pe.Position.Line
	}
	return c.line
}

type refuser struct{}

func (*refuser) UnmarshalTOML(any) error { return errRefuser }

var errRefuser = errors.New("asked for its line")
