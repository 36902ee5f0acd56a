// Package billing says what each dwelling owes, computed from agreements,
// leases and tariffs, and keeps what has been issued. It is pure except for its
// Ledger interface: no SQL, no HTTP, no clock.
//
// The operator pays, never the tenant: a charge is what the operator recovers
// through the rental charges, or bears itself while a dwelling is vacant.
//
// A month goes Compute -> Delta -> draft -> approval by a second person ->
// Document. What is issued is never changed: a late edit is computed again from
// scratch, and the difference to everything issued is the next document. Hence
// for any history of edits the sum issued is what a fresh computation says.
package billing
