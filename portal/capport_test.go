package portal

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestCapport holds the answer to RFC 8908 §5 and to what Android insists on.
func TestCapport(t *testing.T) {
	g := newRig(t)
	g.Register.Devices.Remember(testMAC, "2026-1", g.now.Add(time.Hour))
	for name, c := range map[string]struct {
		query   string
		captive bool
		portal  string
	}{
		"remembered":               {"m=02-AA-BB-CC-DD-01&i=10.1.0.2&n=place-1&s=1", false, "/?n=place-1"},
		"by the access point":      {"m=02aabbccdd01&c=02-11-22-33-44-55", false, "/"},
		"with the access point":    {"m=02aabbccdd01&n=place-1&c=02-11-22-33-44-55:Parvis", false, "/?n=place-1"},
		"access point of others":   {"m=02aabbccdd01&n=card-1&c=02-11-22-33-44-55", true, "/?n=card-1"},
		"disabled access point":    {"m=02aabbccdd01&n=place-1&c=02-11-22-33-44-66", true, "/?n=place-1"},
		"access point in a house":  {"m=02aabbccdd01&c=02-11-22-33-44-77", true, "/"},
		"another zone's terms":     {"m=02-AA-BB-CC-DD-01&n=card-1", true, "/?n=card-1"},
		"not remembered":           {"m=02-AA-BB-CC-DD-02&n=place-1", true, "/?n=place-1"},
		"unknown gateway":          {"m=02-AA-BB-CC-DD-01&n=nobody", true, "/"},
		"no zone":                  {"m=02-AA-BB-CC-DD-01&n=nowhere", true, "/?n=nowhere"},
		"nothing":                  {"", true, "/"},
		"chilli filled nothing in": {"m=%{m}&n=%{n}", true, "/"},
		"malformed":                {"m=zz&n=place-1&c=;&%zz", true, "/?n=place-1"},
		"huge":                     {"m=02-AA-BB-CC-DD-01&n=" + strings.Repeat("n", 9000), true, "/"},
	} {
		w := g.get("/api/capport?" + c.query)
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/captive+json" {
			t.Errorf("%s: %d %s", name, w.Code, w.Header().Get("Content-Type"))
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: cache %s", name, w.Header().Get("Cache-Control"))
		}
		if w.Body.Len() > 4096 || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d octets %s", name, w.Body.Len(), w.Header().Get("Content-Encoding"))
		}
		var got map[string]any
		err := json.Unmarshal(w.Body.Bytes(), &got)
		if err != nil {
			t.Errorf("%s: %v in %s", name, err, w.Body)
			continue
		}
		if got["captive"] != c.captive || got["user-portal-url"] != testPublic+c.portal || got["venue-info-url"] != testPublic+"/status" {
			t.Errorf("%s: got %s", name, w.Body)
		}
		seconds, there := got["seconds-remaining"]
		if there == c.captive || there && seconds != 3600.0 {
			t.Errorf("%s: seconds-remaining %v", name, seconds)
		}
	}
	g.now = g.now.Add(time.Hour)
	if w := g.get("/api/capport?m=02-AA-BB-CC-DD-01&n=place-1"); !strings.Contains(w.Body.String(), `"captive":true`) {
		t.Errorf("when the time is over: %s", w.Body)
	}
}
