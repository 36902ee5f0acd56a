package commune

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/billing"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// must reads text as a file of testdata against what is there.
func must(t testing.TB, there store.Commune, text string) Import {
	t.Helper()
	i, problems := read("testdata/x.toml", text, there, testNow)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	return i
}

func readBase(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/base.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each row is one edit of the file that made the commune, and all that comes of it.
func TestOneEdit(t *testing.T) {
	there, text := base(t), readBase(t)
	for _, c := range []struct {
		name, old, new string
		want           []Change
	}{
		{"none", "", "", nil},
		{"capitals in a reference", `plan = "Ville"`, `plan = "VILLE"`, nil},
		{"space and another spelling", `bssid = "02-00-5E-00-53-01"`, `bssid = " 0200.5e00.5301 "`, nil},
		{"a range of one address", `address = "192.0.2.1"`, `address = "::ffff:192.0.2.1/128"`, nil},
		{"a duration otherwise", `remember = "30d"`, `remember = "720h0m0s"`, nil},
		{"a price otherwise", `price = "1.19"`, `price = " 01.19 "`, nil},
		{"a date as text", "from = 2024-03-01", `from = "2024-03-01"`, nil},
		{"the name in capitals", `name = "Mât"`, `name = "MÂT"`, []Change{{"access point", "MÂT", false}}},
		{"a plan", `name = "Ville"`, "name = \"Ville\"\nvlan = 7", []Change{{"plan", "Ville", false}}},
		{"a zone", `terms = "1"`, `terms = "2"`, []Change{{"zone", "Port", false}}},
		{"an address", "192.0.2.1", "192.0.2.2", []Change{{"NAS", "Quai", false}}},
		{"another name", `name = "Mât"`, "name = \"Mât 2\"\nlatitude = 48", nil}, // its BSSID is another's
		{"a SIREN away", `siren = "732829320"`, "", []Change{{"operator", "Habitat", false}}},
		{"an agreement that ends", "from = 2026-01-01\n[[tariff]]", "from = 2026-01-01\nuntil = 2027-01-01\n[[tariff]]", []Change{{"agreement", "PV 12", false}}},
		{"a login of one's own", `login = "pins-1"`, `login = "PINS-7"`, []Change{{"dwelling", "L1", false}}},
		{"a login no more said", `login = "pins-1"`, "", nil},
		{"a tenant who moved", "dwelling = \"L1\"\nref = \"B1\"", "dwelling = \"L2\"\nref = \"B1\"", []Change{{"lease", "B1", false}}},
		{"another port", `port = "1/1"`, `port = "1/2"`, []Change{{"outlet", "1/2", true}}},
		{"a later price", "from = 2026-01-01\nprice", "from = 2027-01-01\nprice", []Change{{"tariff", "Habitat 2027-01-01", true}}},
		{"a price put right", "price = \"1.19\"\nvat = \"20\"\nlabel = \"Internet\"\nreference = \"D 1\"", "price = \"1.2\"\nvat = \"5.5\"\nlabel = \"Internet\"\nreference = \"D 2\"", []Change{{"tariff", "Habitat 2026-01-01", true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			edited := strings.ReplaceAll(text, c.old, c.new)
			if c.old != "" && edited == text {
				t.Fatal("nothing is edited")
			}
			if c.name == "another name" {
				if _, problems := read("testdata/x.toml", edited, there, testNow); len(problems) != 2 {
					t.Errorf("got %v", problems)
				}
				return
			}
			i := must(t, there, edited)
			if d := cmp.Diff(c.want, i.Changes); d != "" {
				t.Errorf("changes (-want +got):\n%s", d)
			}
			if len(i.Letters) > 0 || len(i.Secrets) > 0 {
				t.Errorf("%d letters and %d secrets are made again", len(i.Letters), len(i.Secrets))
			}
			for _, n := range i.Write.NASes {
				if !n.Secret.IsZero() {
					t.Error("a secret that stays is written")
				}
			}
		})
	}
}

func TestEveryField(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret of some length\r\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := must(t, base(t), strings.ReplaceAll(`
		[[plan]]
		name = "A"
		down_kbps = 4294967295
		up_kbps = 2
		vlan = 4094
		device_slots = 3
		session_time = "12h"
		idle_time = "90s"
		interim = "1m"
		quota_bytes = 9223372036854775807
		role = "r"
		[[nas]]
		name = "N"
		address = "2001:db8::1/64"
		tls_name = "GW.example.net"
		secret_file = "SECRET"
		dialect = "mikrotik"
		signature = "no"
		identifier = "n"
		zone = "Port"
		gateway = "coova"
		gateway_secret_file = "SECRET"
		mac_password_file = "SECRET"
		login_url = "http://192.0.2.1/"
		coa_port = 65535
		[[access_point]]
		name = "P"
		nas = "N"
		identifier = "p"
		operator = "Logis"
		residence = "Les Pins"
		vendor = "v"
		model = "m"
		capacity = 9
		latitude = 48.12345678
		longitude = -4
		enabled = false
	`, "SECRET", secret))
	there := base(t)
	s := directory.NewSecret("a secret of some length")
	want := store.Commune{
		Plans: []directory.Plan{{
			ID: i.Write.Plans[0].ID, Name: "A", DownKbps: 4294967295, UpKbps: 2, VLAN: 4094, DeviceSlots: 3,
			SessionTime: 12 * time.Hour, IdleTime: 90 * time.Second, Interim: time.Minute, QuotaBytes: 9223372036854775807, Role: "r",
		}},
		NASes: []directory.NAS{{
			ID: i.Write.NASes[0].ID, Name: "N", Prefix: netip.MustParsePrefix("2001:db8::/64"), TLSName: "gw.example.net",
			Secret: s, Dialect: "mikrotik", Signature: directory.SignatureNo, Identifier: "n", ZoneID: i.Write.NASes[0].ZoneID,
			Gateway: "coova", GatewaySecret: s, MACPassword: s, LoginURL: "http://192.0.2.1/", DynAuthPort: 65535,
		}},
		AccessPoints: []directory.AccessPoint{{
			ID: i.Write.AccessPoints[0].ID, Name: "P", NASID: i.Write.NASes[0].ID, Identifier: "p",
			ResidenceID: i.Write.AccessPoints[0].ResidenceID, Vendor: "v", Model: "m", Capacity: 9,
			Latitude: 48.1234568, Longitude: -4,
		}},
	}
	opts := cmp.Options{
		cmp.Comparer(func(a, b directory.Secret) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	}
	if d := cmp.Diff(want, i.Write, opts); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if want.NASes[0].ZoneID == "" || want.AccessPoints[0].ResidenceID == "" || len(there.Residences) != 2 {
		t.Error("the references are empty")
	}
	for _, id := range []string{want.Plans[0].ID, want.NASes[0].ID, want.AccessPoints[0].ID} {
		if len(id) != 36 {
			t.Errorf("id %q", id)
		}
	}
}

// What happens to a NAS while it runs is not undone by its file.
func TestNASStays(t *testing.T) {
	there := base(t)
	n := &there.NASes[0]
	if n.Signature != directory.SignatureAuto || len(n.Secret.Reveal()) < 26 {
		t.Fatalf("%+v", n)
	}
	n.Signature = directory.SignatureYes
	n.OldSecret, n.OldSecretUntil, n.OldSecretUsed = directory.NewSecret("the one before"), testNow.Add(time.Hour), testNow
	if i := must(t, there, readBase(t)); !i.Nothing() {
		t.Errorf("changed: %v", i.Changes)
	}
	i := must(t, there, strings.ReplaceAll(readBase(t), "192.0.2.1", "192.0.2.2"))
	got := i.Write.NASes[0]
	if !got.OldSecretUntil.Equal(n.OldSecretUntil) || !got.OldSecretUsed.Equal(testNow) || !got.OldSecret.IsZero() || got.Signature != directory.SignatureYes {
		t.Errorf("%+v", got)
	}
	// A file that still holds the secret from before would undo the change.
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("the one before"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(readBase(t), `identifier = "quai"`, `identifier = "quai"`+"\nsecret_file = \""+secret+`"`)
	if _, problems := read("x.toml", text, there, testNow); len(problems) != 1 || !strings.Contains(problems[0].Text, "before the last change") {
		t.Errorf("got %v", problems)
	}
}

// A tariff that was put right is not asked for under its old price.
func TestTariffThatWasPutRight(t *testing.T) {
	there := base(t)
	old := there.Tariffs[0]
	right := old
	right.ID, right.Price, right.Reference, right.AddedAt = "right", 118, "D 2", testNow
	there.Tariffs = append(there.Tariffs, right)
	_, problems := read("x.toml", readBase(t), there, testNow)
	if len(problems) != 1 || !strings.Contains(problems[0].Text, `put right since by 1.18 € (reference "D 2")`) {
		t.Errorf("got %v", problems)
	}
	text := strings.NewReplacer(`"1.19"`, `"1.18"`, `"D 1"`, `"D 2"`).Replace(readBase(t))
	if i := must(t, there, text); !i.Nothing() {
		t.Errorf("changed: %v", i.Changes)
	}
	there.Tariffs = []billing.Tariff{right, old} // an order in which the old one came last
	if i := must(t, there, readBase(t)); !i.Nothing() {
		t.Errorf("changed: %v", i.Changes)
	}
}

func TestLists(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("d.csv", "\ufeffref;residence;operator;door;from;until\r\nL8;les pins;Logis;\"Hall; A\";2020-01-01;\r\nL9;Les Pins;Habitat;;;\r\n")
	write("l.csv", "dwelling;ref;from;until\nL8;B8;2020-01-01;2021-01-01\nL8;B9;2021-01-01;\n")
	there := base(t)
	path := filepath.Join(dir, "x.toml")
	i, problems := read(path, "\ufeffdwellings_csv = \"d.csv\"\r\nleases_csv = \"l.csv\"\r\n", there, testNow)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	if len(i.Write.Dwellings) != 2 || len(i.Write.Leases) != 2 || len(i.Letters) != 2 {
		t.Fatalf("%+v", i)
	}
	d, l := i.Write.Dwellings[0], i.Letters[0]
	if d.Door != "Hall; A" || d.Stock.From.String() != "2020-01-01" || d.ResidenceID != there.Residences[1].ID ||
		l.Operator != "Logis" || l.Residence != "Les Pins" || l.Dwelling != "L8" || l.Login != d.Login || l.Password != d.Password {
		t.Errorf("%+v, %+v", d, l)
	}
	// Two operators have a dwelling L1: the one that the file describes is meant.
	write("l.csv", "dwelling;ref;from;until\nL1;B9;2020-01-01;\n")
	i, problems = read(path, "leases_csv = \"l.csv\"\n[[dwelling]]\noperator = \"Logis\"\nresidence = \"Les Pins\"\nref = \"L1\"\n", there, testNow)
	if problems.Err() != nil || len(i.Write.Leases) != 1 || i.Write.Leases[0].DwellingID != there.Dwellings[1].ID {
		t.Errorf("%v, %+v", problems, i.Write)
	}
}

func TestCredentials(t *testing.T) {
	i, problems := Read("testdata/base.toml", store.Commune{}, testNow)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	if len(i.Letters) != 3 || len(i.Secrets) != 1 || i.Secrets[0].NAS != "Quai" || i.Secrets[0].Secret != i.Write.NASes[0].Secret {
		t.Fatalf("%d letters, %+v", len(i.Letters), i.Secrets)
	}
	seen := map[string]bool{}
	for n, l := range i.Letters {
		password := l.Password.Reveal()
		if len(strings.ReplaceAll(password, "-", "")) < 20 || strings.Trim(password, alphabet+"-") != "" || seen[password] || seen[l.Login] {
			t.Errorf("letter %d: %s with %d characters", n, l.Login, len(password))
		}
		seen[password], seen[l.Login] = true, true
	}
	if i.Letters[0].Login != "pins-1" { // of one's own choice, with a password that is made
		t.Errorf("login %s", i.Letters[0].Login)
	}
	counts := map[rune]int{}
	for _, r := range random(31 * 1000) {
		counts[r]++
	}
	for _, r := range alphabet {
		if counts[r] < 800 || counts[r] > 1200 { // 6 standard deviations
			t.Errorf("%c is there %d times of 31000", r, counts[r])
		}
	}
}

func TestBounds(t *testing.T) {
	text := strings.Repeat("[[zone]]\nplan = \"Vile\"\n", 1000)
	_, problems := read("x.toml", text, base(t), testNow)
	if len(problems) != maxProblems+1 || !strings.HasPrefix(problems[maxProblems].Text, "and ") {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
	if _, problems := Read("testdata", store.Commune{}, testNow); len(problems) != 1 || problems[0].String() != "testdata: it is not a file" {
		t.Errorf("got %v", problems)
	}
	if _, problems := Read("testdata/nowhere", store.Commune{}, testNow); len(problems) != 1 || problems[0].String() != "testdata/nowhere: the file does not exist" {
		t.Errorf("got %v", problems)
	}
	large := filepath.Join(t.TempDir(), "x.toml")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems := Read(large, store.Commune{}, testNow); len(problems) != 1 || problems[0].Text != "the file is longer than 8192 KiB" {
		t.Errorf("got %v", problems)
	}
}

// Whatever is read: it ends, problems stand in order and on lines of the file,
// and what is written gives nothing to write when it is there.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.toml")
	for _, file := range append(files, "../../../deploy/commune.toml") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "dwelling;ref;from;until\nL1;B7;2020-01-01;2021-01-01\n")
	}
	there := base(f)
	f.Fuzz(func(t *testing.T, text, list string) {
		if strings.Contains(text, "/") {
			t.Skip("would read files of this machine")
		}
		i, problems := read("nowhere/x.toml", text, there, testNow)
		rd := newReader("x.toml", there, testNow)
		rows := rd.csvRows("x.csv", list, "lease", leaseColumns())
		for _, r := range rows {
			rd.lease(r)
		}
		for _, p := range slices.Concat(problems, rd.problems) {
			if p.File == "" || p.Text == "" || p.Line < 0 || p.Line > max(strings.Count(text, "\n"), strings.Count(list, "\n"))+1 {
				t.Errorf("problem %+v", p)
			}
		}
		if len(problems) > 0 {
			if !i.Nothing() {
				t.Error("there are problems, and something to write")
			}
			return
		}
		again, problems := read("nowhere/x.toml", text, merged(there, i.Write), testNow)
		if len(problems) > 0 || !again.Nothing() {
			t.Errorf("the second time: %v, %v", problems, again.Changes)
		}
	})
}
