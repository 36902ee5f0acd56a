package console

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/directory"
)

// clientsSeen is what the RADIUS server of a test has seen.
type clientsSeen struct {
	list []ClientSeen
	err  error
}

func (s *clientsSeen) Clients(context.Context) ([]ClientSeen, error) { return s.list, s.err }

// wire makes the register know these RADIUS clients.
func (tw *town) wire(t *testing.T, list ...directory.NAS) {
	t.Helper()
	snapshot, err := directory.NewSnapshot(directory.Catalog{NASes: list})
	if err != nil {
		t.Fatal(err)
	}
	tw.Register.Swap(snapshot)
}

func nasAt(name, prefix string, signature directory.Signature) directory.NAS {
	n := directory.NAS{ID: "id-" + name, Name: name, Dialect: "generic", Secret: directory.NewSecret("a-secret-of-the-" + name), Signature: signature}
	if strings.Contains(prefix, "/") {
		n.Prefix = netip.MustParsePrefix(prefix)
	} else {
		n.TLSName = prefix
	}
	return n
}

func TestPostures(t *testing.T) {
	now := time.Date(2026, 11, 17, 10, 30, 0, 0, time.UTC)
	earlier := now.Add(-time.Hour)
	const one = "192.0.2.1/32"
	for _, c := range []struct {
		name string
		nas  directory.NAS
		seen ClientSeen
		want string
		red  bool
	}{
		{"new", nasAt("a", one, ""), ClientSeen{}, "yes", false},
		{"yes", nasAt("a", one, directory.SignatureYes), ClientSeen{Heard: now}, "yes", false},
		{"yes, and unsigned ones are dropped", nasAt("a", one, directory.SignatureYes), ClientSeen{Refused: now}, "refused", true},
		{"yes, after it was put right", nasAt("a", one, directory.SignatureYes), ClientSeen{Refused: earlier, Heard: now}, "yes", false},
		{"no", nasAt("a", one, directory.SignatureNo), ClientSeen{Heard: now}, "no", true},
		{"no, and it does not", nasAt("a", one, directory.SignatureNo), ClientSeen{Heard: now, Unsigned: now}, "unsigned", true},
		{"auto", nasAt("a", one, directory.SignatureAuto), ClientSeen{}, "auto", false},
		{"auto, and it does not", nasAt("a", one, directory.SignatureAuto), ClientSeen{Heard: now, Unsigned: now}, "unsigned", true},
		{"auto, and it does by now", nasAt("a", one, directory.SignatureAuto), ClientSeen{Heard: now, Unsigned: earlier, Signs: true}, "yes", false},
		{"a certificate only", nasAt("a", "quay.example", directory.SignatureNo), ClientSeen{}, "tls", false},
	} {
		got := clientOf(&c.nas, c.seen, now)
		if got.Posture != c.want || got.Red() != c.red || (got.Badge() == "bad") != c.red {
			t.Errorf("%s: %q, red %v, badge %s", c.name, got.Posture, got.Red(), got.Badge())
		}
	}
}

func TestNASPage(t *testing.T) {
	tw := newTown(t)
	now := tw.clock.now()
	moving := nasAt("Moving", "192.0.2.5/32", directory.SignatureYes)
	moving.OldSecret, moving.OldSecretUntil = directory.NewSecret("the-old-secret-of-it"), now.Add(time.Hour)
	moved := nasAt("Moved", "192.0.2.6/32", directory.SignatureYes) // its old one is gone
	moved.OldSecretUsed = now.Add(-time.Hour)
	tw.wire(
		t, nasAt("Signed", "192.0.2.1/32", directory.SignatureYes), nasAt("Range", "2001:db8::/48", directory.SignatureNo),
		nasAt("Quay", "quay.example", ""), nasAt("Legacy", "192.0.2.3/32", directory.SignatureNo),
		nasAt("Auto", "192.0.2.4/32", directory.SignatureAuto), moving, moved, nasAt("Flood", "192.0.2.7/32", directory.SignatureYes),
	)
	tw.seen.list = []ClientSeen{
		{NASID: "id-Legacy", Heard: now, Unsigned: now.Add(-5 * time.Minute)},
		{NASID: "id-Quay", Heard: now, Connections: 2},
		{NASID: "id-Moving", Heard: now, OldSecret: now.Add(-10 * time.Minute)},
		{NASID: "id-Flood", Heard: now, Limited: now.Add(-20 * time.Minute)},
		{NASID: "id-gone", Heard: now, Unsigned: now},
	}
	b := tw.as(t, "reseau")
	html := b.get("/nas").Body.String()
	if strings.Count(html, "<tr>") < 3 {
		t.Fatal(html)
	}
	rows := strings.Split(html, "<tr>")[2:]
	var names []string
	for _, row := range rows {
		name, _, _ := strings.Cut(strings.TrimPrefix(row, `<th scope="row">`), "<")
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"Legacy", "Range", "Auto", "Moving", "Flood", "Moved", "Signed", "Quay"}, names); diff != "" {
		t.Errorf("in the wrong order:\n%s", diff)
	}
	for name, want := range map[string][]string{
		"Legacy": {"192.0.2.3<", `badge wrap bad">Does not sign<`, "--signature yes", "Last unsigned request that was answered: 17 November 2026, 11:25"},
		"Range":  {"2001:db8::/48", `badge wrap bad">Need not sign<`},
		"Auto":   {`badge wrap wait">Must sign once`},
		"Moving": {"Old secret still in use", "Last on 17 November 2026, 11:20", "before 17 November 2026, 12:30"},
		"Flood":  {"Limited: it asks too much", "last on 17 November 2026, 11:10"},
		"Moved":  {`badge wrap good">Must sign<`, "Nothing to watch", "not since the start"},
		"Quay":   {"quay.example", "2 TLS connections open", "signed by TLS"},
	} {
		for i, row := range rows {
			if names[i] != name {
				continue
			}
			for _, text := range want {
				if !strings.Contains(row, text) {
					t.Errorf("%s does not show %q: %s", name, text, row)
				}
			}
		}
	}
	for _, want := range []string{"2 pieces of equipment do not sign", "1 piece of equipment still uses its old secret", "1 piece of equipment asked for more"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html, "secret-of") {
		t.Error("the page shows a secret")
	}
	if html := b.get("/nas?q=quay.EX").Body.String(); strings.Count(html, "<tr>") != 2 || !strings.Contains(html, "2 pieces of equipment do not sign") {
		t.Errorf("the search gives %d rows", strings.Count(html, "<tr>")-1)
	}
	fingerprint := "sha256:" + strings.Repeat("5a", 32)
	tw.wire(t, nasAt("Quay", fingerprint, ""))
	if html := b.get("/nas?q=" + fingerprint).Body.String(); !strings.Contains(html, ">sha256:5a5a5a5a5a5a5a5a…<") || !strings.Contains(html, "No equipment needs anything") {
		t.Errorf("a fingerprint is shown so: %s", html)
	}
	tw.seen.err = errors.New("away")
	if w := b.get("/nas"); w.Code != 503 {
		t.Errorf("%d without the server's counts", w.Code)
	}
}
