package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// need returns the path of the first of names that is installed, looked up in
// PATH and then in dirs (glob patterns, the highest match first). Without one the test is
// skipped, or failed when all peers were asked for; pkg is what to install.
func need(t testing.TB, pkg string, names []string, dirs ...string) string {
	t.Helper()
	path := find(names, dirs)
	if path == "" {
		missing(t, os.Getenv("PARVIS_TEST_PEERS") == "all",
			fmt.Sprintf("%s is not installed (apt-get install %s, or make peers)", names[0], pkg))
	}
	return path
}

// missing ends the test: skipping must be loud where nothing may be skipped.
func missing(t testing.TB, fail bool, reason string) {
	t.Helper()
	if fail {
		t.Fatalf("%s, and PARVIS_TEST_PEERS=all", reason)
		return
	}
	t.Skip(reason)
}

func find(names, dirs []string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, dir := range dirs {
			matches, _ := filepath.Glob(filepath.Join(dir, name))
			slices.Sort(matches)
			slices.Reverse(matches)
			for _, path := range matches {
				if path, err := exec.LookPath(path); err == nil {
					return path
				}
			}
		}
	}
	return ""
}
