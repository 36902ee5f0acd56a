package console

import (
	"net/http"
	"strconv"
	"strings"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// nav is the bar over a page; the zero value shows none.
type nav struct {
	User string
	Role directory.Role
	Tabs []tab
}

type tab struct {
	Href, Key string
	Current   bool
}

// tabs in their order; a role sees those that its routes allow.
func tabs() []tab {
	return []tab{
		{Href: "/", Key: "console.nav.overview"},
		{Href: "/desk", Key: "console.nav.desk"},
		{Href: "/residences", Key: "console.nav.residences"},
		{Href: "/charges", Key: "console.nav.charges"},
		{Href: "/access-points", Key: "console.nav.access_points"},
		{Href: "/nas", Key: "console.nav.nas"},
		{Href: "/refusals", Key: "console.nav.refusals"},
		{Href: "/explain", Key: "console.nav.explain"},
	}
}

// home is where a role begins.
func home(role directory.Role) string {
	if role == directory.RoleDesk {
		return "/desk"
	}
	return "/"
}

func (c *console) nav(r *http.Request, u directory.User) nav {
	n := nav{User: u.Name, Role: u.Role}
	allowed := map[string]bool{}
	for _, rt := range c.routes() {
		if rt.method == http.MethodGet && rt.allows(u.Role) {
			allowed[strings.TrimSuffix(rt.pattern, "{$}")] = true
		}
	}
	if u.Role == directory.RoleDesk {
		allowed["/"] = false // it only leads to /desk
	}
	for _, t := range tabs() {
		if allowed[t.Href] {
			t.Current = r.URL.Path == t.Href || t.Href != "/" && strings.HasPrefix(r.URL.Path, t.Href+"/")
			n.Tabs = append(n.Tabs, t)
		}
	}
	return n
}

// show sends a page with the bar over it.
func (c *console) show(w http.ResponseWriter, r *http.Request, u directory.User, status int, page string, v ui.View) {
	v.Nav, v.Wide = c.nav(r, u), true
	c.pages.Render(w, r, status, page, v)
}

// fail sends a page that says in plain words what went wrong. Its words are
// those of ui.Error, but the bar stays.
func (c *console) fail(w http.ResponseWriter, r *http.Request, u directory.User, status int) {
	key := "ui.error." + strconv.Itoa(status)
	c.show(w, r, u, status, "message", ui.View{TitleKey: key + ".title", Data: key + ".text", Here: home(u.Role)})
}

// broken logs an error that is nobody's fault here and sends a page.
func (c *console) broken(w http.ResponseWriter, r *http.Request, u directory.User, err error) {
	c.Log.ErrorContext(r.Context(), "console page failed", "path", r.URL.Path, "error", err)
	c.fail(w, r, u, http.StatusServiceUnavailable)
}
