package directory

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "hunter2-marker"
	hex := fmt.Sprintf("%x", text)
	key := Key([]byte(strings.Repeat("hunter2!", 4)))
	type hidden struct{ s Secret }
	type open struct {
		S Secret
		P *Secret
		L []Secret
		M map[string]Secret
	}
	s := NewSecret(text)
	values := []any{
		s, &s,
		[]Secret{s},
		hidden{s},
		&hidden{s},
		open{s, &s, []Secret{s}, map[string]Secret{"a": s}},
		key, &key, errors.Join(fmt.Errorf("%v", s)),
		NAS{Secret: s, GatewaySecret: s},
		Dwelling{Password: s},
	}
	leaks := func(where, out string) {
		t.Helper()
		for _, bad := range []string{text, hex, strings.ToUpper(hex), "hunter2", "104 117 110 116", "68756e74"} {
			if strings.Contains(out, bad) {
				t.Errorf("%s shows the secret: %s", where, out)
			}
		}
	}
	for i, v := range values {
		for c := rune('!'); c <= '~'; c++ {
			for _, flags := range []string{"", "+", "#", "20", "-", "0", " "} {
				format := "%" + flags + string(c)
				if (i == 6 || i == 7) && strings.ContainsRune("pw", c) {
					continue // fmt asks no method of an array here; go vet refuses both verbs
				}
				leaks(fmt.Sprintf("value %d with %s", i, format), fmt.Sprintf(format, v))
			}
		}
		leaks("Sprint", fmt.Sprint(v)+fmt.Sprintln(v))
		j, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json of value %d: %v", i, err)
		}
		leaks("json", string(j))
		x, _ := xml.Marshal(v) // maps are not for XML
		leaks("xml", string(x))
		var out bytes.Buffer
		_ = toml.NewEncoder(&out).Encode(map[string]any{"v": v}) // some are not for TOML
		leaks("toml", out.String())
		out.Reset()
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		leaks("slog", out.String())
	}
	if got := fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s); got != strings.TrimSpace(strings.Repeat(dots+" ", 7)) {
		t.Errorf("got %s", got)
	}
}

func TestSecretEqual(t *testing.T) {
	s := NewSecret("abc")
	if !s.Equal("abc") || s.Equal("abd") || s.Equal("ab") || s.Equal("") || !NewSecret("").Equal("") {
		t.Error("Equal is wrong")
	}
	if s != NewSecret("ab"+string('c')) || s == NewSecret("abd") || NewSecret("") != (Secret{}) {
		t.Error("== does not follow the text")
	}
	if !NewSecret("").IsZero() || s.IsZero() || s.Reveal() != "abc" || NewSecret("").Reveal() != "" {
		t.Error("IsZero or Reveal is wrong")
	}
}
