package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// catalog holds the words of one language, by dotted key. A text holds its
// arguments as {0}, {1} …, which a translator may reorder.
type catalog struct {
	tag     language.Tag
	texts   map[string]string
	plurals map[string]forms
}

// forms are the plural forms of a text, by CLDR category ("one", "few", …).
type forms map[string]string

// CLDR names of the plural categories. "other" is the one that every language has.
var categories = []string{"zero", "one", "two", "few", "many", "other"}

func newCatalog(tag language.Tag) *catalog {
	return &catalog{tag: tag, texts: map[string]string{}, plurals: map[string]forms{}}
}

// add flattens the table of a language file into dotted keys. A table whose
// keys are all plural categories is one text with plural forms.
func (c *catalog) add(prefix string, table map[string]any) error {
	if f, ok := pluralForms(table); ok && prefix != "" {
		if c.has(prefix) {
			return fmt.Errorf("the key %s is there twice", prefix)
		}
		c.plurals[prefix] = f
		return nil
	}
	for name, v := range table {
		key := name
		if prefix != "" {
			key = prefix + "." + name
		}
		switch v := v.(type) {
		case string:
			if c.has(key) {
				return fmt.Errorf("the key %s is there twice", key)
			}
			if strings.TrimSpace(v) == "" && !strings.HasPrefix(key, "ui.number.") {
				return fmt.Errorf("the key %s has no text", key)
			}
			c.texts[key] = v
		case map[string]any:
			err := c.add(key, v)
			if err != nil {
				return err
			}
		default:
			return fmt.Errorf("the key %s is not a text", key)
		}
	}
	return nil
}

func pluralForms(table map[string]any) (forms, bool) {
	f := forms{}
	for k, v := range table {
		text, ok := v.(string)
		if !ok || !slices.Contains(categories, k) {
			return nil, false
		}
		f[k] = text
	}
	_, ok := f["other"]
	return f, ok
}

func (c *catalog) has(key string) bool {
	_, text := c.texts[key]
	_, form := c.plurals[key]
	return text || form
}

// keys returns every key, sorted.
func (c *catalog) keys() []string {
	var all []string
	for k := range c.texts {
		all = append(all, k)
	}
	for k := range c.plurals {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// text returns the words of key with its arguments filled in. An unknown key is
// shown as it is: for a resident a page with one odd word is better than none.
func (c *catalog) text(key string, args ...any) string {
	text, ok := c.texts[key]
	if !ok {
		return key
	}
	return fill(text, args)
}

// plural returns the form of key for n, which is {0} in the text; args start at {1}.
func (c *catalog) plural(key string, n any, args ...any) (string, error) {
	f, ok := c.plurals[key]
	if !ok {
		return key, nil
	}
	count, err := integer(n)
	if err != nil {
		return "", fmt.Errorf("plural of %s: %w", key, err)
	}
	text, ok := f[category(c.tag, count)]
	if !ok {
		text = f["other"]
	}
	return fill(text, append([]any{count}, args...)), nil
}

// category returns the CLDR plural category of n in the language.
func category(tag language.Tag, n int64) string {
	// No language's rule looks beyond "a million or more" and the last six
	// digits, and MatchPlural takes an int, which may have 32 bits.
	n = max(n, -n)
	if n > 1_000_000 {
		n = 1_000_000 + n%1_000_000
	}
	switch plural.Cardinal.MatchPlural(tag, int(n), 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

func integer(n any) (int64, error) {
	switch n := n.(type) {
	case int:
		return int64(n), nil
	case int32:
		return int64(n), nil
	case int64:
		return n, nil
	case uint32:
		return int64(n), nil
	case uint64:
		return int64(n), nil
	}
	return 0, fmt.Errorf("%T is not a whole number", n)
}

var placeholder = regexp.MustCompile(`\{([0-9])\}`)

func fill(text string, args []any) string {
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		i, err := strconv.Atoi(p[1 : len(p)-1])
		if err != nil || i >= len(args) {
			return p
		}
		return fmt.Sprint(args[i])
	})
}
