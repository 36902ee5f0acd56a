package console

import (
	"net/url"
	"strconv"
	"strings"
)

// rowsPerPage is how many rows a table shows at once.
const rowsPerPage = 200

// maxQuery bounds a search text, in octets.
const maxQuery = 100

// pager is one page of a longer table.
type pager struct {
	Page, Pages    int
	From, To, Rows int    // rows shown, counted from 1, of Rows
	Before, After  string // links, empty at the ends
}

// page cuts the rows that ?page= asks for out of list.
func page[T any](list []T, u *url.URL) ([]T, pager) {
	pages := max(1, (len(list)+rowsPerPage-1)/rowsPerPage)
	n, err := strconv.Atoi(u.Query().Get("page"))
	if err != nil {
		n = 1
	}
	n = min(max(n, 1), pages)
	from, to := (n-1)*rowsPerPage, min(n*rowsPerPage, len(list))
	p := pager{Page: n, Pages: pages, From: from + 1, To: to, Rows: len(list)}
	link := func(n int) string {
		q := u.Query()
		q.Del("lang") // the cookie has it by now
		q.Set("page", strconv.Itoa(n))
		return u.Path + "?" + q.Encode()
	}
	if n > 1 {
		p.Before = link(n - 1)
	}
	if n < pages {
		p.After = link(n + 1)
	}
	return list[from:to], p
}

// search is a search form and what was asked in it.
type search struct{ Key, Query, Clear string }

func searchFor(key string, u *url.URL) search { return search{key, query(u), u.Path} }

// query is the search text of ?q=.
func query(u *url.URL) string {
	q := strings.TrimSpace(u.Query().Get("q"))
	if len(q) > maxQuery {
		q = strings.ToValidUTF8(q[:maxQuery], "")
	}
	return q
}

// found reports whether q is in one of the texts, in any case.
func found(q string, texts ...string) bool {
	q = strings.ToLower(q)
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), q) {
			return true
		}
	}
	return false
}
