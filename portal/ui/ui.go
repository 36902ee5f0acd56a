package ui

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"time"
	_ "time/tzdata" // a static binary in an empty container has no zone files

	"github.com/prometheus/client_golang/prometheus"
)

//go:embed lang/*.toml
var langFS embed.FS

//go:embed layout/*.html
var layoutFS embed.FS

//go:embed static
var staticFS embed.FS

// Options of New. Every field may be left out.
type Options struct {
	Registerer prometheus.Registerer
	Log        *slog.Logger
	// Location is where the commune's clocks are; Europe/Paris when nil.
	Location *time.Location
}

// UI holds what is the same for every page. It is safe for concurrent use.
type UI struct {
	langs    *languages
	static   *static
	location *time.Location
	log      *slog.Logger
	metrics  *httpMetrics
	errors   *Pages
}

// New loads languages, layout and static files. It fails when a language lacks
// a key that another one has, so that a half translated page cannot be served.
func New(o Options) (*UI, error) {
	u := &UI{location: o.Location, log: o.Log}
	if u.log == nil {
		u.log = slog.New(slog.DiscardHandler)
	}
	if u.location == nil {
		paris, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			return nil, fmt.Errorf("time zone: %w", err)
		}
		u.location = paris
	}
	lang, err := fs.Sub(langFS, "lang")
	if err != nil {
		return nil, err
	}
	u.langs, err = loadLanguages(lang)
	if err != nil {
		return nil, err
	}
	u.static, err = loadStatic(staticFS)
	if err != nil {
		return nil, err
	}
	u.metrics, err = newHTTPMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	u.errors, err = u.parse(nil, map[string]string{"error": errorPage})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Languages lists the tags of all languages, the default first.
func (u *UI) Languages() []string { return u.langs.tags() }

// Text returns the words of key in the language with that tag; the default
// language for a tag that is not ours, and the key itself for an unknown key.
func (u *UI) Text(lang, key string, args ...any) string {
	return u.langs.get(lang).text(key, args...)
}

// funcs are what a template in language l can call.
func (u *UI) funcs(l *catalog) template.FuncMap {
	f := formatter{l, u.location}
	return template.FuncMap{
		"t":        l.text,
		"tn":       l.plural,
		"lang":     func() string { return l.tag.String() },
		"dir":      func() string { return l.text("ui.language.dir") },
		"static":   u.static.path,
		"date":     f.date,
		"datetime": f.datetime,
		"clock":    f.clock,
		"month":    f.month,
		"euros":    f.euros,
		"number":   f.number,
		"bytes":    f.bytes,
		"rate":     f.rate,
		"duration": f.duration,
	}
}
