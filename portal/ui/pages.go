package ui

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"text/template/parse"
	"time"
)

// View is what a handler says about a page.
type View struct {
	TitleKey  string // of the document's title, unique for each page
	TitleArgs []any
	Nav       any // for the package's own "nav" template
	Data      any
	// Here is a URL that shows the same page by GET; the language switch goes
	// there. Empty means the request's own.
	Here string
	// RefreshAfter and RefreshURL move the browser on; a zero URL does not.
	RefreshAfter time.Duration
	RefreshURL   string
	// FormAction are origins to which a form's answer may redirect, besides our own.
	FormAction []string
	// Wide gives tables room, for the console.
	Wide bool
}

// Page is the dot of every template: .Data and .Nav are the view's.
type Page struct {
	View
	Title     string
	Languages []Choice
	Refresh   string // content of the meta element; empty for none
}

// Pages are one package's templates, in every language.
type Pages struct {
	ui     *UI
	byLang map[string]map[string]*template.Template
}

// Parse reads templates/*.html of fsys. Each file is a page, named by its base
// name without .html, and defines "main", and if it likes "head". Files that
// begin with "_" are shared by all pages of the package; they may define "nav"
// and "foot". A key of t or tn that no language file has is an error.
func (u *UI) Parse(fsys fs.FS) (*Pages, error) {
	names, err := fs.Glob(fsys, "templates/*.html")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("there are no templates")
	}
	var shared []string
	pages := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(path.Base(name), ".html")
		if strings.HasPrefix(base, "_") {
			shared = append(shared, string(text))
			continue
		}
		pages[base] = string(text)
	}
	return u.parse(shared, pages)
}

func (u *UI) parse(shared []string, pages map[string]string) (*Pages, error) {
	p := &Pages{ui: u, byLang: map[string]map[string]*template.Template{}}
	for _, l := range u.langs.all {
		base, err := template.New("layout").Option("missingkey=error").Funcs(u.funcs(l)).ParseFS(layoutFS, "layout/*.html")
		if err != nil {
			return nil, err
		}
		for _, text := range shared {
			_, err = base.Parse(text)
			if err != nil {
				return nil, err
			}
		}
		set := map[string]*template.Template{}
		for name, text := range pages {
			t, err := base.Clone()
			if err != nil {
				return nil, err
			}
			_, err = t.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("page %s: %w", name, err)
			}
			err = checkKeys(t, l)
			if err != nil {
				return nil, fmt.Errorf("page %s: %w", name, err)
			}
			set[name] = t
		}
		p.byLang[l.tag.String()] = set
	}
	return p, nil
}

// Render sends a page in the reader's language. An error of a template is
// logged and becomes the error page: nothing has been sent by then.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, status int, page string, v View) {
	body, err := p.render(w, r, page, v)
	if err != nil {
		p.ui.log.ErrorContext(r.Context(), "page failed", "page", page, "error", err)
		if p == p.ui.errors {
			http.Error(w, http.StatusText(status), status)
			return
		}
		p.ui.Error(w, r, http.StatusInternalServerError)
		return
	}
	writePage(w, r, status, body)
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, page string, v View) ([]byte, error) {
	l, explicit := p.ui.langs.choose(r)
	t := p.byLang[l.tag.String()][page]
	if t == nil {
		return nil, fmt.Errorf("there is no page %q", page)
	}
	here := v.Here
	if here == "" {
		here = r.URL.RequestURI()
	}
	dot := Page{View: v, Title: l.text(v.TitleKey, v.TitleArgs...), Languages: p.ui.choices(here, l)}
	if v.RefreshURL != "" {
		dot.Refresh = fmt.Sprintf("%d;url=%s", int(v.RefreshAfter/time.Second), v.RefreshURL)
	}
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "layout.html", dot)
	if err != nil {
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Language", l.tag.String())
	h.Add("Vary", "Accept-Language, Cookie")
	h.Set("Content-Security-Policy", policy(v.FormAction))
	if explicit {
		http.SetCookie(w, &http.Cookie{
			Name: langCookie, Value: l.tag.String(), Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
		})
	}
	return b.Bytes(), nil
}

// checkKeys reports the literal keys of t and tn that the language lacks, so
// that a page with a hole is found at start and not by a reader.
func checkKeys(t *template.Template, l *catalog) error {
	var errs []error
	for _, one := range t.Templates() {
		if one.Tree == nil {
			continue
		}
		walk(one.Tree.Root, func(fn, key string) {
			_, text := l.texts[key]
			_, form := l.plurals[key]
			if fn == "t" && !text || fn == "tn" && !form {
				errs = append(errs, fmt.Errorf("%s: the language %s lacks the key %s", one.Name(), l.tag, key))
			}
		})
	}
	return errors.Join(errs...)
}

// walk calls found for every call of t or tn with a literal key under n.
func walk(n parse.Node, found func(fn, key string)) {
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, found)
		walk(b.List, found)
		if b.ElseList != nil {
			walk(b.ElseList, found)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			walk(c, found)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.ActionNode:
		walk(n.Pipe, found)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, found)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			walk(c, found)
		}
	case *parse.CommandNode:
		fn, ok := n.Args[0].(*parse.IdentifierNode)
		if ok && len(n.Args) > 1 && (fn.Ident == "t" || fn.Ident == "tn") {
			if key, ok := n.Args[1].(*parse.StringNode); ok {
				found(fn.Ident, key.Text)
			}
		}
		for _, a := range n.Args {
			walk(a, found)
		}
	}
}
