// Package demo makes a sample commune, and simulates what stands around Parvis
// in it: access points that send RADIUS packets, and one gateway that a browser
// can walk through. The packets are real and go through the real sockets; only
// the radio is missing.
package demo
