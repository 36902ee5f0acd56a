package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// scanner is a row, of one or of many.
type scanner interface{ Scan(dest ...any) error }

// collect runs query and returns what scan makes of each row.
func collect[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var list []T
	err := each(ctx, q, func(row scanner) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// each runs query and calls fn for every row while it is read.
func each(ctx context.Context, q querier, fn func(scanner) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		err = fn(rows)
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// putAll runs the statement query once for every element of list. what is the
// noun for the error; args gives its parameters, or says what is wrong with it.
func putAll[T any](ctx context.Context, tx *sql.Tx, what, query string, list []T, args func(T) ([]any, error)) error {
	if len(list) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return fmt.Errorf("prepare to write the %s: %w", what, err)
	}
	defer stmt.Close()
	for i := range list {
		a, err := args(list[i])
		if err != nil {
			return err
		}
		_, err = stmt.ExecContext(ctx, a...)
		if err != nil {
			return fmt.Errorf("write the %s %v: %w", what, a[0], err) // a[0] is the id
		}
	}
	return nil
}

// wrap says what was attempted, unless nothing went wrong.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// millis spells an instant for a column: 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant is the inverse of millis.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
