// Package directory holds the nouns of Parvis: zone, access point, NAS,
// operator, residence, dwelling, lease, device, card and plan, with the one
// place where each outside spelling (MAC address, login, SSID,
// Called-Station-Id) becomes the inside one, and the in-memory register that
// answers an Access-Request without SQL.
//
// The package is pure: no context, no SQL, no HTTP, no clock. Time comes in as
// a value.
package directory
