// Package store holds all SQL of Parvis. One text serves SQLite (embedded, one
// file) and PostgreSQL; migrations are append-only and a newer schema is
// refused.
//
// Every change that a running node must learn of writes a row to the change
// feed in its own transaction, so that a node which follows the feed never sees
// a change that was rolled back and never misses one that was committed.
//
// Instants are Unix milliseconds UTC, civil dates are days since 1970-01-01,
// both with 0 for "none". Every method has a deadline of its own, five seconds
// unless it says otherwise; an earlier deadline of the context wins.
package store
