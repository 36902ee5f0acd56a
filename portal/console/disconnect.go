package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// Sessions ends running sessions.
type Sessions interface {
	// Disconnect asks the NAS of an open session to end it and waits for what
	// becomes of that, for a quarter of a minute at most. It writes the audit
	// entry, before anything is asked. by is the login of who wants it.
	Disconnect(ctx context.Context, sessionKey, by string) (Disconnected, error)
}

// Disconnected is what became of asking for the end of a session.
type Disconnected struct {
	State string // one of DisconnectStates
	// Cause is the Error-Cause of a NAK, RFC 5176 §3.5; 0 when there was none.
	Cause uint32
	// Why, one of DisconnectReasons, says why nothing was asked.
	Why string
}

// The states of Disconnected.
const (
	DisconnectACK     = "ack"     // the NAS says that it ends the session
	DisconnectNAK     = "nak"     // the NAS refused
	DisconnectTimeout = "timeout" // the NAS did not answer
	DisconnectFailed  = "failed"  // nothing was asked
	DisconnectUnknown = "unknown" // it is not known, or not yet
)

// DisconnectStates lists them.
func DisconnectStates() []string {
	return []string{DisconnectACK, DisconnectNAK, DisconnectTimeout, DisconnectFailed, DisconnectUnknown}
}

// DisconnectReasons lists why nothing may have been asked of the NAS.
func DisconnectReasons() []string {
	return []string{"ended", "nas_gone", "no_address", "tls_only", "unnamed", "other"}
}

// disconnectCauses are those of RFC 5176 §3.5 that have words of their own.
func disconnectCauses() []uint32 {
	return []uint32{201, 202, 401, 402, 403, 404, 405, 406, 407, 501, 502, 503, 504, 505, 506, 507, 508}
}

// disconnected is the notice about it. It comes back in the address of the
// page, so that reloading the page asks for nothing again.
type disconnected struct{ Disconnected }

// readDisconnected takes only what has words; nil for anything else.
func readDisconnected(q url.Values) *disconnected {
	d := &disconnected{Disconnected{State: q.Get("disconnect"), Why: q.Get("why")}}
	if !slices.Contains(DisconnectStates(), d.State) || d.State == DisconnectFailed && !slices.Contains(DisconnectReasons(), d.Disconnected.Why) {
		return nil
	}
	if cause, err := strconv.ParseUint(q.Get("cause"), 10, 32); err == nil {
		d.Cause = uint32(cause)
	}
	return d
}

// Colour is a class of ui's notices.
func (d disconnected) Colour() string {
	switch d.State {
	case DisconnectACK:
		return "good"
	case DisconnectUnknown:
		return "wait"
	}
	return "bad"
}

// Words is the key of what happened, and Why the key of the reason or empty.
func (d disconnected) Words() string { return "console.disconnect." + d.State }

func (d disconnected) Why() string {
	switch {
	case d.State == DisconnectFailed:
		return "console.disconnect.why." + d.Disconnected.Why
	case d.State != DisconnectNAK:
		return ""
	case slices.Contains(disconnectCauses(), d.Cause):
		return "console.disconnect.cause." + strconv.FormatUint(uint64(d.Cause), 10)
	}
	return "console.disconnect.cause.other"
}

// disconnect ends one session of the access point.
func (c *console) disconnect(w http.ResponseWriter, r *http.Request, u directory.User) {
	ap := c.Register.Snapshot().AccessPoint(r.PathValue("id"))
	if ap == nil {
		c.fail(w, r, u, http.StatusNotFound)
		return
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("session") == "" {
		c.fail(w, r, u, http.StatusBadRequest)
		return
	}
	// A session of this access point: what the page shows, and nothing else.
	open, err := c.Store.OpenSessions(r.Context(), accounting.Filter{AccessPointID: ap.ID, Key: r.PostForm.Get("session")}, 1)
	d := Disconnected{State: DisconnectFailed, Why: "ended"}
	if err == nil && len(open) > 0 {
		d, err = c.Sessions.Disconnect(r.Context(), open[0].Key, u.Name)
	}
	if err != nil {
		c.broken(w, r, u, err)
		return
	}
	q := url.Values{"disconnect": {d.State}}
	if d.Why != "" {
		q.Set("why", d.Why)
	}
	if d.Cause != 0 {
		q.Set("cause", strconv.FormatUint(uint64(d.Cause), 10))
	}
	http.Redirect(w, r, "/access-points/"+url.PathEscape(ap.ID)+"?"+q.Encode(), http.StatusSeeOther)
}
