package commune

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/store"
)

var testNow = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

var update = flag.Bool("update", false, "write what is said into testdata/bad_*.toml, to be read before it is kept")

// base is the commune of testdata/base.toml.
func base(t testing.TB) store.Commune {
	t.Helper()
	i, problems := Read("testdata/base.toml", store.Commune{}, testNow)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	return i.Write
}

// Each testdata/bad_*.toml is a way to be wrong; its lines "#= …" are all that
// must be said about it, without the name of the file.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad_*.toml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	// A checkout keeps no more of a mode than whether a file can be run.
	if err := os.Chmod("testdata/open.secret", 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			var rest strings.Builder
			for line := range strings.Lines(string(text)) {
				if golden, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "#= "); ok {
					want = append(want, golden)
				} else {
					rest.WriteString(line)
				}
			}
			i, problems := Read(file, base(t), testNow)
			var got []string
			for _, p := range problems {
				s := strings.ReplaceAll(p.String(), file+":", "")
				got = append(got, strings.TrimSpace(strings.ReplaceAll(s, "testdata/", "")))
			}
			if *update {
				for _, g := range got {
					rest.WriteString("#= " + g + "\n")
				}
				if err := os.WriteFile(file, []byte(rest.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
				t.Errorf("%d wanted (-want +got):\n%s", len(want), d)
			}
			if !i.Nothing() || len(i.Letters) > 0 {
				t.Error("there is something to write")
			}
		})
	}
}
