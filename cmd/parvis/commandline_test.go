package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/cmd/parvis/demo"
)

// line runs one command line as a person would.
func line(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, now: time.Now}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = a.run(ctx, args)
	return out.String(), errs.String(), code
}

// sampleDir is a demo's directory as it is before the demo serves.
func sampleDir(t *testing.T) string {
	t.Helper()
	anyPort := "127.0.0.1:0"
	d := &demoCommand{
		app: &app{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, now: time.Now},
		dir: t.TempDir(), addresses: map[string]*string{}, gateway: &anyPort, sample: demo.Commune(time.Now()),
	}
	for _, l := range demoFlags {
		d.addresses[l.key] = &anyPort
	}
	err := d.prepareDir()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := d.writeConfig()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.fill(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return d.dir
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What somebody reads who typed something wrong: one sentence that says what to
// do. Exit code 2 tells systemd not to try again.
func TestWrongCommandLines(t *testing.T) {
	sample := sampleDir(t)
	other := t.TempDir()
	write(t, filepath.Join(other, "holiday.txt"), "not a demo")
	short := write(t, filepath.Join(t.TempDir(), "short"), "too short\n")
	for _, c := range []struct {
		args string // SAMPLE, OTHER and SHORT stand for the paths
		code int
		want string // standard error behind "parvis: "
	}{
		{"fly", 2, `there is no command "fly": parvis help lists them`},
		{"serve --fast", 2, `serve: flag provided but not defined: -fast (parvis serve --help lists the flags)`},
		{"serve now", 2, `serve: "now" is not understood (parvis serve --help lists the flags)`},
		{"serve", 2, `say which installation: --config F, or --dir D for a demo's directory`},
		{"check", 2, `check: say which file: --config F`},
		{"migrate", 2, `migrate: say which installation: --config F`},
		{"bill", 2, `parvis bill wants one of: approve, export, issue, preview, verify`},
		{"card", 2, `parvis card wants one of: add`},
		{"bill preview --dir SAMPLE --month 2026-10", 2, `bill preview: say which operator: --operator O`},
		{"bill preview --dir SAMPLE --operator O", 2, `bill preview: say which month: --month 2026-10`},
		{"bill preview --dir SAMPLE --config F --operator O --month 2026-10", 2, `give --config or --dir, not both`},
		{"bill preview --dir SAMPLE --operator nobody --month 2026-10", 2, `there is no operator "nobody": there are "Habitat Littoral", "Logis du Pays"`},
		{"bill preview --dir SAMPLE --operator Habitat_Littoral --month 2026-10 --by nobody", 2, `--by: there is no console user "nobody"`},
		{"bill preview --dir SAMPLE --operator Habitat_Littoral --month 2026-10 --by reseau", 2, `--by: the user "reseau" may not charge Habitat Littoral: an administrator or one of its own users may`},
		{"bill export --dir SAMPLE --operator Habitat_Littoral --month 2001-01", 1, `nothing was issued for Habitat Littoral, 2001-01 yet: there is no charges file`},
		{"demo --portal 192.0.2.1:80", 2, `demo: --portal: 192.0.2.1:80 is not on loopback: a demo, whose passwords everybody knows, listens on 127.0.0.1 only`},
		{"demo --gateway 0.0.0.0:3990", 2, `demo: --gateway: 0.0.0.0:3990 is not on loopback: a demo, whose passwords everybody knows, listens on 127.0.0.1 only`},
		{"demo --metrics here", 2, `demo: --metrics: "here" is not an address with a port, for example 127.0.0.1:8080`},
		{"demo --for -5s", 2, `demo: --for is a time such as 60s`},
		{"demo --dir OTHER", 2, `demo: --dir: OTHER holds something else than a demo: name an empty directory`},
		{"card add --dir SAMPLE", 2, `card add: say which zone: --zone Z`},
		{"card add --dir SAMPLE --zone Port --count 0", 2, `card add: --count is 1 to 1000`},
		{"card add --dir SAMPLE --zone moon", 2, `there is no zone "moon": there are "Jardin public", "Médiathèque", "Place du Marché", "Port"`},
		{"user add --dir SAMPLE --name x --role king", 2, ``},
		{"user add --dir SAMPLE --name x --role operator", 2, `user add: --operator goes with the role operator, and only with it`},
		{"user add --dir SAMPLE --name reseau --role network --password-file SHORT", 2, ``},
	} {
		t.Run(c.args, func(t *testing.T) {
			args := strings.Fields(c.args)
			for i, a := range args {
				a = strings.NewReplacer("SAMPLE", sample, "OTHER", other, "SHORT", short).Replace(a)
				args[i] = strings.ReplaceAll(a, "Habitat_Littoral", "Habitat Littoral")
			}
			stdout, stderr, code := line(t, "", args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			got, ok := strings.CutPrefix(strings.TrimSuffix(stderr, "\n"), "parvis: ")
			got = strings.ReplaceAll(got, other, "OTHER")
			if !ok || strings.Contains(got, "\n") || got == "" || stdout != "" {
				t.Errorf("not one sentence on standard error: %q, %q", stdout, stderr)
			}
			if c.want != "" && got != c.want {
				t.Errorf("it says\n  %s\nwant\n  %s", got, c.want)
			}
		})
	}
	t.Run("month", func(t *testing.T) {
		for _, month := range []string{"2026-13", "october", "2026-1", "26-10", "2026-10-01"} {
			_, stderr, code := line(t, "", "bill", "preview", "--dir", sample, "--operator", "Habitat Littoral", "--month", month)
			if code != 2 || !strings.Contains(stderr, "--month") {
				t.Errorf("%s: exit code %d, %s", month, code, stderr)
			}
		}
	})
}

// A taken port is one sentence that names the flag.
func TestDemoTakenPort(t *testing.T) {
	dir := sampleDir(t) // made once: a demo goes on with what it finds
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	for flag, address := range map[string]string{
		"--radius-auth": udp.LocalAddr().String(), "--radius-acct": udp.LocalAddr().String(),
		"--portal": tcp.Addr().String(), "--console": tcp.Addr().String(), "--metrics": tcp.Addr().String(),
		"--gateway": tcp.Addr().String(),
	} {
		t.Run(flag, func(t *testing.T) {
			args := []string{"demo", "--dir", dir}
			for _, f := range append([]string{"gateway"}, flagNames()...) {
				at := "127.0.0.1:0"
				if "--"+f == flag {
					at = address
				}
				args = append(args, "--"+f, at)
			}
			_, stderr, code := line(t, "", args...)
			want := "parvis: cannot listen on " + address + ": the address is already in use; choose another one with " + flag + "\n"
			if code == 0 || stderr != want {
				t.Errorf("exit code %d\n%s, want\n%s", code, stderr, want)
			}
		})
	}
}

func flagNames() (names []string) {
	for _, l := range demoFlags {
		names = append(names, l.flag)
	}
	return names
}

func TestHelp(t *testing.T) {
	stdout, _, code := line(t, "", "help")
	for _, c := range commands() {
		if code != 0 || !strings.Contains(stdout, "parvis "+c.name+" ") {
			t.Errorf("help says nothing of %s", c.name)
		}
	}
	for _, args := range [][]string{{}, {"--help"}, {"-h"}} {
		if again, _, code := line(t, "", args...); code != 0 || again != stdout {
			t.Errorf("%v: exit code %d, not the help", args, code)
		}
	}
	if stdout, stderr, code := line(t, "", "bill", "preview", "--help"); code != 0 || stderr != "" || !strings.HasPrefix(stdout, "usage: parvis bill preview ") {
		t.Errorf("--help of a command: exit code %d\n%s%s", code, stdout, stderr)
	}
}
