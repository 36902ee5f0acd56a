package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/internal/directory"
)

const upsertOutlet = `
	INSERT INTO outlet (id, dwelling_id, nas_id, port) VALUES ($1, $2, $3, $4)
	ON CONFLICT (id) DO UPDATE SET dwelling_id = excluded.dwelling_id, nas_id = excluded.nas_id, port = excluded.port`

func outletArgs(o directory.Outlet) ([]any, error) {
	return []any{o.ID, o.DwellingID, o.NASID, o.Port}, o.Validate()
}

// PutOutlets writes wired ports, new or changed, all or none. Up to five minutes.
func (s *Store) PutOutlets(ctx context.Context, list []directory.Outlet) error {
	if len(list) == 0 {
		return nil
	}
	return s.writeFor(ctx, longTimeout, func(tx *sql.Tx) error {
		err := putAll(ctx, tx, "outlet", upsertOutlet, list, outletArgs)
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, "outlet", "", millis(s.now()))
	})
}

// RemoveNAS deletes a RADIUS client and its outlets. Its access points stay,
// behind no NAS; so do its sessions, which end when nothing is heard of them. ok
// is false when there is none of that id.
func (s *Store) RemoveNAS(ctx context.Context, id string) (ok bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			`DELETE FROM outlet WHERE nas_id = $1`,
			`UPDATE access_point SET nas_id = NULL WHERE nas_id = $1`,
		} {
			_, err := tx.ExecContext(ctx, query, id)
			if err != nil {
				return err
			}
		}
		ok, err = changed(tx.ExecContext(ctx, `DELETE FROM nas WHERE id = $1`, id))
		if err != nil || !ok {
			return err
		}
		return recordChange(ctx, tx, "nas", id, millis(s.now()))
	})
	return ok, wrap("remove the NAS", err)
}

// LatchSignature makes the signature of a NAS that is auto required for good.
// ok is false when it was not auto any more.
func (s *Store) LatchSignature(ctx context.Context, nasID string) (ok bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		ok, err = changed(tx.ExecContext(ctx, `
			UPDATE nas SET signature = 'yes' WHERE id = $1 AND signature = 'auto'`, nasID))
		if err != nil || !ok {
			return err
		}
		return recordChange(ctx, tx, "nas", nasID, millis(s.now()))
	})
	return ok, wrap("require the signature of the NAS", err)
}

// UsedOldSecret notes that a NAS still uses its old secret. It is no change of
// the directory: nobody loads anything again for it.
func (s *Store) UsedOldSecret(ctx context.Context, nasID string, at time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE nas SET old_secret_used_at = $2
			WHERE id = $1 AND old_secret_until_at <> 0 AND old_secret_used_at < $2`, nasID, millis(at))
		return wrap("note the use of an old secret", err)
	})
}

// OldSecretUses says, by id of the NAS, when its old secret was last used since
// it was given a new one. Those that did not use it are missing.
func (s *Store) OldSecretUses(ctx context.Context) (map[string]time.Time, error) {
	uses := map[string]time.Time{}
	err := s.read(ctx, func(q querier) error {
		return each(ctx, q, func(row scanner) error {
			var id string
			var at int64
			err := row.Scan(&id, &at)
			uses[id] = instant(at)
			return err
		}, `SELECT id, old_secret_used_at FROM nas WHERE old_secret_used_at <> 0`)
	})
	return uses, wrap("read the use of old secrets", err)
}

// changed reports whether a statement had an effect on any row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count the rows: %w", err)
	}
	return n > 0, nil
}
