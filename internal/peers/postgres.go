package peers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is the server of this test binary: initdb takes a second or two, a
// database in a running server some milliseconds. Its guard ends it with the
// process, so nobody has to know which test is the last.
var postgres = sync.OnceValues(startPostgres)

// Postgres returns the URL of a new, empty database. Its server is shared by the
// tests of the binary; it does not fsync, and trusts loopback.
func Postgres(t testing.TB) string {
	t.Helper()
	need(t, "postgresql", []string{"initdb"}, "/usr/lib/postgresql/*/bin")
	port, err := postgres()
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text()[:12])
	err = execPostgres(t.Context(), postgresURL(port, "postgres"), "CREATE DATABASE "+name+" TEMPLATE template0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		// FORCE: a connection that the test forgot must not keep the database.
		err := execPostgres(ctx, postgresURL(port, "postgres"), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		if err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return postgresURL(port, name)
}

// startPostgres returns the port of the server that it started.
func startPostgres() (int, error) {
	bin := filepath.Dir(find([]string{"initdb"}, []string{"/usr/lib/postgresql/*/bin"}))
	var port int
	_, err := tries(func() (s *server, err error) {
		port, err = freePort()
		if err != nil {
			return nil, err
		}
		return startPostgresOn(bin, port)
	})
	return port, err
}

func startPostgresOn(bin string, port int) (*server, error) {
	dir, err := tempDir("postgres")
	if err != nil {
		return nil, err
	}
	cred, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if cred != nil {
		err = os.Chown(dir, int(cred.Uid), int(cred.Gid))
		if err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata="+data, "--username=parvis",
		"--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setsid: true}
	out, err := initdb.CombinedOutput()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	s, err := launch(cred, dir, "QUIT", filepath.Join(bin, "postgres"), "-D", data,
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port), "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB")
	if err != nil {
		return nil, err
	}
	err = s.ready(func(ctx context.Context) error { return postgresIn(ctx, postgresURL(port, "postgres"), data) })
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func postgresURL(port int, database string) string {
	return fmt.Sprintf("postgres://parvis@127.0.0.1:%d/%s?sslmode=disable", port, database)
}

// unprivileged returns whom PostgreSQL runs as: it refuses root. Nil means us.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("a user that is not root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// postgresIn asks the server at url for its directory, which tells ours from
// another one that took the port first.
func postgresIn(ctx context.Context, url, data string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var got string
	err = c.QueryRow(ctx, "SHOW data_directory").Scan(&got)
	if err != nil {
		return err
	}
	if got != data {
		return fmt.Errorf("another server answered, in %s", got)
	}
	return nil
}

func execPostgres(ctx context.Context, url, sql string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, sql)
	return err
}
