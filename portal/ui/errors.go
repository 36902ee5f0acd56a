package ui

import (
	"net/http"
	"strconv"
)

const errorPage = `{{define "main"}}<h1>{{.Title}}</h1><p class="lead">{{t .Data}}</p>{{end}}`

// The statuses that have words of their own in the language files.
var errorStatuses = map[int]bool{
	http.StatusBadRequest: true, http.StatusForbidden: true, http.StatusNotFound: true,
	http.StatusMethodNotAllowed: true, http.StatusRequestEntityTooLarge: true,
	http.StatusTooManyRequests: true, http.StatusInternalServerError: true,
	http.StatusServiceUnavailable: true,
}

// Error sends a page that says in plain words what went wrong and what to do.
func (u *UI) Error(w http.ResponseWriter, r *http.Request, status int) {
	words := status
	if !errorStatuses[words] {
		words = http.StatusInternalServerError
		if status < 500 {
			words = http.StatusBadRequest
		}
	}
	key := "ui.error." + strconv.Itoa(words)
	here := ""
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		here = "/" // there may be nothing to GET under the path of a form
	}
	u.errors.Render(w, r, status, "error", View{TitleKey: key + ".title", Data: key + ".text", Here: here})
}
