package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLoadtestCommandLine(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("parvis-demo-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Nobody listens on the discard port; the command must get as far as asking.
	nobody := "--server 127.0.0.1:9 --for 1ms --timeout 1ms --sockets 1 --secret-file " + secret
	for name, tc := range map[string]struct {
		args, want string
		code       int
	}{
		"a server on the internet": {
			args: "--server 192.0.2.1:1812 --devices 1 --secret-file " + secret, code: exitUsage,
			want: "192.0.2.1 is neither this machine nor on a private network: a load test is for a server of one's own",
		},
		"nobody to ask for":        {args: nobody, code: exitUsage, want: "--users and --devices together are 1 to"},
		"a login without a number": {args: nobody + " --users 1 --login-format x --password-file " + secret, code: exitUsage, want: "use one %d"},
		"no password":              {args: nobody + " --users 1", code: exitUsage, want: "--password-file: say which"},
		"no secret":                {args: "--server 127.0.0.1:9 --devices 1", code: exitUsage, want: "--secret-file: say which"},
		"no port":                  {args: "--server 127.0.0.1 --devices 1 --secret-file " + secret, code: exitUsage, want: "is not host:port"},
		"nobody answers":           {args: nobody + " --devices 1", want: "answered   0, 0 a second"},
		"nobody answers, in JSON":  {args: nobody + " --users 2 --json --password-file " + secret, want: `"answered": 0`},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			a := &app{stdout: &out, stderr: &errs, now: time.Now}
			code := a.run(t.Context(), append([]string{"loadtest"}, strings.Fields(tc.args)...))
			if text := out.String() + errs.String(); code != tc.code || !strings.Contains(text, tc.want) {
				t.Errorf("exit code %d, %q; want %d, %q", code, text, tc.code, tc.want)
			}
		})
	}
}
