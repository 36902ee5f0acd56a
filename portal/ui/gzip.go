package ui

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

func zip(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b) // into memory: cannot fail
	z.Write(body)
	z.Close()
	return b.Bytes()
}

// acceptsGzip reads Accept-Encoding, RFC 9110 §12.5.3: a weight of 0 refuses.
func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, weight, ok := strings.Cut(params, "=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err == nil && q > 0
	}
	return false
}

// writePage sends a whole HTML page, compressed for who takes it. Our pages
// mix no secret with words of the request, so a compression oracle (BREACH)
// has nothing to find.
func writePage(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		page = zip(page)
	}
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	w.Write(page)
}
