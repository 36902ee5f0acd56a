package store

import (
	"context"
	"database/sql"
	"time"
)

const (
	// CPCE art. L34-1 II bis: technical data are kept one year from the connection.
	sessionYears = 1
	// A consent is kept one year beyond the memory that it gave.
	consentYears = 1
	// Sign-ins hold the address of a person: CNIL, délibération 2021-122, asks for
	// six months to a year. What else the trail says, of charges above all, is kept
	// as long as the accounts that it explains (Code de commerce art. L123-22).
	signInYears = 1
	auditYears  = 10
	// A follower of the change feed that is further behind loads everything again.
	changeAge = 7 * 24 * time.Hour

	deleteChunk = 1000
)

// Deleted counts the rows that retention took away.
type Deleted struct{ Devices, Consents, Logins, Sessions, Intents, Changes, Audit int64 }

// DeleteExpired removes what has reached its retention date: devices that are
// not remembered any more, old consents, expired console logins, closed
// sessions and what was wanted of them, old rows of the change feed and of the
// audit trail. Each chunk is a short transaction of its own, so that nobody waits
// for the whole; ended by the context it has done a part and returns what it did.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (Deleted, error) {
	var d Deleted
	for _, step := range []struct {
		what, query string
		before      time.Time
		count       *int64
	}{
		{"devices", `DELETE FROM device WHERE (mac, terms) IN
			(SELECT mac, terms FROM device WHERE until_at <= $1 LIMIT $2)`, now, &d.Devices},
		{"consents", `DELETE FROM consent WHERE id IN
			(SELECT id FROM consent WHERE until_at <= $1 LIMIT $2)`, now.AddDate(-consentYears, 0, 0), &d.Consents},
		{"logins", `DELETE FROM console_login WHERE token_hash IN
			(SELECT token_hash FROM console_login WHERE expires_at <= $1 LIMIT $2)`, now, &d.Logins},
		{"sessions", `DELETE FROM session WHERE key IN
			(SELECT key FROM session WHERE started_at <= $1 AND stopped_at <> 0 LIMIT $2)`, now.AddDate(-sessionYears, 0, 0), &d.Sessions},
		{"intents", `DELETE FROM intent WHERE id IN
			(SELECT id FROM intent WHERE wanted_at <= $1 LIMIT $2)`, now.AddDate(-sessionYears, 0, 0), &d.Intents},
		{"changes", `DELETE FROM change WHERE seq IN
			(SELECT seq FROM change WHERE changed_at <= $1 ORDER BY seq LIMIT $2)`, now.Add(-changeAge), &d.Changes},
		{
			"sign-ins", `DELETE FROM audit WHERE id IN
			(SELECT id FROM audit WHERE acted_at <= $1 AND action IN ('console.login', 'console.logout') LIMIT $2)`,
			now.AddDate(-signInYears, 0, 0), &d.Audit,
		},
		{"audit trail", `DELETE FROM audit WHERE id IN
			(SELECT id FROM audit WHERE acted_at <= $1 LIMIT $2)`, now.AddDate(-auditYears, 0, 0), &d.Audit},
	} {
		for n := int64(deleteChunk); n == deleteChunk; {
			var err error
			n, err = s.deleteSome(ctx, step.query, step.before)
			if err != nil {
				return d, wrap("delete expired "+step.what, err)
			}
			*step.count += n
		}
	}
	return d, nil
}

func (s *Store) deleteSome(ctx context.Context, query string, before time.Time) (n int64, err error) {
	err = s.writeBeside(ctx, callTimeout, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, millis(before), deleteChunk)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, err
}
