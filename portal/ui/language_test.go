package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	u := newUI(t, nil)
	for name, c := range map[string]struct {
		query, cookie, accept, want string
		explicit                    bool
	}{
		"nothing":                 {want: "fr"},
		"the browser's":           {accept: "en-GB,en;q=0.9", want: "en"},
		"regional French":         {accept: "fr-CA", want: "fr"},
		"by weight":               {accept: "en;q=0.3, fr;q=0.8", want: "fr"},
		"the second one":          {accept: "ja, en;q=0.5", want: "en"},
		"unknown":                 {accept: "ja", want: "fr"},
		"cookie before browser":   {cookie: "fr", accept: "en", want: "fr"},
		"URL before cookie":       {query: "lang=en", cookie: "fr", accept: "fr", want: "en", explicit: true},
		"unknown in the URL":      {query: "lang=xx", cookie: "en", want: "en"},
		"gateway's own lang":      {query: "lang=fr&md=00&lang=en", want: "en", explicit: true},
		"gateway's own is empty":  {query: "lang=&md=00", accept: "en", want: "en"},
		"nonsense":                {query: "lang=%00", cookie: "a b", accept: ";;;q=x", want: "fr"},
		"endless list":            {accept: "en," + strings.Repeat("ja-x-y,", 10_000), want: "en"},
		"endless without a comma": {accept: strings.Repeat("e", 10_000), want: "fr"},
	} {
		r := httptest.NewRequest("GET", "/?"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		got, explicit := u.langs.choose(r)
		if got.tag.String() != c.want || explicit != c.explicit || u.Lang(r) != c.want {
			t.Errorf("%s: got %s %v", name, got.tag, explicit)
		}
	}
}

func TestSwitchKeepsTheQueryAsItIs(t *testing.T) {
	u := newUI(t, nil)
	for here, want := range map[string]string{
		"/":                            "/?lang=en",
		"/?":                           "/?lang=en",
		"/?lang=fr":                    "/?lang=en",
		"/?a=%3a+b&md=00":              "/?a=%3a+b&md=00&lang=en",
		"/?a&md=00&lang=fr&lang=en":    "/?a&md=00&lang=en",
		"/?lang=fr&ssid=%28x%29&md=00": "/?lang=fr&ssid=%28x%29&md=00&lang=en",
	} {
		for _, c := range u.choices(here, u.langs.all[0]) {
			if c.Tag == "en" && c.Href != want {
				t.Errorf("%s: got %s, want %s", here, c.Href, want)
			}
		}
	}
}

func TestChoiceIsRemembered(t *testing.T) {
	u := newUI(t, nil)
	for target, want := range map[string]bool{"/?lang=en": true, "/": false, "/?lang=xx": false} {
		w := httptest.NewRecorder()
		u.Error(w, httptest.NewRequest("GET", target, nil), 404)
		cookies := w.Result().Cookies()
		if got := len(cookies) == 1 && cookies[0].Name == "lang" && cookies[0].Value == "en" && cookies[0].HttpOnly; got != want {
			t.Errorf("%s: %v", target, cookies)
		}
	}
}
