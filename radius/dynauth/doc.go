// Package dynauth asks a NAS to end a session or to change its rates, as client
// of RFC 5176: Disconnect-Request and CoA-Request in the NAS's dialect.
//
// An acknowledgement is what the NAS says, not what is: only the Stop that
// follows ends a session, and nothing here touches one.
package dynauth
