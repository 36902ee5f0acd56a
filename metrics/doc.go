// Package metrics holds the registry that /metrics serves and what is known of
// each access point: whether it is up, its sessions, its traffic and how its
// authentications go. The console asks it the same questions as Prometheus, so
// both show one truth. Collecting reads memory only.
package metrics
