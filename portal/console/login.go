package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// Tries at once and one more every so often, before a password is looked at. For
// a name from one address it is narrow; for the name from anywhere it is wider,
// so that one address that goes on guessing does not keep out whose name it is.
const (
	addressBurst = 40
	addressEvery = 5 * time.Second
	bothBurst    = 15
	bothEvery    = 20 * time.Second
	nameBurst    = 40
	nameEvery    = 6 * time.Second
)

// maxName bounds a login name, in octets.
const maxName = 64

type loginView struct {
	Name   string
	Result string // key of what went wrong, empty at first
}

func (c *console) loginPage(w http.ResponseWriter, r *http.Request, _ directory.User) {
	c.showLogin(w, r, http.StatusOK, loginView{})
}

func (c *console) showLogin(w http.ResponseWriter, r *http.Request, status int, v loginView) {
	c.pages.Render(w, r, status, "login", ui.View{TitleKey: "console.login.title", Data: v, Nav: nav{}, Here: "/login"})
}

func (c *console) login(w http.ResponseWriter, r *http.Request, _ directory.User) {
	if err := r.ParseForm(); err != nil {
		c.UI.Error(w, r, http.StatusBadRequest)
		return
	}
	name, password := strings.TrimSpace(r.PostForm.Get("name")), r.PostForm.Get("password")
	if len(name) > maxName {
		name = name[:maxName] // no user has such a name; it is counted and refused like any other
	}
	result, u := c.checkLogin(r, name, password)
	if result == resultOK {
		if err := c.startLogin(w, r, u); err != nil {
			c.Log.ErrorContext(r.Context(), "login not kept", "error", err)
			result = resultFailed
		}
	}
	c.logins.WithLabelValues(result).Inc()
	if result == resultOK {
		http.Redirect(w, r, home(u.Role), http.StatusSeeOther)
		return
	}
	// The name is not logged: it may be a password typed into the wrong field.
	c.Log.WarnContext(r.Context(), "sign-in refused", "result", result, "from", ui.Remote(r))
	c.showLogin(w, r, map[string]int{
		resultWrong: http.StatusUnauthorized, resultLimited: http.StatusTooManyRequests,
		resultBusy: http.StatusServiceUnavailable, resultFailed: http.StatusServiceUnavailable,
	}[result], loginView{name, "console.login." + result})
}

// checkLogin counts the try and checks the password. When something cannot be
// checked nobody gets in.
func (c *console) checkLogin(r *http.Request, name, password string) (string, directory.User) {
	ctx, key := r.Context(), strings.ToLower(name)
	for _, l := range []struct {
		key   string
		burst int
		every time.Duration
	}{
		{"console/address/" + ui.Remote(r), addressBurst, addressEvery},
		{"console/both/" + ui.Remote(r) + "/" + key, bothBurst, bothEvery},
		{"console/name/" + key, nameBurst, nameEvery},
	} {
		ok, _, err := c.Live.Allow(ctx, l.key, l.burst, l.every)
		if err != nil {
			c.Log.ErrorContext(ctx, "limit not counted", "error", err)
			return resultFailed, directory.User{}
		}
		if !ok {
			return resultLimited, directory.User{}
		}
	}
	u, found, err := c.Logins.UserByName(ctx, name)
	if err != nil {
		c.Log.ErrorContext(ctx, "user not looked up", "error", err)
		return resultFailed, directory.User{}
	}
	found = found && !u.Disabled
	ok, err := c.verify(ctx, u, found, password)
	switch {
	case errors.Is(err, errBusy):
		return resultBusy, directory.User{}
	case err != nil:
		c.Log.ErrorContext(ctx, "password not checked", "error", err)
		return resultFailed, directory.User{}
	case !ok || !found:
		return resultWrong, directory.User{}
	}
	return resultOK, u
}

func (c *console) verify(ctx context.Context, u directory.User, found bool, password string) (ok bool, err error) {
	hash := c.nobody
	if found {
		hash = u.PasswordHash
	}
	var checkErr error
	err = c.hashes.do(ctx, func() { ok, checkErr = VerifyPassword(hash, password) })
	return ok, errors.Join(err, checkErr)
}

// startLogin makes a new ticket, whatever the browser brought (ASVS 7.2.4).
func (c *console) startLogin(w http.ResponseWriter, r *http.Request, u directory.User) error {
	now := c.Now()
	if err := c.audit(r, u, "console.login", u.ID, "from "+ui.Remote(r)); err != nil {
		return err
	}
	whole := now.Truncate(time.Second)
	t := ticket{secret: newSecret(), began: whole, issued: whole}
	if err := c.Logins.CreateLogin(r.Context(), t.hash(), u.ID, now, t.expires()); err != nil {
		return err
	}
	if old, ok := c.readCookie(r); ok {
		c.endLogin(r, old)
	}
	c.setCookie(w, t.String(), 0)
	return nil
}

func (c *console) logout(w http.ResponseWriter, r *http.Request, u directory.User) {
	if t, ok := c.readCookie(r); ok && !c.endLogin(r, t) {
		c.UI.Error(w, r, http.StatusServiceUnavailable) // still signed in: do not say otherwise
		return
	}
	c.setCookie(w, "", -1)
	if err := c.audit(r, u, "console.logout", u.ID, ""); err != nil {
		c.Log.ErrorContext(r.Context(), "sign-out not in the audit trail", "error", err)
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// endLogin ends a ticket and the one before it.
func (c *console) endLogin(r *http.Request, t ticket) bool {
	err := c.Logins.DeleteLogin(r.Context(), t.hash())
	if t.previous != "" {
		err = errors.Join(err, c.Logins.DeleteLogin(r.Context(), t.previous))
	}
	if err != nil {
		c.Log.ErrorContext(r.Context(), "login not ended", "error", err)
	}
	return err == nil
}

func (c *console) audit(r *http.Request, u directory.User, action, subject, detail string) error {
	return c.Logins.Audit(r.Context(), directory.AuditEntry{At: c.Now(), Actor: u.Name, Action: action, Subject: subject, Detail: detail})
}
