package ui

import (
	"net/http"
	"testing"
)

func TestRemote(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.7:40000":              "192.0.2.7",
		"[::ffff:192.0.2.7]:40000":     "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:40000": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:40000":         "fe80::/64",
		"somewhere":                    "unknown",
	} {
		r := &http.Request{RemoteAddr: from, Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}}
		if got := Remote(r); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
}
