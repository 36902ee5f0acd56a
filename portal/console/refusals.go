package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parvis/internal/access"
	"parvis/internal/directory"
	"parvis/portal/ui"
)

// refusalsShown is how many refused requests are read at once; more are kept
// for a day at most.
const refusalsShown = 1000

// refusal is one refused request, with the keys of its words.
type refusal struct {
	directory.Refusal
	Place  string
	Linked bool // to its explanation
}

// refusalOf finds the name of where it was.
func refusalOf(s *directory.Snapshot, one directory.Refusal) refusal {
	row := refusal{Refusal: one}
	if z := s.Zone(one.ZoneID); z != nil {
		row.Place = z.Name
	} else if res := s.Residence(one.ResidenceID); res != nil {
		row.Place = res.Name
	}
	return row
}

// Explain is a link to why it is so, now; empty when the request names no device.
func (r refusal) Explain() string {
	if !r.Linked || r.MAC.IsZero() {
		return ""
	}
	return "/explain?" + url.Values{"mac": {r.MAC.String()}}.Encode()
}

// Known says that there are words for the reason: a newer node may send others.
func (r refusal) Known() bool {
	_, ok := access.ParseReason(r.Reason)
	return ok
}

// Words, Help and Proof are keys of the language files.
func (r refusal) Words() string { return "reason." + r.Reason }
func (r refusal) Help() string  { return "console.reason_help." + r.Reason }
func (r refusal) Proof() string { return "console.method." + r.Method }

type reasonCount struct {
	Reason string
	Count  int
}

type refusalsView struct {
	Reason  string // the only one that is shown; empty for all
	All     int
	Reasons []reasonCount // most first
	List    []refusal
	Pager   pager
}

func (c *console) refusals(w http.ResponseWriter, r *http.Request, u directory.User) {
	kept, err := c.Live.Refusals(r.Context(), refusalsShown)
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	s := c.Register.Snapshot()
	v := refusalsView{All: len(kept)}
	if _, ok := access.ParseReason(r.URL.Query().Get("reason")); ok {
		v.Reason = r.URL.Query().Get("reason")
	}
	counts := map[string]int{}
	var list []refusal
	for _, one := range kept {
		row := refusalOf(s, one)
		row.Linked = true
		if row.Known() {
			counts[one.Reason]++
		}
		if v.Reason == "" || v.Reason == one.Reason {
			list = append(list, row)
		}
	}
	for reason, n := range counts {
		v.Reasons = append(v.Reasons, reasonCount{reason, n})
	}
	slices.SortFunc(v.Reasons, func(a, b reasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	v.List, v.Pager = page(list, r.URL)
	c.show(w, r, u, http.StatusOK, "refusals", ui.View{TitleKey: "console.refusals.title", Data: v})
}

// refusedSince counts the refusals since an instant.
func refusedSince(list []directory.Refusal, since time.Time) int {
	n := 0
	for _, r := range list {
		if r.At.After(since) {
			n++
		}
	}
	return n
}
