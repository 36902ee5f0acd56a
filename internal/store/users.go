package store

import (
	"context"
	"database/sql"
	"errors"

	"parvis/internal/directory"
)

// ErrLastAdmin refuses a change after which nobody could administer the console.
var ErrLastAdmin = errors.New("this is the last enabled administrator")

// Users lists the console users by name, also disabled ones. They are whole,
// with the hashes of their passwords.
func (s *Store) Users(ctx context.Context) ([]directory.User, error) {
	var list []directory.User
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, scanUser, `SELECT `+userColumns+` FROM console_user u ORDER BY u.name`)
		return err
	})
	return list, wrap("list the console users", err)
}

// ChangeUser applies change to the user of that id as it is in the transaction
// that writes it: of two changes at once neither undoes the other, and two
// administrators who disable each other do not both succeed (ErrLastAdmin). ok
// is false when there is no such user. change may be called more than once. A
// new password, and being disabled, end that user's logins.
func (s *Store) ChangeUser(ctx context.Context, id string, change func(*directory.User)) (u directory.User, ok bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		before, err := scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM console_user u WHERE u.id = $1`, id))
		if err != nil {
			return err
		}
		u = before
		change(&u)
		if u == before {
			return nil
		}
		if administers(before) && !administers(u) {
			if err := othersAdminister(ctx, tx, id); err != nil {
				return err
			}
		}
		if err := putUsers(ctx, tx, []directory.User{u}); err != nil {
			return err
		}
		return recordChange(ctx, tx, "user", id, millis(s.now()))
	})
	if errors.Is(err, sql.ErrNoRows) {
		return directory.User{}, false, nil
	}
	if err != nil {
		return directory.User{}, false, wrap("change a user", err)
	}
	return u, true, nil
}

func administers(u directory.User) bool { return u.Role == directory.RoleAdmin && !u.Disabled }

// othersAdminister returns ErrLastAdmin when nobody but the user of that id does.
func othersAdminister(ctx context.Context, tx *sql.Tx, id string) error {
	var others int
	err := tx.QueryRowContext(ctx, `
		SELECT COUNT(*) FROM console_user WHERE role = $1 AND NOT disabled AND id <> $2`,
		string(directory.RoleAdmin), id).Scan(&others)
	if err == nil && others == 0 {
		return ErrLastAdmin
	}
	return err
}
