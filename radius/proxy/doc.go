// Package proxy asks other networks' RADIUS servers about their own people: the
// visitors whose User-Name ends in @ and a realm of the configuration.
//
// A realm has servers in order of preference. Each is alive, a zombie (it owes
// an answer: asked only when none is alive, and watched by Status-Server,
// RFC 5997) or dead (only watched). A request waits in a goroutine of its own,
// of which there is a bounded number: a server that is silent takes nothing
// from the requests that Parvis answers itself.
//
// The standards that comments here cite:
//
//   - RFC 2865: RADIUS, §2.3 of which is about proxies
//   - RFC 2866: RADIUS Accounting
//   - RFC 2869: RADIUS Extensions
//   - RFC 3539: Authentication, Authorization and Accounting Transport Profile
//   - RFC 5080: Common RADIUS Implementation Issues and Suggested Fixes
//   - RFC 5580: Carrying Location Objects in RADIUS and Diameter
//   - RFC 5997: Use of Status-Server Packets in RADIUS
//   - RFC 6613: RADIUS over TCP
//   - RFC 6614: TLS Encryption for RADIUS
//   - RFC 7542: The Network Access Identifier
package proxy
