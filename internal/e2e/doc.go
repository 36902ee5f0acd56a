// Package e2e holds tests only: the whole program, built and started as a child
// process on free loopback ports, against real peers – radclient, Chromium,
// promtool, PostgreSQL and Redis. What a room can test alone is tested there.
package e2e
