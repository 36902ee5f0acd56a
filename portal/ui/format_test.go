package ui

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parvis/internal/directory"
)

func TestFormats(t *testing.T) {
	u := newUI(t, nil)
	plain := strings.NewReplacer("\u00a0", "_", "\u202f", "~")
	for _, c := range []struct {
		call   string
		data   any
		fr, en string
	}{
		{"date", directory.NewDate(2026, 11, 1), "1er novembre 2026", "1 November 2026"},
		{"date", directory.NewDate(2026, 8, 22), "22 août 2026", "22 August 2026"},
		{"date", directory.Date(0), "", ""},
		{"date", time.Time{}, "", ""},
		{"date", time.Date(2026, 7, 31, 22, 30, 0, 0, time.UTC), "1er août 2026", "1 August 2026"}, // in Paris
		{"datetime", time.Date(2026, 11, 22, 7, 5, 0, 0, time.UTC), "22 novembre 2026 à 08:05", "22 November 2026, 08:05"},
		{"clock", time.Date(2026, 7, 22, 7, 5, 0, 0, time.UTC), "09:05", "09:05"},
		{"month", directory.NewMonth(2026, 10), "octobre 2026", "October 2026"},
		{"euros", directory.Cents(124), "1,24_€", "€1.24"},
		{"euros", directory.Cents(-5), "-0,05_€", "-€0.05"},
		{"euros", directory.Cents(123456789), "1~234~567,89_€", "€1,234,567.89"},
		{"euros", directory.Cents(math.MinInt64), "-92~233~720~368~547~758,08_€", "-€92,233,720,368,547,758.08"},
		{"number", 1234567, "1~234~567", "1,234,567"},
		{"number", int64(-999), "-999", "-999"},
		{"bytes", uint64(0), "0_o", "0_B"},
		{"bytes", uint64(999), "999_o", "999_B"},
		{"bytes", uint64(12_500_000), "12,5_Mo", "12.5_MB"},
		{"bytes", uint64(999_999), "999_ko", "999_kB"},
		{"bytes", uint64(2_000_000_000), "2_Go", "2_GB"},
		{"bytes", uint64(math.MaxUint64), "18~446~744_To", "18,446,744_TB"},
		{"rate", uint32(5_500), "5,5_Mbit/s", "5.5_Mbit/s"},
		{"rate", uint32(100_000), "100_Mbit/s", "100_Mbit/s"},
		{"rate", uint32(0), "sans limite", "no limit"},
		{"duration", 30 * time.Second, "moins d’une minute", "less than a minute"},
		{"duration", time.Minute, "1 minute", "1 minute"},
		{"duration", 2 * time.Hour, "2 heures", "2 hours"},
		{"duration", 2*time.Hour + 31*time.Minute, "2 heures 31 minutes", "2 hours 31 minutes"},
		{"duration", 11*time.Hour + 59*time.Minute, "11 heures", "11 hours"},
		{"duration", 12*time.Hour - time.Second, "12 heures", "12 hours"},
		{"duration", 47 * time.Hour, "47 heures", "47 hours"},
		{"duration", 48 * time.Hour, "2 jours", "2 days"},
		{"duration", -time.Hour, "moins d’une minute", "less than a minute"},
	} {
		pages, err := u.Parse(page(`{{define "main"}}[{{` + c.call + ` .Data}}]{{end}}`))
		if err != nil {
			t.Fatal(err)
		}
		for lang, want := range map[string]string{"fr": c.fr, "en": c.en} {
			var b strings.Builder
			err = pages.byLang[lang]["one"].ExecuteTemplate(&b, "main", Page{View: View{Data: c.data}})
			if got := plain.Replace(b.String()); err != nil || got != "["+want+"]" {
				t.Errorf("%s %v in %s: got %s %v, want %s", c.call, c.data, lang, got, err, want)
			}
		}
	}
}

// TestEurosReadBack: the words hold exactly the amount.
func TestEurosReadBack(t *testing.T) {
	f := formatter{newUI(t, nil).langs.get("fr"), time.UTC}
	noise := regexp.MustCompile(`[\x{00a0}\x{202f}€]`)
	rapid.Check(t, func(t *rapid.T) {
		c := directory.Cents(rapid.Int64().Draw(t, "cents"))
		got := strings.Replace(noise.ReplaceAllString(f.euros(c), ""), ",", ".", 1)
		if got != fmt.Sprint(c) {
			t.Fatalf("%s for %s", got, c)
		}
	})
}

// TestDurationNeverPromisesMore: read back, the words are at most the time
// left and the seconds that a page takes, and not an hour less (a day less from two days on).
func TestDurationNeverPromisesMore(t *testing.T) {
	f := formatter{newUI(t, nil).langs.get("en"), time.UTC}
	part := regexp.MustCompile(`(\d+) (day|hour|minute)`)
	unit := map[string]time.Duration{"day": 24 * time.Hour, "hour": time.Hour, "minute": time.Minute}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "d"))
		words, err := f.duration(d)
		if err != nil {
			t.Fatal(err)
		}
		var said time.Duration
		for _, m := range part.FindAllStringSubmatch(words, -1) {
			var n int
			fmt.Sscan(m[1], &n)
			said += time.Duration(n) * unit[m[2]]
		}
		slack := time.Hour
		if d >= 48*time.Hour {
			slack = 24 * time.Hour
		}
		if said > d+pageTime || d-said >= slack {
			t.Fatalf("%v is said as %q", d, words)
		}
	})
}
