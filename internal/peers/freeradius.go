package peers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// freeRADIUSPreamble is Debian's radiusd.conf without what a test must say itself.
const freeRADIUSPreamble = `
prefix = /usr
exec_prefix = /usr
sysconfdir = /etc
localstatedir = DIR
logdir = DIR
raddbdir = DIR
run_dir = DIR
libdir = /usr/lib/freeradius
max_request_time = 30
cleanup_delay = 5
max_requests = 4096
security {
	max_attributes = 200
	reject_delay = 0
	status_server = yes
}
thread pool {
	start_servers = 1
}
`

// FreeRADIUS starts a FreeRADIUS for this test with config: its clients,
// modules and virtual servers, in which DIR is a directory that is its own. stop
// ends it before the test does.
func FreeRADIUS(t testing.TB, config string) (stop func()) {
	t.Helper()
	bin := need(t, "freeradius", []string{"freeradius", "radiusd"}, "/usr/sbin")
	dir, err := tempDir("freeradius")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(freeRADIUSPreamble+config, "DIR", dir)
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "radiusd.conf"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "dictionary"), []byte("$INCLUDE /usr/share/freeradius/dictionary\n"), 0o600))
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(dir)))
	}
	s, err := launch(nil, dir, "TERM", bin, "-X", "-d", dir, "-n", "radiusd")
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(dir)))
	}
	s.stopAfter(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("FreeRADIUS: %s", s.out)
		}
	})
	err = s.ready(func(context.Context) error {
		if !strings.Contains(s.out.String(), "Ready to process requests") {
			return errors.New("it is not ready")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}
}
