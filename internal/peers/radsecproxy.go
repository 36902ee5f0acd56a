package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Radsecproxy starts a radsecproxy for this test with config, whose blocks say
// where it forwards to, and returns the address, "127.0.0.1:port", on which it
// takes RADIUS over UDP.
func Radsecproxy(t testing.TB, config string) string {
	t.Helper()
	bin := need(t, "radsecproxy", []string{"radsecproxy"}, "/usr/sbin")
	var addr string
	s, err := tries(func() (s *server, err error) {
		s, addr, err = startRadsecproxy(bin, config)
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.stopAfter(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("radsecproxy: %s", s.out)
		}
	})
	return addr
}

func startRadsecproxy(bin, config string) (*server, string, error) {
	dir, err := tempDir("radsecproxy")
	if err != nil {
		return nil, "", err
	}
	port, err := freeUDPPort()
	if err != nil {
		return nil, "", err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	file := filepath.Join(dir, "radsecproxy.conf")
	if err := os.WriteFile(file, []byte("ListenUDP "+addr+"\n"+config), 0o600); err != nil {
		return nil, "", err
	}
	s, err := launch(nil, dir, "TERM", bin, "-f", "-d", "2", "-c", file)
	if err != nil {
		return nil, "", err
	}
	err = s.ready(func(context.Context) error {
		if !strings.Contains(s.out.String(), "listening for udp on "+addr) {
			return fmt.Errorf("it does not listen on %s", addr)
		}
		return nil
	})
	if err != nil {
		return nil, "", errors.Join(err, s.stop())
	}
	return s, addr, nil
}
