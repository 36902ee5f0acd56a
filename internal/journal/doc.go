// Package journal is the local, durable queue in front of the store. An
// accounting event is acknowledged to its NAS once it is here, on disk and
// synced (RFC 2866 §4.1: a server MUST NOT answer for what it did not record);
// from here it is drained into the store, which may be slow or away.
//
// The queue is one SQLite file that nothing else opens. One goroutine owns the
// only connection that writes: it gathers the events that wait and commits
// them together, so that many callers share one fsync. Callers of Append, Drain
// and Writable may be many.
//
// What holds:
//   - Append returns nil only after the commit of that event was synced.
//   - A sequence number is never used twice under one node id.
//   - After a failed commit its batch is refused and the file is opened anew; a
//     failed fsync is never taken as done because a later one succeeded.
//   - An event leaves the queue when the store has taken it, or when it cannot
//     be read; then it stands in the table rejected, with the reason.
package journal
