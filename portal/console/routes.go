package console

import (
	"net/http"
	"slices"

	"parvis/internal/directory"
)

// route is one page or step, with who may use it.
type route struct {
	method, pattern string // of http.ServeMux
	name            string // label of the handler
	roles           []directory.Role
	open            bool // also for who is not signed in; roles is empty
	handler         func(w http.ResponseWriter, r *http.Request, u directory.User)
}

// routes is the whole console. A role that is not listed does not get in.
func (c *console) routes() []route {
	const (
		admin    = directory.RoleAdmin
		network  = directory.RoleNetwork
		operator = directory.RoleOperator
		desk     = directory.RoleDesk
	)
	type roles = []directory.Role
	return []route{
		{"GET", "/healthz", "healthz", nil, true, healthz},
		{"GET", "/login", "login", nil, true, c.loginPage},
		{"POST", "/login", "login_post", nil, true, c.login},
		{"POST", "/logout", "logout", roles{admin, network, operator, desk}, false, c.logout},
		{"GET", "/{$}", "overview", roles{admin, network, operator, desk}, false, c.overview},
		{"GET", "/desk", "desk", roles{admin, desk}, false, c.desk},
		{"GET", "/residences", "residences", roles{admin, operator}, false, c.residences},
		{"GET", "/residences/{id}", "residence", roles{admin, operator}, false, c.residence},
		{"GET", "/access-points", "access_points", roles{admin, network}, false, c.accessPoints},
		{"GET", "/access-points/{id}", "access_point", roles{admin, network}, false, c.accessPoint},
		{"POST", "/access-points/{id}/disconnect", "disconnect", roles{admin, network}, false, c.disconnect},
		{"GET", "/nas", "nas", roles{admin, network}, false, c.nas},
		{"GET", "/refusals", "refusals", roles{admin, network}, false, c.refusals},
		{"GET", "/explain", "explain", roles{admin, network, desk}, false, c.explain},
		{"GET", "/charges", "charges", roles{admin, operator}, false, c.charges},
		{"GET", "/charges/file", "charges_file", roles{admin, operator}, false, c.chargesFile},
		{"POST", "/charges/draft", "charges_draft", roles{admin, operator}, false, c.step(stepDraft)},
		{"POST", "/charges/approve", "charges_approve", roles{admin, operator}, false, c.step(stepApprove)},
		{"POST", "/charges/issue", "charges_issue", roles{admin, operator}, false, c.step(stepIssue)},
	}
}

func (rt route) allows(role directory.Role) bool { return slices.Contains(rt.roles, role) }

// guard lets in who may use the route. The user is read anew for each request,
// so a changed role counts at once (ASVS 8.3.2).
func (c *console) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.open {
			rt.handler(w, r, directory.User{})
			return
		}
		u, ok, err := c.signedIn(w, r)
		switch {
		case err != nil:
			c.Log.ErrorContext(r.Context(), "login not checked", "error", err)
			c.UI.Error(w, r, http.StatusServiceUnavailable)
		case !ok:
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		case !rt.allows(u.Role):
			c.fail(w, r, u, http.StatusForbidden)
		default:
			rt.handler(w, r, u)
		}
	})
}

func healthz(w http.ResponseWriter, _ *http.Request, _ directory.User) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}
