package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"parvis/internal/peers"
)

// TestMetrics holds a live page to Prometheus' own checker, and the alert rules
// to the page: a rule about a metric that does not exist never fires.
func TestMetrics(t *testing.T) {
	p := startDemo(t, t.TempDir())
	poll(t, eventually, "the city moves", func() bool {
		return p.metric("parvis_ap_sessions") > 0 && p.metric("parvis_auth_attempts_total", `result="reject"`) > 0
	})
	page := p.scrape()
	if out, code := peers.Promtool(t, []string{"check", "metrics"}, page); code != 0 || strings.TrimSpace(out) != "" {
		t.Errorf("promtool check metrics: exit code %d\n%s", code, out)
	}
	rules, err := os.ReadFile("../../deploy/prometheus/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(rules)) {
		comment := strings.HasPrefix(strings.TrimSpace(line), "#")
		for _, m := range regexp.MustCompile(`(?:^|[^:\w])(parvis_\w+)`).FindAllStringSubmatch(line, -1) {
			names[m[1]] = names[m[1]] || !comment
		}
	}
	if len(names) < 5 {
		t.Errorf("found only %v in the rules", names)
	}
	for name := range names {
		if !regexp.MustCompile(`(?m)^` + name + `(?:_bucket|_count)?[ {]`).MatchString(page) {
			t.Errorf("the rules name %s, which the page does not have", name)
		}
	}
	// Every enabled access point, heard or not.
	if n := len(regexp.MustCompile(`(?m)^parvis_ap_up\{`).FindAllString(page, -1)); n != 40 {
		t.Errorf("%d access points, want 40", n)
	}
	for _, secret := range []string{"parvis-demo", "logement-0001"} {
		if strings.Contains(page, secret) {
			t.Errorf("the metrics tell %q", secret)
		}
	}
	// RFC 7042's spelling with dashes or colons: no device is a label.
	if mac := regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b`).FindString(page); mac != "" {
		t.Errorf("the metrics tell the address %s", mac)
	}
}
