package peers

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/jackc/pgx/v5"
)

func TestRedis(t *testing.T) {
	addr := Redis(t)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "DBSIZE\r\nSET k v\r\n")
	r := bufio.NewReader(c)
	for _, want := range []string{":0\r\n", "+OK\r\n"} {
		if got, err := r.ReadString('\n'); got != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	if Redis(t) == addr {
		t.Error("the second server is the first")
	}
}

// A device signs in and hostapd tells of it: a Start reaches the accounting server.
func TestHostapd(t *testing.T) {
	acct, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer acct.Close()
	p := Hostapd(t, acct.LocalAddr().String(), "secret")
	acct.SetReadDeadline(time.Now().Add(startWithin))
	b := make([]byte, 4096)
	for {
		n, _, err := acct.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		// Acct-Status-Type Start; before it comes an Accounting-On.
		if b[0] == 4 && strings.Contains(string(b[:n]), "\x28\x06\x00\x00\x00\x01") {
			want := strings.ToUpper(strings.ReplaceAll(p.Device.String(), ":", "-"))
			if !strings.Contains(string(b[:n]), want) {
				t.Errorf("% x does not name the device %s", b[:n], want)
			}
			return
		}
	}
}

func TestPostgres(t *testing.T) {
	start := time.Now()
	a := Postgres(t)
	first := time.Since(start)
	b := Postgres(t)
	t.Logf("first database after %v, second after %v more", first, time.Since(start)-first)
	for _, url := range []string{a, b} {
		c, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		// Fails when the two databases are one.
		if _, err := c.Exec(t.Context(), "CREATE TABLE only_here (n int)"); err != nil {
			t.Error(err)
		}
	}
}

// The database goes with its test, also under a connection that stays open.
func TestPostgresDrops(t *testing.T) {
	var url string
	t.Run("inner", func(t *testing.T) {
		url = Postgres(t)
		if _, err := pgx.Connect(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	})
	if url == "" {
		t.Skip("no PostgreSQL")
	}
	_, err := pgx.Connect(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("the database is still there: %v", err)
	}
}

func TestChromium(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<p id=language>%s</p>", r.Header.Get("Accept-Language"))
	}))
	defer srv.Close()
	for _, c := range []struct {
		name, want string
		options    []ChromiumOption
	}{
		{name: "default", want: "en"},
		{name: "french", want: "fr", options: []ChromiumOption{Language("fr")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := Chromium(t, c.options...)
			err := chromedp.Do(ctx, chromedp.Navigate(srv.URL))
			if err != nil {
				t.Fatal(err)
			}
			got, err := chromedp.Run(ctx, chromedp.Text(chromedp.ID("language")))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("Accept-Language: %q, want %s first", got, c.want)
			}
		})
	}
}

func TestRadclient(t *testing.T) {
	// Nobody answers: the exit code says so.
	args := []string{"-r", "1", "-t", "0.2", fmt.Sprintf("127.0.0.1:%d", FreeUDPPort(t)), "status", "secret"}
	out, code := Radclient(t, args, "Message-Authenticator = 0x00\n")
	if code == 0 || !strings.Contains(out, "Status-Server") && !strings.Contains(out, "reply") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestPromtool(t *testing.T) {
	good := "# HELP parvis_things_total Things.\n# TYPE parvis_things_total counter\nparvis_things_total 1\n"
	if out, code := Promtool(t, []string{"check", "metrics"}, good); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
	bad := "# TYPE things_count counter\nthings_count 1\n"
	if out, code := Promtool(t, []string{"check", "metrics"}, bad); code == 0 || out == "" {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestFreePorts(t *testing.T) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", FreePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", FreeUDPPort(t)))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// outcome records how a test was ended instead of ending it.
type outcome struct {
	testing.TB
	skipped, failed string
}

func (o *outcome) Helper()                   {}
func (o *outcome) Skip(a ...any)             { o.skipped = fmt.Sprint(a...) }
func (o *outcome) Fatalf(f string, a ...any) { o.failed = fmt.Sprintf(f, a...) }

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		peers        string
		skips, fails bool
	}{
		{"", true, false},
		{"all", false, true},
	} {
		t.Run("PARVIS_TEST_PEERS="+c.peers, func(t *testing.T) {
			t.Setenv("PARVIS_TEST_PEERS", c.peers)
			o := &outcome{TB: t}
			need(o, "a-package", []string{"no-such-program"})
			if (o.skipped != "") != c.skips || (o.failed != "") != c.fails {
				t.Errorf("skipped %q, failed %q", o.skipped, o.failed)
			}
			if !strings.Contains(o.skipped+o.failed, "a-package") {
				t.Error("it does not say what to install")
			}
		})
	}
}

// A killed test binary takes its servers and their files along.
func TestGuardOutlivesNobody(t *testing.T) {
	if os.Getenv("PARVIS_PEERS_CHILD") == "1" {
		fmt.Println("redis", Redis(t))
		select {}
	}
	need(t, "redis-server", []string{"redis-server"})
	tmp := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestGuardOutlivesNobody$", "-test.v")
	child.Env = append(os.Environ(), "PARVIS_PEERS_CHILD=1", "TMPDIR="+tmp)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var addr string
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		addr, _ = strings.CutPrefix(lines.Text(), "redis ")
		if !strings.HasPrefix(lines.Text(), "redis ") {
			addr = ""
		}
	}
	if c, err := net.Dial("tcp", addr); err != nil {
		t.Fatalf("the child's server at %q: %v", addr, err)
	} else {
		c.Close()
	}
	child.Process.Kill()
	child.Wait()
	for deadline := time.Now().Add(stopWithin); ; {
		_, err := net.Dial("tcp", addr)
		left, _ := filepath.Glob(filepath.Join(tmp, "parvis-*"))
		if err != nil && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: dial %v, files %v", err, left)
		}
		<-time.After(20 * time.Millisecond)
	}
}
