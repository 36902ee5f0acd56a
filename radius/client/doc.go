// Package client sends RADIUS requests and checks the replies: Access-Request,
// Accounting-Request and Status-Server, and the shape that CoA needs.
//
// It signs as RFC 2865, RFC 2866, RFC 3579 §3.2 and RFC 5997 §3 say, with
// Message-Authenticator as the first attribute of every request that has one
// (CVE-2024-3596, BlastRADIUS), and believes a reply only when its signatures
// fit. Its callers name attributes by number and never see the codec.
package client
