// Package billing says what each dwelling owes, computed from agreements,
// leases and tariffs, and keeps what has been issued. It is pure except for its
// Ledger interface: no SQL, no HTTP, no clock.
//
// The operator pays, never the tenant: a charge is what the operator recovers
// through the rental charges, or bears itself while a dwelling is vacant.
package billing
