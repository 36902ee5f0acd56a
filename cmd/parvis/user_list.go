package main

import (
	"context"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// userRow is a console user as a program sees it: never with a password hash.
type userRow struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Role       string `json:"role"`
	OperatorID string `json:"operator_id"` // empty but for the role operator
	Disabled   bool   `json:"disabled"`
}

func newUserRow(u directory.User) userRow {
	return userRow{ID: u.ID, Name: u.Name, Role: string(u.Role), OperatorID: u.OperatorID, Disabled: u.Disabled}
}

func (a *app) userList(ctx context.Context, args []string) error {
	f := a.flags("user list", "(--config F | --dir D) [--json]")
	var from source
	from.flags(f)
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		users, err := db.Users(ctx)
		if err != nil {
			return err
		}
		operators, err := db.Operators(ctx)
		if err != nil {
			return err
		}
		names := map[string]string{}
		for _, o := range operators {
			names[o.ID] = o.Name
		}
		list := []userRow{}
		lines := [][]string{{"NAME", "ROLE", "STATE", "OPERATOR"}}
		for _, u := range users {
			list = append(list, newUserRow(u))
			state := "enabled"
			if u.Disabled {
				state = "DISABLED"
			}
			lines = append(lines, []string{u.Name, string(u.Role), state, names[u.OperatorID]})
		}
		if *asJSON {
			return writeJSON(a.stdout, list)
		}
		return table(a.stdout, lines)
	})
}
