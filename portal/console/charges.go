package console

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/internal/directory"
	"parvis/portal/ui"
)

// subject is the operator and month that a request is about.
type subject struct {
	Operators []directory.Operator // that the user may choose from
	Operator  directory.Operator
	Month     directory.Month
}

// url is the address of the month's page.
func (s subject) url(extra ...string) string {
	q := url.Values{"operator": {s.Operator.ID}, "month": {s.Month.String()}}
	for i := 0; i+1 < len(extra); i += 2 {
		q.Set(extra[i], extra[i+1])
	}
	return "/charges?" + q.Encode()
}

// Bounds of the months that a page computes.
var (
	firstMonth = directory.NewMonth(2000, 1)
	finalMonth = directory.NewMonth(2100, 12)
)

// lastMonth is the last month that is over: the one to be charged.
func (c *console) lastMonth() directory.Month { return directory.MonthOf(c.today()) - 1 }

// subject reads operator and month. The operator is looked for among those that
// the user may see; status is 404 when it is not there, 0 when all is well.
func (c *console) subject(r *http.Request, u directory.User, from url.Values) (s subject, status int, err error) {
	operators, err := c.Store.Operators(r.Context())
	if err != nil {
		return s, http.StatusServiceUnavailable, err
	}
	for _, o := range operators {
		if u.Role == directory.RoleAdmin || o.ID == u.OperatorID {
			s.Operators = append(s.Operators, o)
		}
	}
	s.Month = c.lastMonth()
	if text := from.Get("month"); text != "" {
		s.Month, err = directory.ParseMonth(text)
		if err != nil || s.Month < firstMonth || s.Month > finalMonth {
			return s, http.StatusBadRequest, nil
		}
	}
	id := from.Get("operator")
	if id == "" {
		if len(s.Operators) > 0 {
			s.Operator = s.Operators[0]
		}
		return s, 0, nil
	}
	i := slices.IndexFunc(s.Operators, func(o directory.Operator) bool { return o.ID == id })
	if i < 0 {
		return s, http.StatusNotFound, nil
	}
	s.Operator = s.Operators[i]
	return s, 0, nil
}

// subjectOr sends the page that says what is wrong when there is no subject.
func (c *console) subjectOr(w http.ResponseWriter, r *http.Request, u directory.User, from url.Values) (subject, bool) {
	s, status, err := c.subject(r, u, from)
	switch {
	case err != nil:
		c.broken(w, r, u, err)
	case status != 0:
		c.fail(w, r, u, status)
	case s.Operator.ID == "" && from.Get("operator") == "" && r.URL.Path != "/charges":
		c.fail(w, r, u, http.StatusNotFound)
	default:
		return s, true
	}
	return s, false
}

type chargesView struct {
	subject
	Figures         MonthView
	Unknown         bool // the month could not be computed; Problem says why
	Problem, Detail string
	Done            string // the step that was just taken
	Next            next
	Stages          []stage
	NotOver         bool // the month is still running
	Before, After   directory.Month
}

func (c *console) charges(w http.ResponseWriter, r *http.Request, u directory.User) {
	s, ok := c.subjectOr(w, r, u, r.URL.Query())
	if !ok {
		return
	}
	v := chargesView{subject: s}
	if done := r.URL.Query().Get("done"); slices.Contains([]string{stepDraft, stepApprove, stepIssue}, done) {
		v.Done = "console.charges.done." + done
	}
	c.showCharges(w, r, u, http.StatusOK, v)
}

// showCharges computes the month and shows it, with the problem that v brings.
func (c *console) showCharges(w http.ResponseWriter, r *http.Request, u directory.User, status int, v chargesView) {
	v.NotOver = v.Month >= directory.MonthOf(c.today())
	v.Before, v.After = v.Month-1, v.Month+1
	if v.Operator.ID == "" {
		v.Unknown, v.Problem = true, "console.charges.no_operators"
		c.renderCharges(w, r, u, status, v)
		return
	}
	m, err := c.Charges.Month(r.Context(), v.Operator.ID, v.Month)
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		v.Unknown, v.Problem, v.Detail = true, refused.words(), refused.Text
	case err != nil:
		c.broken(w, r, u, err)
		return
	default:
		v.Figures = m
		v.Next = nextStep(m, u)
		v.Stages = stages(m, v.Next)
	}
	c.renderCharges(w, r, u, status, v)
}

func (c *console) renderCharges(w http.ResponseWriter, r *http.Request, u directory.User, status int, v chargesView) {
	c.show(w, r, u, status, "charges", ui.View{
		TitleKey: "console.charges.title", TitleArgs: []any{v.Operator.Name, v.Month.String()},
		Data: v, Here: v.url(),
	})
}

// step takes a step for the user. It applies to what the page showed: when the
// lines are others by now, the user looks at them first.
func (c *console) step(name string) func(http.ResponseWriter, *http.Request, directory.User) {
	take := map[string]func(*http.Request, subject, string) error{
		stepDraft: func(r *http.Request, s subject, by string) error {
			return c.Charges.Draft(r.Context(), s.Operator.ID, s.Month, by)
		},
		stepApprove: func(r *http.Request, s subject, by string) error {
			return c.Charges.Approve(r.Context(), s.Operator.ID, s.Month, by)
		},
		stepIssue: func(r *http.Request, s subject, by string) error {
			return c.Charges.Issue(r.Context(), s.Operator.ID, s.Month, by)
		},
	}[name]
	changed := map[string]string{stepDraft: RefusedDraftChanged, stepApprove: RefusedDraftChanged, stepIssue: RefusedChanged}[name]
	return func(w http.ResponseWriter, r *http.Request, u directory.User) {
		if err := r.ParseForm(); err != nil {
			c.fail(w, r, u, http.StatusBadRequest)
			return
		}
		if r.PostForm.Get("operator") == "" || r.PostForm.Get("month") == "" { // nothing is chosen for a step
			c.fail(w, r, u, http.StatusBadRequest)
			return
		}
		s, ok := c.subjectOr(w, r, u, r.PostForm)
		if !ok {
			return
		}
		m, err := c.Charges.Month(r.Context(), s.Operator.ID, s.Month)
		if err == nil && m.Fingerprint != r.PostForm.Get("seen") {
			err = &Refused{Key: changed}
		}
		if err == nil {
			// Before the step: nothing is done that the trail does not know of.
			err = c.audit(r, u, "charges."+name, s.Operator.ID, s.Month.String()+" "+m.Left.String()+" €")
		}
		if err == nil {
			err = take(r, s, u.Name)
		}
		c.afterStep(w, r, u, name, s, err)
	}
}

func (c *console) afterStep(w http.ResponseWriter, r *http.Request, u directory.User, name string, s subject, err error) {
	var refused *Refused
	switch {
	case err == nil:
		http.Redirect(w, r, s.url("done", name), http.StatusSeeOther)
	case errors.As(err, &refused):
		c.Log.InfoContext(r.Context(), "step refused", "step", name, "operator", s.Operator.ID, "month", s.Month.String(), "reason", refused.Key)
		c.showCharges(w, r, u, http.StatusConflict, chargesView{subject: s, Problem: refused.words(), Detail: refused.Text})
	default:
		c.broken(w, r, u, err)
	}
}

func (c *console) chargesFile(w http.ResponseWriter, r *http.Request, u directory.User) {
	s, ok := c.subjectOr(w, r, u, r.URL.Query())
	if !ok {
		return
	}
	// Whole before it is sent: half a file must not reach a rent system.
	var b bytes.Buffer
	err := c.Charges.File(r.Context(), s.Operator.ID, s.Month, &b)
	if err == nil {
		err = c.audit(r, u, "charges.file", s.Operator.ID, s.Month.String())
	}
	if err != nil {
		c.afterStep(w, r, u, "file", s, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="charges-`+slug(s.Operator.Name)+"-"+s.Month.String()+`.csv"`)
	w.Write(b.Bytes())
}

// slug keeps the letters and digits of ASCII, for a file name.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
