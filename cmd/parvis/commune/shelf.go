package commune

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/directory"
)

// shelf is all the nouns of one kind: those of the database and those of the
// file, found by name within a scope. The scope of a sector, residence, dwelling
// or lease is its operator's id, that of an agreement its sector's, that of an
// outlet its NAS's; plans, zones, NASes, access points and operators have none.
type shelf[T comparable] struct {
	noun  string
	exact bool // names differ by capitals: they are somebody else's identifiers
	items []*item[T]
	named map[string][]*item[T]
}

type item[T comparable] struct {
	id, scope, name string
	noun            T
	was             T    // in the database
	there           bool // in the database
	row             *row // nil: the file does not name it
}

// unknown stands for the id of what a problem was said about already.
const unknown = "?"

func newShelf[T comparable](noun string, exact bool) *shelf[T] {
	return &shelf[T]{noun: noun, exact: exact, named: map[string][]*item[T]{}}
}

func (s *shelf[T]) fold(name string) string {
	if s.exact {
		return name
	}
	return strings.ToLower(name)
}

func (s *shelf[T]) put(i *item[T]) {
	s.items = append(s.items, i)
	if i.name != "" {
		s.named[s.fold(i.name)] = append(s.named[s.fold(i.name)], i)
	}
}

// load puts what is in the database.
func (s *shelf[T]) load(id, scope, name string, noun T) {
	s.put(&item[T]{id: id, scope: scope, name: name, noun: noun, was: noun, there: true})
}

// take returns the item that a row of the file describes, a new one when there
// is none of that name in the scope. One that is not to be used any further, for
// a problem was said about it, is on no shelf.
func (s *shelf[T]) take(r *row, scope, name string) *item[T] {
	var found []*item[T]
	for _, i := range s.named[s.fold(name)] {
		if i.scope == scope {
			found = append(found, i)
		}
	}
	switch {
	case len(found) > 1:
		r.add("", "there are %d %s %q in the database: give them names of their own first", len(found), plural(s.noun), clip(name))
		return &item[T]{id: unknown, scope: scope, name: name, row: r}
	case len(found) == 1 && found[0].row != nil:
		r.add("", "the %s %q is there twice: see %s", s.noun, clip(name), found[0].row.place())
		return &item[T]{id: unknown, scope: scope, name: name, row: r}
	case len(found) == 1:
		found[0].row, found[0].name = r, name
		return found[0]
	}
	i := &item[T]{id: directory.NewID(r.rd.now), scope: scope, name: name, row: r}
	s.put(i)
	return i
}

// lookup returns the item that the value of a key names, in the scope when there
// is one: an empty item when the key is not there, an unknown one when a problem
// was said.
func lookup[T comparable](r *row, s *shelf[T], key, scope string) *item[T] {
	name := r.text(key)
	if name == "" {
		return &item[T]{}
	}
	var found, described []*item[T]
	for _, i := range s.named[s.fold(name)] {
		if scope == "" || scope == unknown || i.scope == unknown || i.scope == scope {
			found = append(found, i)
			if i.row != nil {
				described = append(described, i)
			}
		}
	}
	if len(described) == 1 {
		found = described // this file is about one operator, others have the same name
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) == 0 && r.rd.full():
		r.rd.unsaid++ // spelling all the names costs
	case len(found) == 0:
		r.say(key, "there is no %s %q: there %s", s.noun, clip(name), s.list(scope))
	default:
		r.say(key, "there are %d %s %q: say whose with operator", len(found), plural(s.noun), clip(name))
	}
	return &item[T]{id: unknown, scope: unknown}
}

// list spells the names of the scope for a sentence.
func (s *shelf[T]) list(scope string) string {
	const most = 12
	var names []string
	for _, i := range s.items {
		if i.name != "" && (scope == "" || scope == unknown || i.scope == scope) {
			names = append(names, strconv.Quote(clip(i.name)))
		}
	}
	if len(names) == 0 {
		return "is none at all yet"
	}
	slices.Sort(names)
	names = slices.Compact(names)
	rest := ""
	switch {
	case len(names) == 1:
		return "is only " + names[0]
	case len(names) > most:
		rest = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return "are " + strings.Join(names, ", ") + rest
}

func plural(noun string) string {
	if strings.HasSuffix(noun, "S") {
		return noun + "es"
	}
	return noun + "s"
}

// unique says which rows have something that another noun has already.
func unique[T comparable](s *shelf[T], what string, key func(T) string) {
	first := map[string]*item[T]{}
	// What the file does not name comes first, so that the problem is on a line.
	for _, named := range []bool{false, true} {
		for _, i := range s.items {
			k := key(i.noun)
			if k == "" || (i.row != nil) != named {
				continue
			}
			other := first[k]
			if other == nil {
				first[k] = i
				continue
			}
			if named {
				where := "in the database"
				if other.row != nil {
					where = other.row.place()
				}
				i.row.add("", "%s %q: the %s %s is that of %q already, %s", s.noun, clip(i.name), what, clip(k), clip(other.name), where)
			}
		}
	}
}
