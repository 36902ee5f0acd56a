package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
)

// user keeps the people of the console.
func (a *app) user(ctx context.Context, args []string) error {
	return subcommand("user", args, map[string]func([]string) error{
		"add":      func(rest []string) error { return a.userAdd(ctx, rest) },
		"list":     func(rest []string) error { return a.userList(ctx, rest) },
		"password": func(rest []string) error { return a.userPassword(ctx, rest) },
		"disable":  func(rest []string) error { return a.userDisable(ctx, rest) },
		"enable":   func(rest []string) error { return a.userEnable(ctx, rest) },
	})
}

func (a *app) userAdd(ctx context.Context, args []string) error {
	f := a.flags("user add", "--name N --role R (--config F | --dir D) [--operator O] [--password-file F] [--json]")
	var from source
	from.flags(f)
	name := f.String("name", "", "`login` of the person")
	role := f.String("role", "", "`role`: admin, network, operator or desk")
	operator := f.String("operator", "", "`operator` that a user with the role operator works for: name or id")
	passwordFile := f.String("password-file", "", "`file` with the password; without it the first line of standard input")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	login, err := directory.ParseLogin(*name)
	if err != nil {
		return usagef("user add: --name: %w", err)
	}
	u := directory.User{ID: directory.NewID(a.now()), Name: login}
	if u.Role, err = directory.ParseRole(*role); err != nil {
		return usagef("user add: --role: %w", err)
	}
	if (u.Role == directory.RoleOperator) != (*operator != "") {
		return usagef("user add: --operator goes with the role operator, and only with it")
	}
	password, err := a.password(*passwordFile)
	if err != nil {
		return usagef("user add: %w", err)
	}
	if err := console.CheckPassword(password); err != nil {
		return usagef("user add: %w", err)
	}
	if u.PasswordHash, err = console.HashPassword(password); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		if *operator != "" {
			op, err := findOperator(ctx, db, *operator)
			if err != nil {
				return err
			}
			u.OperatorID = op.ID
		}
		if _, there, err := db.UserByName(ctx, u.Name); err != nil {
			return err
		} else if there {
			return usagef("user add: there is a user %q already", u.Name)
		}
		if err := db.PutUser(ctx, u); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "user.add", u.ID, u.Name+" as "+string(u.Role)); err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(a.stdout, map[string]string{"id": u.ID, "name": u.Name, "role": string(u.Role)})
		}
		fmt.Fprintf(a.stdout, "%s can sign in to the console as %s.\n", u.Name, u.Role)
		return nil
	})
}

func (a *app) password(file string) (string, error) {
	if file != "" {
		s, err := secretFrom(file)
		return s.Reveal(), err
	}
	fmt.Fprintln(a.stderr, "password (one line):")
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.Join(errors.New("no password was given"), err)
	}
	return line, nil
}
