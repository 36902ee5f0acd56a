package main

import (
	"context"
	"errors"
	"fmt"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
)

// userPassword gives somebody a new password, which ends their logins.
func (a *app) userPassword(ctx context.Context, args []string) error {
	const command = "user password"
	f := a.flags(command, "--name N (--config F | --dir D) [--password-file F] [--json]")
	var from source
	from.flags(f)
	name := f.String("name", "", "`login` of the person")
	passwordFile := f.String("password-file", "", "`file` with the new password; without it the first line of standard input")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		u, err := findUser(ctx, db, command, *name) // before anybody types a password for nobody
		if err != nil {
			return err
		}
		password, err := a.password(*passwordFile)
		if err != nil {
			return usagef("%s: %w", command, err)
		}
		if err := console.CheckPassword(password); err != nil {
			return usagef("%s: %w", command, err)
		}
		hash, err := console.HashPassword(password)
		if err != nil {
			return err
		}
		u, err = changeUser(ctx, db, u, func(u *directory.User) { u.PasswordHash = hash })
		if err != nil {
			return err
		}
		if err := a.audit(ctx, db, "user.password", u.ID, u.Name); err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(a.stdout, newUserRow(u))
		}
		fmt.Fprintf(a.stdout, "%s has a new password and is signed out everywhere.\n", u.Name)
		if u.Disabled {
			fmt.Fprintf(a.stdout, "%s stays disabled: parvis user enable changes that.\n", u.Name)
		}
		return nil
	})
}

func (a *app) userDisable(ctx context.Context, args []string) error {
	return a.userAble(ctx, "disable", true, args)
}

func (a *app) userEnable(ctx context.Context, args []string) error {
	return a.userAble(ctx, "enable", false, args)
}

// userAble says whether somebody may sign in. Whoever may not is signed out.
func (a *app) userAble(ctx context.Context, verb string, disabled bool, args []string) error {
	command := "user " + verb
	f := a.flags(command, "--name N (--config F | --dir D) [--json]")
	var from source
	from.flags(f)
	name := f.String("name", "", "`login` of the person")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		found, err := findUser(ctx, db, command, *name)
		if err != nil {
			return err
		}
		already := false
		u, err := changeUser(ctx, db, found, func(u *directory.User) {
			already = u.Disabled == disabled
			u.Disabled = disabled
		})
		if errors.Is(err, store.ErrLastAdmin) {
			return usagef("%s: %s is the last enabled administrator: add or enable another one first", command, found.Name)
		}
		if err != nil {
			return err
		}
		if !already {
			if err := a.audit(ctx, db, "user."+verb, u.ID, u.Name); err != nil {
				return err
			}
		}
		switch {
		case *asJSON:
			return writeJSON(a.stdout, newUserRow(u))
		case already:
			fmt.Fprintf(a.stdout, "%s is %sd already.\n", u.Name, verb)
		case disabled:
			fmt.Fprintf(a.stdout, "%s cannot sign in any more and is signed out everywhere.\n", u.Name)
		default:
			fmt.Fprintf(a.stdout, "%s can sign in to the console again, as %s.\n", u.Name, u.Role)
		}
		return nil
	})
}

// findUser finds a user by the login as people type it.
func findUser(ctx context.Context, db *store.Store, command, name string) (directory.User, error) {
	if name == "" {
		return directory.User{}, usagef("%s: say who: --name N", command)
	}
	login, err := directory.ParseLogin(name)
	if err != nil {
		return directory.User{}, usagef("%s: --name: %w", command, err)
	}
	u, ok, err := db.UserByName(ctx, login)
	if err == nil && !ok {
		err = usagef("%s: there is no console user %q: parvis user list names them", command, login)
	}
	return u, err
}

func changeUser(ctx context.Context, db *store.Store, u directory.User, change func(*directory.User)) (directory.User, error) {
	changed, ok, err := db.ChangeUser(ctx, u.ID, change)
	if err == nil && !ok { // gone since it was found
		err = fmt.Errorf("the console user %q is not there any more", u.Name)
	}
	return changed, err
}
