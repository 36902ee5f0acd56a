// Package peers starts the real programs that tests talk to: Redis, PostgreSQL,
// Chromium, hostapd, radsecproxy, radclient and promtool, as Debian 12 packages
// them. Each listens on loopback only, keeps its files in a temporary directory
// and ends with the test, also when the test binary is killed.
//
// A program that is not installed skips the test, so that a machine with Go
// alone can run the rest; with PARVIS_TEST_PEERS=all, as `make test` sets it, it
// fails the test instead. Only tests import this package.
package peers
