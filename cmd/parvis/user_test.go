package main

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
)

// people runs `parvis user` on one installation.
type people struct {
	t   *testing.T
	dir string
}

// says runs a command and compares what it prints, on standard error when it fails.
func (p people) says(want string, code int, stdin string, args ...string) {
	p.t.Helper()
	stdout, stderr, got := line(p.t, stdin, append([]string{"user", args[0], "--dir", p.dir}, args[1:]...)...)
	printed := stdout
	if code != 0 {
		printed = strings.TrimPrefix(stderr, "parvis: ")
	}
	if got != code || printed != want+"\n" {
		p.t.Errorf("user %s: exit code %d, want %d\n%swant\n%s", strings.Join(args, " "), got, code, printed, want)
	}
	if code != 0 && stdout != "" {
		p.t.Errorf("user %s fails and prints %s", strings.Join(args, " "), stdout)
	}
}

// store opens the installation's database as the server would.
func (p people) store(f func(*store.Store)) {
	p.t.Helper()
	a := &app{now: time.Now}
	err := a.withStore(p.t.Context(), source{dir: p.dir}, func(_ config.Config, db *store.Store) error {
		f(db)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p people) signIn(name, token string) {
	p.t.Helper()
	p.store(func(db *store.Store) {
		u, _, err := db.UserByName(p.t.Context(), name)
		if err == nil {
			err = db.CreateLogin(p.t.Context(), token, u.ID, time.Now(), time.Now().Add(time.Hour))
		}
		if err != nil {
			p.t.Fatal(err)
		}
	})
}

func (p people) signedIn(token string) (in bool) {
	p.t.Helper()
	p.store(func(db *store.Store) {
		var err error
		if _, in, err = db.LoginUser(p.t.Context(), token, time.Now()); err != nil {
			p.t.Fatal(err)
		}
	})
	return in
}

func TestUserPassword(t *testing.T) {
	p := people{t, sampleDir(t)}
	const phrase = "another phrase of words"
	p.signIn("reseau", "token")
	p.says(`user password: say who: --name N`, 2, "", "password")
	p.says(`user password: there is no console user "nobody": parvis user list names them`, 2, phrase+"\n", "password", "--name", "nobody")
	short := write(t, filepath.Join(t.TempDir(), "short"), "short\n")
	if _, stderr, code := line(t, "", "user", "password", "--dir", p.dir, "--name", "reseau", "--password-file", short); code != 2 || !strings.Contains(stderr, "user password: ") {
		t.Errorf("a short password: exit code %d, %s", code, stderr)
	}
	if !p.signedIn("token") {
		t.Error("a refused password ended the login")
	}
	file := write(t, filepath.Join(t.TempDir(), "password"), phrase+"\n")
	p.says("reseau has a new password and is signed out everywhere.", 0, "", "password", "--name", "Reseau", "--password-file", file)
	if p.signedIn("token") {
		t.Error("a new password left the login")
	}
	p.says("reseau cannot sign in any more and is signed out everywhere.", 0, "", "disable", "--name", "reseau")
	p.says("reseau has a new password and is signed out everywhere.\nreseau stays disabled: parvis user enable changes that.", 0,
		phrase+" again\n", "password", "--name", "reseau")
	p.store(func(db *store.Store) {
		u, _, err := db.UserByName(t.Context(), "reseau")
		if err != nil || !u.Disabled {
			t.Errorf("after a new password: %v, disabled %v", err, u.Disabled)
		}
		if ok, err := console.VerifyPassword(u.PasswordHash, phrase+" again"); !ok || err != nil {
			t.Errorf("the new password does not open: %v", err)
		}
	})
}

func TestUserDisable(t *testing.T) {
	p := people{t, sampleDir(t)}
	p.signIn("bailleur", "token")
	p.says("bailleur cannot sign in any more and is signed out everywhere.", 0, "", "disable", "--name", "bailleur")
	p.says("bailleur is disabled already.", 0, "", "disable", "--name", "bailleur")
	if p.signedIn("token") {
		t.Error("a disabled user is signed in")
	}
	p.says("bailleur can sign in to the console again, as operator.", 0, "", "enable", "--name", "bailleur")
	p.says("bailleur is enabled already.", 0, "", "enable", "--name", "bailleur")
	if p.signedIn("token") {
		t.Error("an old login lives again")
	}
	const last = " is the last enabled administrator: add or enable another one first"
	p.says("user disable: admin"+last, 2, "", "disable", "--name", "admin")
	p.says("second can sign in to the console as admin.", 0, "a phrase of four words\n", "add", "--name", "second", "--role", "admin")
	p.says("admin cannot sign in any more and is signed out everywhere.", 0, "", "disable", "--name", "admin")
	p.says("user disable: second"+last, 2, "", "disable", "--name", "second")
	p.says("admin can sign in to the console again, as admin.", 0, "", "enable", "--name", "admin")
	p.says("second cannot sign in any more and is signed out everywhere.", 0, "", "disable", "--name", "second")
	p.says("second has a new password and is signed out everywhere.\nsecond stays disabled: parvis user enable changes that.", 0,
		"another phrase of words\n", "password", "--name", "second")
	want := []string{ // what changed nothing is not in it
		"user.disable bailleur", "user.enable bailleur", "user.add second as admin",
		"user.disable admin", "user.enable admin", "user.disable second", "user.password second",
	}
	if got := p.trail(); !slices.Equal(got, want) {
		t.Errorf("the audit trail has\n%q, want\n%q", got, want)
	}
}

// trail reads what the command line did to users from the audit trail.
func (p people) trail() (entries []string) {
	p.t.Helper()
	cfg, err := (&source{dir: p.dir}).load()
	if err != nil {
		p.t.Fatal(err)
	}
	db, err := sql.Open("sqlite", databasePath(cfg))
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(p.t.Context(), `
		SELECT action || ' ' || detail FROM audit
		WHERE action LIKE 'user.%' AND actor = 'command line' AND subject <> '' ORDER BY acted_at, id`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e string
		if err := rows.Scan(&e); err != nil {
			p.t.Fatal(err)
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return entries
}

func TestUserList(t *testing.T) {
	p := people{t, sampleDir(t)}
	stdout, _, code := line(t, "", "user", "disable", "--dir", p.dir, "--name", "bailleur", "--json")
	var one userRow
	if err := json.Unmarshal([]byte(stdout), &one); err != nil || code != 0 || one.Name != "bailleur" || !one.Disabled {
		t.Errorf("disable --json: exit code %d, %v\n%s", code, err, stdout)
	}
	plain, _, code := line(t, "", "user", "list", "--dir", p.dir)
	shown := false
	for row := range strings.Lines(plain) {
		shown = shown || strings.Join(strings.Fields(row), " ") == "bailleur operator DISABLED Habitat Littoral"
	}
	if !shown || code != 0 || !strings.HasPrefix(plain, "NAME") {
		t.Errorf("exit code %d\n%s", code, plain)
	}
	stdout, _, code = line(t, "", "user", "list", "--dir", p.dir, "--json")
	var list []userRow
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 || len(list) != strings.Count(plain, "\n")-1 {
		t.Errorf("--json: exit code %d, %v\n%s", code, err, stdout)
	}
	if strings.Contains(stdout+plain, "argon2") {
		t.Error("it prints password hashes")
	}
	for _, u := range list {
		if (u.OperatorID != "") != (u.Role == string(directory.RoleOperator)) || u.Disabled != (u.Name == "bailleur") {
			t.Errorf("%+v", u)
		}
	}
}

// A month that still runs may be looked at, and no more.
func TestBillOfAMonthThatIsNotOver(t *testing.T) {
	dir := sampleDir(t)
	month := directory.MonthOf(directory.DateOf(time.Now()))
	bill := func(step, by string) (string, string, int) {
		return line(t, "", "bill", step, "--dir", dir, "--operator", "Habitat Littoral", "--month", month.String(), "--by", by)
	}
	if _, stderr, code := bill("preview", "admin"); code != 0 {
		t.Errorf("preview: exit code %d, %s", code, stderr)
	}
	want := "parvis: the month " + month.String() + " is not over: charge it from " + month.Period().Until.String() + " on\n"
	for _, step := range []string{"approve", "issue"} {
		if stdout, stderr, code := bill(step, "bailleur"); code != 1 || stderr != want || stdout != "" {
			t.Errorf("%s: exit code %d\n%swant\n%s", step, code, stderr, want)
		}
	}
}
