package metrics

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func TestUnique(t *testing.T) {
	for _, c := range []struct {
		name        string
		names, want map[string]string
	}{
		{"names", map[string]string{"1": "Quay", "2": "Town hall"}, map[string]string{"1": "Quay", "2": "Town hall"}},
		{"one name for two", map[string]string{"1": "Quay", "2": "Quay", "3": "Park"}, map[string]string{"1": "1", "2": "2", "3": "Park"}},
		{"no name", map[string]string{"1": ""}, map[string]string{"1": "1"}},
		{"a name that is taken", map[string]string{"1": "unknown"}, map[string]string{"1": "1"}},
		{"a name that is another's id", map[string]string{"1": "2", "2": "Quay"}, map[string]string{"1": "1", "2": "Quay"}},
		{"not UTF-8", map[string]string{"1": "caf\xe9"}, map[string]string{"1": "caf\uFFFD"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := unique(c.names, unknownPlace); !maps.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Whatever people call things, no two series have one name.
func TestUniqueAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", " ", "1", "2", "3", "a", " a", "b", "\xff", "\xfe", "unknown"})
		names := rapid.MapOf(rapid.SampledFrom([]string{"1", "2", "3", "4"}), text).Draw(t, "names")
		used := map[string]bool{unknownPlace: true}
		for id, label := range unique(names, unknownPlace) {
			if label == "" || used[label] {
				t.Fatalf("%q of %s is empty or used twice in %v", label, id, names)
			}
			used[label] = true
		}
	})
}
