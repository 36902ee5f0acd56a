package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parvis/internal/peers"
)

func TestRules(t *testing.T) {
	for _, args := range [][]string{
		{"check", "rules", "prometheus/rules.yml"},
		{"test", "rules", "prometheus/rules_test.yml"},
		{"check", "config", "prometheus/scrape.yml"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out, code := peers.Promtool(t, args, "")
			if code != 0 {
				t.Errorf("promtool ends with %d:\n%s", code, out)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each alert is tested both ways: that it fires, and that it does not.
func TestEveryAlertIsTestedBothWays(t *testing.T) {
	tests := read(t, "prometheus/rules_test.yml")
	alerts := regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(read(t, "prometheus/rules.yml"), -1)
	if len(alerts) == 0 {
		t.Fatal("there are no alerts")
	}
	for _, a := range alerts {
		if !strings.Contains(tests, "alertname: "+a[1]+", exp_alerts: []") {
			t.Errorf("no test says when %s keeps silent", a[1])
		}
		if !regexp.MustCompile(`alertname: ` + a[1] + `\n\s+exp_alerts:\n\s+- exp_labels`).MatchString(tests) {
			t.Errorf("no test says when %s fires", a[1])
		}
	}
}

// The rules use families with the labels that Parvis exports, and nothing else.
func TestRulesNameWhatIsExported(t *testing.T) {
	families := map[string]string{}
	for line := range strings.Lines(read(t, "../metrics/testdata/names.txt")) {
		if f := strings.Fields(line); len(f) >= 2 && strings.HasPrefix(f[0], "parvis_") {
			families[f[0]] = "," + strings.Join(f[2:], "") + ","
		}
	}
	rules := regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(read(t, "prometheus/rules.yml"), "")
	used := regexp.MustCompile(`[a-z:]*(parvis_[a-z_]+)(?:\{(\w+)=)?`).FindAllStringSubmatch(rules, -1)
	n := 0
	for _, u := range used {
		if strings.Contains(u[0], ":") {
			continue // a recorded series
		}
		n++
		labels, ok := families[u[1]]
		if !ok {
			t.Errorf("%s is not exported", u[1])
		}
		if u[2] != "" && !strings.Contains(labels, ","+u[2]+",") {
			t.Errorf("%s has no label %s", u[1], u[2])
		}
	}
	if n < 8 {
		t.Errorf("only %d families are found in the rules", n)
	}
}

// systemd's own judgement of the unit: at most 2.0 of 10, and no line that it
// does not understand.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("PARVIS_TEST_PEERS") == "all" {
			t.Fatal("systemd-analyze is missing: install systemd")
		}
		t.Skip("systemd-analyze is missing: install systemd")
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--no-pager", "--offline=true", "--threshold=20", "./parvis.service").CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	unit := filepath.Join(t.TempDir(), "parvis.service")
	text := strings.ReplaceAll(read(t, "parvis.service"), "/usr/bin/parvis ", "/bin/true ")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = exec.CommandContext(t.Context(), analyze, "verify", "--man=no", "--recursive-errors=no", unit).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "parvis.service") {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
	if err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
