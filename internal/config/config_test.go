package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// installation makes a directory with the files that a configuration may name.
func installation(t testing.TB) string {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("parvis.key", goodKey+"\n", 0o600)
	write("open.key", goodKey, 0o644)
	write("group.key", goodKey, 0o640)
	write("short.key", goodKey[:62], 0o600)
	write("zeros.key", strings.Repeat("00", 32), 0o600)
	write("empty", " \n", 0o600)
	write("postgres.url", "postgres://parvis:s3cret-marker@db.example.fr/parvis\n", 0o600)
	write("text.secret", "s3cret-marker", 0o600)
	write("demo.secret", "parvis-demo\n", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})), 0o644)
	write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), 0o600)
	return dir
}

// load puts text into dir as parvis.toml and loads it.
func load(t testing.TB, dir, text string) (Config, Problems) {
	t.Helper()
	path := filepath.Join(dir, "parvis.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

// Each testdata/bad_*.toml is one way to be wrong; its lines "#= …" are all
// that must be said about it, without the name of the file.
func TestBadFiles(t *testing.T) {
	t.Setenv(credentialsVariable, "")
	files, err := filepath.Glob("testdata/bad_*.toml")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(text)) {
				if golden, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "#= "); ok {
					want = append(want, golden)
				}
			}
			dir := installation(t)
			_, problems := load(t, dir, string(text))
			var got []string
			for _, p := range problems {
				s := strings.TrimPrefix(p.String(), filepath.Join(dir, "parvis.toml")+":")
				got = append(got, strings.TrimSpace(strings.ReplaceAll(s, dir, "DIR")))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if problems.Err() == nil || strings.Contains(problems.Err().Error(), "s3cret-marker") {
				t.Errorf("the error is %v", problems.Err())
			}
		})
	}
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	t.Setenv(credentialsVariable, "")
	dir := installation(t)
	got, problems := load(t, dir, "")
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	want := Defaults()
	want.KeyFile = filepath.Join(dir, "parvis.key")
	want.Keys = got.Keys
	if d := cmp.Diff(want, got, cmp.AllowUnexported(), cmp.Comparer(sameSecret)); d != "" {
		t.Error(d)
	}
	if got.Keys == (Keys{}) || got.Keys.Seal == got.Keys.Ticket {
		t.Error("the keys are not derived")
	}
}

func TestFullFile(t *testing.T) {
	t.Setenv(credentialsVariable, "")
	dir := installation(t)
	got, problems := load(t, dir, `
		commune = " Ville de Brest "
		data_dir = "data"
		store = { engine = "postgres", url_file = "postgres.url" }
		live.engine = "redis"
		live.address = "redis.example.fr:6380"
		live.username = "parvis"
		live.password_file = "text.secret"
		live.db = 3
		live.tls = true
		[radius]
		auth = ["192.0.2.1:1812", "[2001:db8::1]:1812", "127.0.0.1:0"]
		acct = ["192.0.2.1:1813", "127.0.0.1:0"]
		tls = ["192.0.2.1:2083"]
		tls_cert = "cert.pem"
		tls_key = "key.pem"
		tls_client_ca = "cert.pem"
		max_devices = 5000
		[portal]
		listen = "192.0.2.1:443"
		public_url = "https://wifi.example.fr/"
		tls_cert = "cert.pem"
		tls_key = "key.pem"
		[console]
		listen = "192.0.2.2:443"
		behind_tls_proxy = true
		[metrics]
		listen = "192.0.2.1:9812"
		insecure_listen = true
		ap_down_after = "1h30m"
		[log]
		level = "warn"
		format = "json"
	`)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	want := Config{
		Commune: "Ville de Brest", DataDir: filepath.Join(dir, "data"), KeyFile: filepath.Join(dir, "parvis.key"), Keys: got.Keys,
		Store: Store{Engine: EnginePostgres, URLFile: filepath.Join(dir, "postgres.url"), URL: got.Store.URL},
		Live: Live{
			Engine: EngineRedis, Address: "redis.example.fr:6380", Username: "parvis",
			PasswordFile: filepath.Join(dir, "text.secret"), DB: 3, TLS: true, Password: got.Live.Password,
		},
		Radius: Radius{
			Auth: []string{"192.0.2.1:1812", "[2001:db8::1]:1812", "127.0.0.1:0"},
			Acct: []string{"192.0.2.1:1813", "127.0.0.1:0"}, MaxDevices: 5000, Realms: []Realm{},
			TLS: []string{"192.0.2.1:2083"}, TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem"),
			TLSClientCA: filepath.Join(dir, "cert.pem"),
		},
		Portal: Portal{
			Listen: "192.0.2.1:443", PublicURL: "https://wifi.example.fr",
			TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem"),
		},
		Console: Console{Listen: "192.0.2.2:443", BehindTLSProxy: true},
		Metrics: Metrics{Listen: "192.0.2.1:9812", InsecureListen: true, APDownAfter: 90 * time.Minute},
		Log:     Log{Level: "warn", Format: "json"},
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got.Store.URL.Reveal() != "postgres://parvis:s3cret-marker@db.example.fr/parvis" || got.Live.Password.Reveal() != "s3cret-marker" {
		t.Error("the secrets are not read, or not without the space around them")
	}
	if !got.Console.Secure() || (Console{}).Secure() || !(Console{TLSCert: "a"}).Secure() {
		t.Error("Secure is wrong")
	}
}

func TestLoadWithoutFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parvis.toml")
	if _, problems := Load(path); problems.Err() == nil || problems.Err().Error() != path+": the file does not exist" {
		t.Errorf("got %v", problems.Err())
	}
	if _, problems := Load(t.TempDir()); problems.Err() == nil {
		t.Error("a directory is read")
	}
	// Nothing may be made at a default place for a file that was not understood.
	for name, text := range map[string]string{"not TOML": "commune", "in order but for the key": ""} {
		if cfg, _ := load(t, t.TempDir(), text); name == "not TOML" != (cfg.KeyFile == "") || cfg.KeyFile != "" && !filepath.IsAbs(cfg.KeyFile) {
			t.Errorf("%s: the key file is %q", name, cfg.KeyFile)
		}
	}
	if cfg, _ := Load(path); cfg.KeyFile != "" {
		t.Errorf("no file: the key file is %q", cfg.KeyFile)
	}
	_, problems := load(t, t.TempDir(), strings.Repeat("# long\n", maxFile/7+1))
	if len(problems) != 1 || problems[0].Text != "the file is longer than 256 KiB" {
		t.Errorf("got %v", problems)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString("k" + strconv.Itoa(i) + " = 1\n")
	}
	if _, problems := load(t, installation(t), b.String()); len(problems) != maxProblems {
		t.Errorf("%d problems", len(problems))
	}
}

func TestCredentialsDirectory(t *testing.T) {
	dir, given := installation(t), t.TempDir()
	// As systemd leaves it: for root, with an access list for the service.
	key := filepath.Join(given, "parvis.key")
	if err := os.WriteFile(key, []byte(strings.ToUpper(goodKey)), 0o440); err != nil {
		t.Fatal(err)
	}
	t.Setenv(credentialsVariable, given)
	cfg, problems := load(t, dir, "[live]\npassword_file = \"text.secret\"")
	if problems.Err() != nil || cfg.KeyFile != key || cfg.Live.PasswordFile != filepath.Join(dir, "text.secret") {
		t.Errorf("key %s, password %s, %v", cfg.KeyFile, cfg.Live.PasswordFile, problems.Err())
	}
	if err := os.Chmod(key, 0o444); err != nil {
		t.Fatal(err)
	}
	if _, problems := load(t, dir, ""); problems.Err() == nil {
		t.Error("a credential that all can read is taken")
	}
}

func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad_*.toml")
	for _, file := range append(files, "../../deploy/parvis.toml") {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/") {
			t.Skip("would read files of this machine")
		}
		t.Setenv(credentialsVariable, "")
		dir := t.TempDir()
		cfg, problems := load(t, dir, text)
		if problems.Err() == nil {
			t.Errorf("there is no key file, yet no problem: %+v", cfg)
		}
		for i, p := range problems {
			if p.File == "" || p.Text == "" || i > 0 && p.Line < problems[i-1].Line || p.Line > strings.Count(text, "\n")+1 {
				t.Errorf("problem %d of %d: %+v", i, len(problems), p)
			}
		}
		_, again := load(t, dir, text)
		if !reflect.DeepEqual(problems, again) {
			t.Errorf("the second reading says otherwise: %v, %v", problems, again)
		}
	})
}
