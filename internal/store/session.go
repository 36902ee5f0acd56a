package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"parvis/internal/accounting"
)

const sessionColumns = `key, nas_id, acct_session_id, mac, login, access_point_id, zone_id, dwelling_id,
	started_at, updated_at, stopped_at, bytes_in, bytes_out, seconds, cause, nas_address`

func scanSession(row scanner) (accounting.Session, error) {
	var v accounting.Session
	var mac string
	var started, updated, stopped int64
	err := row.Scan(&v.Key, &v.NASID, &v.AcctSessionID, &mac, &v.Login, &v.AccessPointID, &v.ZoneID, &v.DwellingID,
		&started, &updated, &stopped, &v.In, &v.Out, &v.Seconds, &v.Cause, &v.NASAddress)
	if err != nil {
		return v, err
	}
	v.StartedAt, v.UpdatedAt, v.StoppedAt = instant(started), instant(updated), instant(stopped)
	v.MAC, err = readMAC(mac)
	return v, err
}

const upsertSession = `
	INSERT INTO session (` + sessionColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
	ON CONFLICT (key) DO UPDATE SET mac = excluded.mac, login = excluded.login,
		access_point_id = excluded.access_point_id, zone_id = excluded.zone_id, dwelling_id = excluded.dwelling_id,
		started_at = excluded.started_at, updated_at = excluded.updated_at, stopped_at = excluded.stopped_at,
		bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out, seconds = excluded.seconds, cause = excluded.cause,
		nas_address = excluded.nas_address`

func sessionArgs(c accounting.Change) ([]any, error) {
	v := c.After
	return []any{
		v.Key, v.NASID, v.AcctSessionID, macText(v.MAC), v.Login, v.AccessPointID, v.ZoneID, v.DwellingID,
		millis(v.StartedAt), millis(v.UpdatedAt), millis(v.StoppedAt), int64(v.In), int64(v.Out), v.Seconds, v.Cause, v.NASAddress,
	}, nil
}

// bounded keeps a session within what the columns hold: whole milliseconds
// after 1970, and byte totals below 2^63, which no network reaches but any NAS
// can claim.
func bounded(v accounting.Session) accounting.Session {
	v.In, v.Out = min(v.In, math.MaxInt64), min(v.Out, math.MaxInt64)
	v.StartedAt, v.UpdatedAt, v.StoppedAt = whole(v.StartedAt), whole(v.UpdatedAt), whole(v.StoppedAt)
	return v
}

func whole(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.UnixMilli(max(1, t.UnixMilli())).UTC()
}

// OpenSessions lists the open sessions that fit the filter, newest first, at
// most limit.
func (s *Store) OpenSessions(ctx context.Context, f accounting.Filter, limit int) ([]accounting.Session, error) {
	query := `SELECT ` + sessionColumns + ` FROM session WHERE stopped_at = 0`
	var args []any
	restrict := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			query += fmt.Sprintf(" AND "+condition, len(args))
		}
	}
	restrict(`key = $%d`, f.Key)
	restrict(`login = $%d`, f.Login)
	restrict(`mac = $%d`, macText(f.MAC))
	restrict(`access_point_id = $%d`, f.AccessPointID)
	restrict(`zone_id = $%d`, f.ZoneID)
	restrict(`dwelling_id = $%d`, f.DwellingID)
	restrict(`EXISTS (
		SELECT 1 FROM dwelling d JOIN residence r ON r.id = d.residence_id JOIN sector s ON s.id = r.sector_id
		WHERE d.id = session.dwelling_id AND s.operator_id = $%d)`, f.OperatorID)
	args = append(args, limit)
	query += fmt.Sprintf(` ORDER BY started_at DESC, key LIMIT $%d`, len(args))
	var list []accounting.Session
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, scanSession, query, args...)
		return err
	})
	return list, wrap("list the open sessions", err)
}

// ExpireSessions ends open sessions of which nothing was heard since before,
// the most silent first, at most limit, and returns what changed.
func (s *Store) ExpireSessions(ctx context.Context, before time.Time, limit int) ([]accounting.Change, error) {
	var changes []accounting.Change
	err := s.writeBeside(ctx, callTimeout, func(tx *sql.Tx) error {
		silent, err := collect(ctx, tx, scanSession, `
			SELECT `+sessionColumns+` FROM session WHERE stopped_at = 0 AND updated_at < $1
			ORDER BY updated_at, key LIMIT $2`, millis(before), limit)
		if err != nil {
			return err
		}
		changes = nil // of an earlier attempt
		for _, v := range silent {
			changes = append(changes, accounting.Change{Before: v, After: accounting.Expire(v)})
		}
		return putAll(ctx, tx, "session", upsertSession, changes, sessionArgs)
	})
	if err != nil {
		return nil, wrap("end silent sessions", err)
	}
	return changes, nil
}

// Usage returns what the sessions of each access point add up to. It reads a
// row for each access point and the open sessions, not the closed ones.
func (s *Store) Usage(ctx context.Context) ([]accounting.Usage, error) {
	var list []accounting.Usage
	err := s.readFor(ctx, longTimeout, func(q querier) error {
		var err error
		list, err = collect(ctx, q, func(row scanner) (accounting.Usage, error) {
			var u accounting.Usage
			var heard int64
			err := row.Scan(&u.AccessPointID, &u.Open, &u.In, &u.Out, &heard)
			u.LastHeard = instant(heard)
			return u, err
		}, `
			SELECT u.access_point_id, COALESCE(o.sessions, 0), u.bytes_in, u.bytes_out, u.heard_at
			FROM usage u LEFT JOIN (
				SELECT access_point_id, COUNT(*) AS sessions FROM session WHERE stopped_at = 0 GROUP BY access_point_id
			) o ON o.access_point_id = u.access_point_id
			ORDER BY u.access_point_id`)
		return err
	})
	return list, wrap("add up the usage", err)
}
