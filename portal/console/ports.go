package console

import (
	"context"
	"io"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

// Store is what the pages read. An empty operatorID stands for all operators;
// with any other one, rows of another operator are never returned.
type Store interface {
	Operators(ctx context.Context) ([]directory.Operator, error)
	// Residences lists residences as they are on a day.
	Residences(ctx context.Context, operatorID string, on directory.Date) ([]directory.ResidenceState, error)
	// Dwellings lists the dwellings of a residence that are in stock on a day,
	// with the lease of that day.
	Dwellings(ctx context.Context, operatorID, residenceID string, on directory.Date) ([]directory.DwellingState, error)
	// OpenSessions lists open sessions, newest first, at most limit of them.
	OpenSessions(ctx context.Context, f accounting.Filter, limit int) ([]accounting.Session, error)
}

// Logins is what signing in needs, and the audit trail.
type Logins interface {
	UserByName(ctx context.Context, name string) (directory.User, bool, error)
	// CreateLogin keeps the hash of a cookie until it expires.
	CreateLogin(ctx context.Context, tokenHash, userID string, now, expires time.Time) error
	// LoginUser returns whose login that is, when it has not expired and the
	// user is not disabled.
	LoginUser(ctx context.Context, tokenHash string, now time.Time) (directory.User, bool, error)
	DeleteLogin(ctx context.Context, tokenHash string) error
	Audit(ctx context.Context, a directory.AuditEntry) error
}

// Live is what is shared for minutes.
type Live interface {
	// Allow counts one try of key against burst tries at once and one more
	// every so often; retry is how long to wait when it is not ok.
	Allow(ctx context.Context, key string, burst int, every time.Duration) (ok bool, retry time.Duration, err error)
	// Refusals returns the last refused requests, newest first.
	Refusals(ctx context.Context, limit int) ([]directory.Refusal, error)
	// Others counts the devices of a dwelling that are on, without mac.
	Others(ctx context.Context, dwellingID string, mac directory.MAC) (int, error)
}

// Health says how an access point is. state is "up", "down" or "unknown";
// lastHeard is zero when it never was; in and out are bytes from and towards
// devices, ever.
type Health interface {
	AccessPoint(id string) (state string, lastHeard time.Time, sessions int, in, out uint64)
}

// Charges takes an operator's month from its preview to its document. by is the
// login of who takes the step. What people can put right comes as a *Refused.
type Charges interface {
	// Month computes and changes nothing.
	Month(ctx context.Context, operatorID string, m directory.Month) (MonthView, error)
	Draft(ctx context.Context, operatorID string, m directory.Month, by string) error
	Approve(ctx context.Context, operatorID string, m directory.Month, by string) error
	Issue(ctx context.Context, operatorID string, m directory.Month, by string) error
	// File writes the charges file of what has been issued of the month, as CSV.
	File(ctx context.Context, operatorID string, m directory.Month, w io.Writer) error
}
