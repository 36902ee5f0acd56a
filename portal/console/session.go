package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parvis/internal/directory"
)

// How long a login lasts: idleTime without a page, lifetime in any case. A
// login that is in use is replaced by a new one every renewAfter, because the
// store keeps one fixed end for each.
const (
	idleTime   = 30 * time.Minute
	lifetime   = 12 * time.Hour
	renewAfter = 5 * time.Minute
)

// ticket is what the cookie holds. The store keeps a hash over all of it, so
// nobody can change the instants without losing the login.
type ticket struct {
	secret        string    // 256 bits, base64url
	began, issued time.Time // whole seconds: of the sign-in, and of this ticket
	previous      string    // hash of the ticket that this one replaced, or empty
}

func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (t ticket) String() string {
	return t.secret + "." + strconv.FormatInt(t.began.Unix(), 10) + "." + strconv.FormatInt(t.issued.Unix(), 10) + "." + t.previous
}

// hash is what is stored.
func (t ticket) hash() string {
	sum := sha256.Sum256([]byte(t.String()))
	return hex.EncodeToString(sum[:])
}

func (t ticket) expires() time.Time {
	end := t.began.Add(lifetime)
	if idle := t.issued.Add(idleTime); idle.Before(end) {
		return idle
	}
	return end
}

// parseTicket reads a cookie. Whether the store knows it is another question.
func parseTicket(s string) (ticket, bool) {
	parts := strings.Split(s, ".")
	if len(s) > 256 || len(parts) != 4 {
		return ticket{}, false
	}
	began, err1 := strconv.ParseInt(parts[1], 10, 64)
	issued, err2 := strconv.ParseInt(parts[2], 10, 64)
	t := ticket{secret: parts[0], began: time.Unix(began, 0), issued: time.Unix(issued, 0), previous: parts[3]}
	return t, err1 == nil && err2 == nil && t.String() == s
}

func (c *console) cookieName() string {
	if c.Secure {
		return "__Host-parvis_console"
	}
	return "parvis_console"
}

func (c *console) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: c.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteStrictMode,
	})
}

func (c *console) readCookie(r *http.Request) (ticket, bool) {
	cookie, err := r.Cookie(c.cookieName())
	if err != nil {
		return ticket{}, false
	}
	return parseTicket(cookie.Value)
}

// signedIn returns whose login the request carries, and renews it when it is
// due. An error says that it could not be checked; then nobody is in.
func (c *console) signedIn(w http.ResponseWriter, r *http.Request) (directory.User, bool, error) {
	t, ok := c.readCookie(r)
	if !ok {
		return directory.User{}, false, nil
	}
	now := c.Now()
	u, ok, err := c.Logins.LoginUser(r.Context(), t.hash(), now)
	if err != nil || !ok {
		return directory.User{}, false, err
	}
	if r.Method == http.MethodGet && now.Sub(t.issued) >= renewAfter {
		err := c.renew(w, r, t, u, now)
		if err != nil { // the old ticket is good for some minutes yet
			c.Log.WarnContext(r.Context(), "login not renewed", "error", err)
		}
	}
	return u, true, nil
}

// renew replaces t. It stays valid until it is two tickets old or expires: the
// answer that carries the new one may get lost on its way.
func (c *console) renew(w http.ResponseWriter, r *http.Request, t ticket, u directory.User, now time.Time) error {
	next := ticket{secret: newSecret(), began: t.began, issued: now.Truncate(time.Second), previous: t.hash()}
	err := c.Logins.CreateLogin(r.Context(), next.hash(), u.ID, now, next.expires())
	if err != nil {
		return err
	}
	c.setCookie(w, next.String(), 0)
	if t.previous == "" {
		return nil
	}
	return c.Logins.DeleteLogin(r.Context(), t.previous)
}
