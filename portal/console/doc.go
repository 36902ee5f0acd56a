// Package console is what staff see, on a listener of its own: administrators,
// network administrators, housing operators and desk agents.
//
// routes.go lists every page with the roles that may open it. An operator's
// user never sees a row of another operator: what it asks for is looked up
// among its own rows only, so another's id is not found. No page shows a
// secret, and no page shows a tenant's devices to an operator.
package console
