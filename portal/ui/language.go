package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/language"
)

// defaultLanguage is what a reader gets whose own language is not there.
const defaultLanguage = "fr"

const langCookie = "lang"

// languages are the catalogs, the default first.
type languages struct {
	all     []*catalog
	matcher language.Matcher
}

// loadLanguages reads every *.toml. A file is named <tag>.toml or
// <part>.<tag>.toml; the files of one tag add up to one catalog.
func loadLanguages(fsys fs.FS) (*languages, error) {
	names, err := fs.Glob(fsys, "*.toml")
	if err != nil {
		return nil, err
	}
	byTag := map[string]*catalog{}
	for _, name := range names {
		parts := strings.Split(strings.TrimSuffix(path.Base(name), ".toml"), ".")
		tag, err := language.Parse(parts[len(parts)-1])
		if err != nil {
			return nil, fmt.Errorf("language file %s: %w", name, err)
		}
		c := byTag[tag.String()]
		if c == nil {
			c = newCatalog(tag)
			byTag[tag.String()] = c
		}
		var table map[string]any
		_, err = toml.DecodeFS(fsys, name, &table)
		if err != nil {
			return nil, fmt.Errorf("language file %s: %w", name, err)
		}
		err = c.add("", table)
		if err != nil {
			return nil, fmt.Errorf("language file %s: %w", name, err)
		}
	}
	if byTag[defaultLanguage] == nil {
		return nil, fmt.Errorf("there is no language file for %s", defaultLanguage)
	}
	l := &languages{}
	for _, c := range byTag {
		l.all = append(l.all, c)
	}
	slices.SortFunc(l.all, func(a, b *catalog) int { return strings.Compare(rank(a), rank(b)) })
	var tags []language.Tag
	for _, c := range l.all {
		tags = append(tags, c.tag)
	}
	l.matcher = language.NewMatcher(tags)
	return l, l.compare()
}

func rank(c *catalog) string {
	if c.tag.String() == defaultLanguage {
		return ""
	}
	return c.tag.String()
}

// compare reports every key or argument that one language has and another lacks.
func (l *languages) compare() error {
	var errs []error
	base := l.all[0]
	for _, c := range l.all[1:] {
		for _, k := range base.keys() {
			if !c.has(k) {
				errs = append(errs, fmt.Errorf("the language %s lacks the key %s", c.tag, k))
			} else if base.arguments(k) != c.arguments(k) {
				errs = append(errs, fmt.Errorf("the key %s has other arguments in %s than in %s", k, c.tag, base.tag))
			}
		}
		for _, k := range c.keys() {
			if !base.has(k) {
				errs = append(errs, fmt.Errorf("the language %s lacks the key %s", base.tag, k))
			}
		}
	}
	return errors.Join(errs...)
}

// arguments spells the kind of the key and the arguments of its text. A plural
// form may leave the number out ("one device"), so only "other" counts.
func (c *catalog) arguments(key string) string {
	text, kind := c.texts[key], "text "
	if f, ok := c.plurals[key]; ok {
		text, kind = f["other"], "plural "
	}
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return kind + strings.Join(slices.Compact(found), "")
}

func (l *languages) tags() []string {
	var tags []string
	for _, c := range l.all {
		tags = append(tags, c.tag.String())
	}
	return tags
}

func (l *languages) get(tag string) *catalog {
	for _, c := range l.all {
		if c.tag.String() == tag {
			return c
		}
	}
	return l.all[0]
}

// choose picks the language of a request: what its URL asks for, else what the
// reader chose before, else what the browser prefers. explicit is true when it
// was the URL.
func (l *languages) choose(r *http.Request) (c *catalog, explicit bool) {
	// A gateway may have a lang of its own in the query. Ours is added behind
	// it, so the last one counts.
	asked := r.URL.Query()[langCookie]
	for _, a := range slices.Backward(asked) {
		c = l.match(a)
		if c != nil {
			return c, true
		}
	}
	cookie, err := r.Cookie(langCookie)
	if err == nil {
		c = l.match(cookie.Value)
		if c != nil {
			return c, false
		}
	}
	c = l.match(r.Header.Get("Accept-Language"))
	if c != nil {
		return c, false
	}
	return l.all[0], false
}

// match returns the catalog for an Accept-Language list, or nil when none fits.
func (l *languages) match(list string) *catalog {
	const enough = 256 // octets; a browser sends fewer than 100
	if len(list) > enough {
		list = list[:strings.LastIndexByte(list[:enough], ',')+1]
		list = strings.TrimSuffix(list, ",")
	}
	if list == "" {
		return nil
	}
	wanted, _, err := language.ParseAcceptLanguage(list)
	if err != nil {
		return nil
	}
	_, i, confidence := l.matcher.Match(wanted...)
	if confidence == language.No {
		return nil
	}
	return l.all[i]
}

// Lang returns the tag of the language in which r is answered.
func (u *UI) Lang(r *http.Request) string {
	c, _ := u.langs.choose(r)
	return c.tag.String()
}

// Choice is a link of the language switch.
type Choice struct {
	Tag, Name, Dir, Href string
	Current              bool
}

// choices are the links of the language switch. They keep the query as it is,
// octet by octet: in a captive sheet all state is in the URL, and a gateway's
// signature covers its raw form.
func (u *UI) choices(here string, current *catalog) []Choice {
	p, query, _ := strings.Cut(here, "?")
	parts := strings.Split(query, "&")
	for len(parts) > 0 && (parts[len(parts)-1] == "" || strings.HasPrefix(parts[len(parts)-1], langCookie+"=")) {
		parts = parts[:len(parts)-1]
	}
	var list []Choice
	for _, c := range u.langs.all {
		tag := c.tag.String()
		list = append(list, Choice{
			Tag: tag, Name: c.text("ui.language.name"), Dir: c.text("ui.language.dir"),
			Href:    p + "?" + strings.Join(append(slices.Clone(parts), langCookie+"="+tag), "&"),
			Current: c == current,
		})
	}
	return list
}
