package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis starts an empty redis-server for this test and returns its address,
// "127.0.0.1:port".
func Redis(t testing.TB) string {
	t.Helper()
	bin := need(t, "redis-server", []string{"redis-server"})
	var addr string
	s, err := tries(func() (s *server, err error) {
		s, addr, err = startRedis(bin)
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.stopAfter(t)
	return addr
}

func startRedis(bin string) (*server, string, error) {
	dir, err := tempDir("redis")
	if err != nil {
		return nil, "", err
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	s, err := launch(nil, dir, "TERM", bin, "--bind", "127.0.0.1", "--port", strconv.Itoa(port),
		"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	if err != nil {
		return nil, "", err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	err = s.ready(func(ctx context.Context) error { return redisIn(ctx, addr, dir) })
	if err != nil {
		return nil, "", errors.Join(err, s.stop())
	}
	return s, addr, nil
}

// redisIn asks the Redis at addr for its directory, which tells ours from
// another one that took the port first.
func redisIn(ctx context.Context, addr, dir string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	_, err = io.WriteString(c, "CONFIG GET dir\r\nQUIT\r\n")
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(c, 4096))
	if err != nil {
		return err
	}
	if !strings.Contains(string(answer), dir) {
		return fmt.Errorf("another server answered: %q", answer)
	}
	return nil
}
