package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const sample = "../../deploy/parvis.toml"

// The documented file sets every key, each to its default, and each with words.
func TestSampleIsTheDefaults(t *testing.T) {
	t.Setenv(credentialsVariable, "")
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	got := Config{}
	md, err := toml.Decode(string(text), &got)
	if err != nil {
		t.Fatal(err)
	}
	if want := Defaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("the sample is %+v\nthe defaults are %+v", got, want)
	}
	for key := range keys(&got) {
		if !md.IsDefined(strings.Split(key, ".")...) {
			t.Errorf("the sample does not set %s", key)
		}
	}
	cfg, problems := load(t, installation(t), string(text))
	if problems.Err() != nil {
		t.Error(problems.Err())
	}
	if cfg.Keys == (Keys{}) {
		t.Error("the sample loads without its key")
	}
}

// Documented means: a comment stands above the key, or above the group of keys
// without an empty line in which it stands.
func TestSampleDocumentsEveryKey(t *testing.T) {
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	setting, n := regexp.MustCompile(`^([a-z_]+) = `), 0
	for group := range strings.SplitSeq(string(text), "\n\n") {
		documented := false
		for line := range strings.Lines(group) {
			documented = documented || strings.HasPrefix(line, "# ")
			if m := setting.FindStringSubmatch(line); m != nil {
				n++
				if !documented {
					t.Errorf("%s has no words", m[1])
				}
			}
		}
	}
	fields := 0
	for _, v := range keys(&Config{}) {
		if v.Kind() != reflect.Struct {
			fields++
		}
	}
	if n != fields {
		t.Errorf("%d settings in the sample, %d keys", n, fields)
	}
}
