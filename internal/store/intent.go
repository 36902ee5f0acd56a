package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/internal/directory"
)

// Kinds of an Intent.
const (
	IntentDisconnect = "disconnect"
	IntentChange     = "change"
)

// IntentState is how far an Intent is.
type IntentState string

// The states. The first two are open, all others are final.
const (
	IntentWanted  IntentState = "wanted"  // nobody has taken it up yet
	IntentSent    IntentState = "sent"    // a node has taken it up
	IntentACK     IntentState = "ack"     // the NAS says that it did it
	IntentNAK     IntentState = "nak"     // the NAS refused; Cause says why
	IntentTimeout IntentState = "timeout" // the NAS did not answer
	IntentFailed  IntentState = "failed"  // nothing was sent; Detail says why
	IntentUnknown IntentState = "unknown" // the node ended before it knew
	IntentExpired IntentState = "expired" // no node took it up in time
)

// Final reports whether the state stays as it is.
func (s IntentState) Final() bool { return s != IntentWanted && s != IntentSent }

const (
	// IntentLife is how long an intent may wait for a node. What somebody wanted
	// a minute ago may not be wanted any more: it is never carried out later.
	IntentLife = 30 * time.Second
	// intentUnknown is how long after it was taken up an intent without result
	// is given up: no exchange with a NAS takes as long.
	intentUnknown = time.Minute

	unknownDetail = "the server stopped before it knew what the NAS did"
)

// Intent is what somebody wants of a running session, and what became of it.
type Intent struct {
	ID         string
	Kind       string // IntentDisconnect or IntentChange
	SessionKey string
	// DownKbps and UpKbps are the rates of a change, in kbit/s; 0 means no limit.
	DownKbps, UpKbps uint32
	By               string // user name
	At               time.Time

	State   IntentState
	SentAt  time.Time // zero until a node took it up
	EndedAt time.Time // zero until it is known what became of it
	Instead bool      // a change was wanted and a disconnect asked for
	Cause   uint32    // Error-Cause of the reply, RFC 5176 §3.5
	Detail  string    // one sentence, without secrets
}

const intentColumns = `id, kind, session_key, down_kbps, up_kbps, wanted_by, wanted_at, state, sent_at, ended_at, instead, cause, detail`

func scanIntent(row scanner) (Intent, error) {
	var i Intent
	var at, sent, ended int64
	err := row.Scan(&i.ID, &i.Kind, &i.SessionKey, &i.DownKbps, &i.UpKbps, &i.By, &at, &i.State, &sent, &ended, &i.Instead, &i.Cause, &i.Detail)
	i.At, i.SentAt, i.EndedAt = instant(at), instant(sent), instant(ended)
	return i, err
}

// Intend writes the audit entry and the intent in one transaction: nothing is
// asked of a NAS that nobody can be named for. The intent is wanted now.
func (s *Store) Intend(ctx context.Context, i Intent, a directory.AuditEntry) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		err := putAudit(ctx, tx, directory.NewID(s.now()), a)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO intent (`+intentColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 'wanted', 0, 0, FALSE, 0, '')`,
			i.ID, i.Kind, i.SessionKey, i.DownKbps, i.UpKbps, i.By, millis(i.At))
		return err
	})
	return wrap("write down what is wanted of a session", err)
}

// TakeIntents gives the oldest intents that are wanted, at most limit, to the
// caller, and to no other node: they are sent from now on. What waited for
// longer than IntentLife expires, and what was sent long ago without a result,
// because its node ended, becomes unknown.
func (s *Store) TakeIntents(ctx context.Context, limit int) ([]Intent, error) {
	now := s.now()
	// Asked every second: only when there is something to do is it a write.
	var open bool
	err := s.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM intent
			WHERE ended_at = 0 AND (state = 'wanted' OR state = 'sent' AND sent_at < $1))`,
			millis(now.Add(-intentUnknown))).Scan(&open)
	})
	if err != nil || !open {
		return nil, wrap("look for what is wanted of sessions", err)
	}
	var taken []Intent
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, old := range []struct {
			query  string
			before time.Time
			detail string
		}{
			{
				`UPDATE intent SET state = 'expired', ended_at = $1, detail = $2 WHERE state = 'wanted' AND wanted_at < $3`,
				now.Add(-IntentLife), "no running server took it up in time; nothing was sent",
			},
			{
				`UPDATE intent SET state = 'unknown', ended_at = $1, detail = $2 WHERE state = 'sent' AND sent_at < $3`,
				now.Add(-intentUnknown), unknownDetail,
			},
		} {
			_, err := tx.ExecContext(ctx, old.query, millis(now), old.detail, millis(old.before))
			if err != nil {
				return err
			}
		}
		var err error
		taken, err = collect(ctx, tx, scanIntent, `
			SELECT `+intentColumns+` FROM intent WHERE state = 'wanted' ORDER BY wanted_at, id LIMIT $1`, limit)
		if err != nil {
			return err
		}
		for n := range taken {
			taken[n].State, taken[n].SentAt = IntentSent, now
		}
		return putAll(ctx, tx, "intent", `UPDATE intent SET state = 'sent', sent_at = $2 WHERE id = $1`, taken,
			func(i Intent) ([]any, error) { return []any{i.ID, millis(now)}, nil })
	})
	if err != nil {
		return nil, wrap("take up what is wanted of sessions", err)
	}
	return taken, nil
}

// EndIntent writes what became of an intent. One that is final already stays.
func (s *Store) EndIntent(ctx context.Context, i Intent) error {
	if !i.State.Final() {
		return fmt.Errorf("end an intent: the state %s is not an end", i.State)
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE intent SET state = $2, ended_at = $3, instead = $4, cause = $5, detail = $6 WHERE id = $1 AND ended_at = 0`,
			i.ID, string(i.State), millis(s.now()), i.Instead, i.Cause, i.Detail)
		return err
	})
	return wrap("write what became of an intent", err)
}

// WithdrawIntent makes an intent that no node has taken up expire now. It
// reports whether that was so; otherwise a result is to be expected.
func (s *Store) WithdrawIntent(ctx context.Context, id string) (withdrawn bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `
			UPDATE intent SET state = 'expired', ended_at = $2, detail = 'withdrawn, because no running server took it up'
			WHERE id = $1 AND state = 'wanted'`, id, millis(s.now()))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		withdrawn = n > 0
		return err
	})
	return withdrawn, wrap("withdraw an intent", err)
}

// Intent returns one intent.
func (s *Store) Intent(ctx context.Context, id string) (i Intent, ok bool, err error) {
	err = s.read(ctx, func(q querier) error {
		var err error
		i, err = scanIntent(q.QueryRowContext(ctx, `SELECT `+intentColumns+` FROM intent WHERE id = $1`, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Intent{}, false, nil
	}
	return s.aged(i), err == nil, wrap("read an intent", err)
}

// Intents returns what was wanted since an instant, newest first, at most limit.
func (s *Store) Intents(ctx context.Context, since time.Time, limit int) ([]Intent, error) {
	var list []Intent
	err := s.read(ctx, func(q querier) error {
		var err error
		list, err = collect(ctx, q, scanIntent, `
			SELECT `+intentColumns+` FROM intent WHERE wanted_at >= $1 ORDER BY wanted_at DESC, id DESC LIMIT $2`, millis(since), limit)
		return err
	})
	for n := range list {
		list[n] = s.aged(list[n])
	}
	return list, wrap("list what was wanted of sessions", err)
}

// aged shows as unknown what was sent so long ago that its node cannot be at it
// any more, also while no node is there to write that down.
func (s *Store) aged(i Intent) Intent {
	if i.State == IntentSent && i.SentAt.Before(s.now().Add(-intentUnknown)) {
		i.State, i.Detail = IntentUnknown, unknownDetail
	}
	return i
}
