package ui

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// static serves the embedded files under names that hold a hash of their
// content, so that a browser may keep them for ever.
type static struct {
	paths map[string]string // "parvis.css" -> "/static/parvis.0123abcd.css"
	files map[string]staticFile
}

type staticFile struct {
	contentType string
	body        []byte
	zipped      []byte // nil when compression does not help
}

// Types of the files that we embed. The table of the operating system, which
// mime would read, differs from host to host.
var staticTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".html": "text/html; charset=utf-8",
}

func loadStatic(fsys fs.FS) (*static, error) {
	s := &static{paths: map[string]string{}, files: map[string]staticFile{}}
	err := fs.WalkDir(fsys, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		ext := path.Ext(name)
		if staticTypes[ext] == "" {
			return fmt.Errorf("static file %s: no content type for %q", name, ext)
		}
		sum := sha256.Sum256(body)
		base := strings.TrimPrefix(name, "static/")
		served := "/static/" + strings.TrimSuffix(base, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		s.paths[base] = served
		f := staticFile{contentType: staticTypes[ext], body: body}
		if compressible(f.contentType) {
			f.zipped = zip(body)
		}
		s.files[served] = f
		return nil
	})
	return s, err
}

// path returns the URL of a file; an unknown name is an error of the template.
func (s *static) path(name string) (string, error) {
	p, ok := s.paths[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return p, nil
}

// Static serves the files under /static/.
func (u *UI) Static() http.Handler {
	return u.Wrap("static", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := u.static.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", f.contentType)
		body := f.body
		if f.zipped != nil {
			h.Set("Vary", "Accept-Encoding")
			if acceptsGzip(r) {
				h.Set("Content-Encoding", "gzip")
				body = f.zipped
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	}))
}

func compressible(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (strings.HasPrefix(t, "text/") || t == "image/svg+xml")
}
