package metrics

import (
	"slices"

	"parvis/internal/accounting"
)

// terminateCauses are the names of RFC 2866 §5.10, from 1 on; 0 is a Stop
// without Acct-Terminate-Cause.
var terminateCauses = [...]string{
	"none",
	"user_request", "lost_carrier", "lost_service", "idle_timeout", "session_timeout", "admin_reset",
	"admin_reboot", "port_error", "nas_error", "nas_request", "nas_reboot", "port_unneeded",
	"port_preempted", "port_suspended", "service_unavailable", "callback", "user_error", "host_request",
}

// cause returns the label of a session's end: a closed set, whatever number a
// NAS sends.
func cause(n uint32) string {
	switch n {
	case accounting.CauseNASRestart:
		return "nas_restart"
	case accounting.CauseSuperseded:
		return "superseded"
	case accounting.CauseStale:
		return "stale"
	}
	if n < uint32(len(terminateCauses)) {
		return terminateCauses[n]
	}
	return "other"
}

// causes lists every label that cause returns.
func causes() []string {
	return append(slices.Clone(terminateCauses[:]), "nas_restart", "superseded", "stale", "other")
}
