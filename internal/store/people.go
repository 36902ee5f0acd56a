package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/directory"
)

const upsertUser = `
	INSERT INTO console_user (id, name, role, operator_id, password_hash, disabled)
	VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, operator_id = excluded.operator_id,
		password_hash = excluded.password_hash, disabled = excluded.disabled`

func userArgs(u directory.User) ([]any, error) {
	if (u.Role == directory.RoleOperator) != (u.OperatorID != "") {
		return nil, errors.New("user " + u.Name + ": the role operator, and only it, names an operator")
	}
	return []any{u.ID, u.Name, string(u.Role), u.OperatorID, u.PasswordHash, u.Disabled}, nil
}

// PutUser writes a console user, new or changed. A new password, and being
// disabled, end that user's logins.
func (s *Store) PutUser(ctx context.Context, u directory.User) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		err := putUsers(ctx, tx, []directory.User{u})
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, "user", u.ID, millis(s.now()))
	})
}

func putUsers(ctx context.Context, tx *sql.Tx, list []directory.User) error {
	err := putAll(ctx, tx, "logins of the user", `
		DELETE FROM console_login WHERE user_id IN
			(SELECT id FROM console_user WHERE id = $1 AND (password_hash <> $2 OR $3))`,
		list, func(u directory.User) ([]any, error) { return []any{u.ID, u.PasswordHash, u.Disabled}, nil })
	if err != nil {
		return err
	}
	return putAll(ctx, tx, "user", upsertUser, list, userArgs)
}

const userColumns = `u.id, u.name, u.role, COALESCE(u.operator_id, ''), u.password_hash, u.disabled`

func scanUser(row scanner) (directory.User, error) {
	var u directory.User
	err := row.Scan(&u.ID, &u.Name, &u.Role, &u.OperatorID, &u.PasswordHash, &u.Disabled)
	return u, err
}

// UserByName returns the user with that login name, also a disabled one. name
// may be anything that somebody typed.
func (s *Store) UserByName(ctx context.Context, name string) (directory.User, bool, error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return directory.User{}, false, nil // PostgreSQL has no such text: it would be an error
	}
	return s.user(ctx, `SELECT `+userColumns+` FROM console_user u WHERE u.name = $1`, name)
}

// LoginUser returns whose login has that token hash, if it has not expired by
// now and the user is not disabled.
func (s *Store) LoginUser(ctx context.Context, tokenHash string, now time.Time) (directory.User, bool, error) {
	return s.user(ctx, `
		SELECT `+userColumns+` FROM console_login l JOIN console_user u ON u.id = l.user_id
		WHERE l.token_hash = $1 AND l.expires_at > $2 AND NOT u.disabled`, tokenHash, millis(now))
}

func (s *Store) user(ctx context.Context, query string, args ...any) (u directory.User, ok bool, err error) {
	err = s.read(ctx, func(q querier) error {
		var err error
		u, err = scanUser(q.QueryRowContext(ctx, query, args...))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return directory.User{}, false, nil
	}
	return u, err == nil, wrap("find a user", err)
}

// CreateLogin keeps the hash of a session cookie's token.
func (s *Store) CreateLogin(ctx context.Context, tokenHash, userID string, now, expires time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO console_login (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
			tokenHash, userID, millis(now), millis(expires))
		return err
	})
	return wrap("keep a login", err)
}

// DeleteLogin ends a login; one that is not there is no error.
func (s *Store) DeleteLogin(ctx context.Context, tokenHash string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM console_login WHERE token_hash = $1`, tokenHash)
		return err
	})
	return wrap("end a login", err)
}

// Audit keeps who did what.
func (s *Store) Audit(ctx context.Context, a directory.AuditEntry) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		return putAudit(ctx, tx, directory.NewID(s.now()), a)
	})
	return wrap("write to the audit trail", err)
}

func putAudit(ctx context.Context, tx *sql.Tx, id string, a directory.AuditEntry) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO audit (id, acted_at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, millis(a.At), a.Actor, a.Action, a.Subject, a.Detail)
	return err
}
