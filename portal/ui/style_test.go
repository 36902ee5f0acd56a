package ui

import (
	"compress/gzip"
	"io"
	"math"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var property = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

// colours returns the custom properties of the light and of the dark theme.
func colours(t *testing.T) map[string]map[string]float64 {
	t.Helper()
	css, err := staticFS.ReadFile("static/parvis.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark theme")
	}
	themes := map[string]map[string]float64{}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		themes[name] = map[string]float64{}
		for _, m := range property.FindAllStringSubmatch(text, -1) {
			themes[name][m[1]] = luminance(t, m[2])
		}
	}
	return themes
}

// luminance as WCAG 2.2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		v, err := strconv.ParseUint(hex[i*2:i*2+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestContrast: text at least 7:1 (WCAG 1.4.6), borders of fields and the focus
// at least 3:1 (1.4.11).
func TestContrast(t *testing.T) {
	for theme, c := range colours(t) {
		for _, pair := range []struct {
			on, of string
			ratio  float64
		}{
			{"ground", "ink", 7},
			{"sheet", "ink", 7},
			{"ground", "quiet", 7},
			{"sheet", "quiet", 7},
			{"ground", "link", 7},
			{"sheet", "link", 7},
			{"ground", "accent", 7},
			{"sheet", "accent", 7},
			{"accent", "on-accent", 7},
			{"accent-strong", "on-accent", 7},
			{"good-ground", "good", 7},
			{"sheet", "good", 7},
			{"bad-ground", "bad", 7},
			{"ground", "bad", 7},
			{"sheet", "bad", 7},
			{"wait-ground", "wait", 7},
			{"sheet", "line", 3},
			{"ground", "focus", 3},
			{"sheet", "focus", 3},
		} {
			a, okA := c[pair.on]
			b, okB := c[pair.of]
			if !okA || !okB {
				t.Fatalf("%s: no colour %s or %s", theme, pair.on, pair.of)
			}
			if ratio := (math.Max(a, b) + .05) / (math.Min(a, b) + .05); ratio < pair.ratio {
				t.Errorf("%s: %s on %s is %.2f, want %v", theme, pair.of, pair.on, ratio, pair.ratio)
			}
		}
	}
}

func TestStaticCompressed(t *testing.T) {
	u := newUI(t, nil)
	path, err := u.static.path("parvis.css")
	if err != nil {
		t.Fatal(err)
	}
	for header, zipped := range map[string]bool{
		"": false, "gzip, deflate, br": true, "gzip;q=0": false, "br;q=1.0, GZIP;q=0.5": true, "identity": false, "gzip;q=x": false,
	} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", header)
		w := httptest.NewRecorder()
		u.Static().ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
			t.Errorf("%q: %d %v", header, w.Code, w.Header())
		}
		if (w.Header().Get("Content-Encoding") == "gzip") != zipped {
			t.Errorf("%q: %v", header, w.Header())
		}
		var body io.Reader = w.Body
		if zipped {
			body, err = gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(body)
		if err != nil || !strings.Contains(string(got), "--ink") {
			t.Errorf("%q: %v, %d octets", header, err, len(got))
		}
	}
	_, err = u.static.path("none.css")
	if err == nil {
		t.Error("an unknown file has a path")
	}
}
