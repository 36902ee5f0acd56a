package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parvis/internal/directory"
	"parvis/internal/peers"
	"parvis/radius/client"
)

// freeRADIUSConfig is Debian's radiusd.conf with only what an Access-Request by
// PAP needs: no accounting, no EAP, no log of each request. It lacks what would
// make it slower, has a receive buffer as large as ours, and its thread pool and
// caches are as they come.
const freeRADIUSConfig = `
prefix = /usr
exec_prefix = /usr
sysconfdir = /etc
localstatedir = %[1]s
logdir = %[1]s
raddbdir = %[1]s
run_dir = %[1]s
libdir = /usr/lib/freeradius
pidfile = %[1]s/pid
modconfdir = /etc/freeradius/3.0/mods-config
max_request_time = 30
cleanup_delay = 5
max_requests = 16384
log {
	destination = files
	file = %[1]s/log
}
security {
	max_attributes = 200
	reject_delay = 1
	status_server = yes
}
client loopback {
	ipaddr = 127.0.0.1
	secret = %[2]s
	require_message_authenticator = yes
}
thread pool {
	start_servers = 5
	max_servers = 32
	min_spare_servers = 3
	max_spare_servers = 10
}
instantiate {
	expr
}
modules {
	pap {
	}
	expr {
		safe_characters = "@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_: /"
	}
	%[3]s
}
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = %[4]d
		recv_buff = 4194304
	}
	authorize {
		%[5]s
		pap
	}
	authenticate {
		Auth-Type PAP {
			pap
		}
	}
}
`

// freeRADIUSFiles keeps its users in a file, hence in memory: its fastest way.
func freeRADIUSFiles(b *testing.B) *bencher {
	dir := b.TempDir()
	var users strings.Builder
	for i := range few {
		fmt.Fprintf(&users, "%s Cleartext-Password := %q\n\t%s\n", fmt.Sprintf(benchLogin, i+1), benchPassword, strings.Join(freeRADIUSReply(), ",\n\t"))
	}
	if err := os.WriteFile(filepath.Join(dir, "users"), []byte(users.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return startFreeRADIUS(b, dir, "files", "files {\n\t\tusersfile = "+filepath.Join(dir, "users")+"\n\t}")
}

// freeRADIUSReply is what Parvis answers, as far as another server can know it.
func freeRADIUSReply() []string {
	return []string{
		"Session-Timeout = 43200", "Idle-Timeout = 1800", "Acct-Interim-Interval = 600",
		"Tunnel-Type = VLAN", "Tunnel-Medium-Type = IEEE-802", `Tunnel-Private-Group-Id = "100"`,
		"WISPr-Bandwidth-Max-Down = 20000000", "WISPr-Bandwidth-Max-Up = 5000000", `Class = "0123456789abcdef0123456789abcdef0123456789abcdef"`,
	}
}

// freeRADIUSPostgres keeps the same users in the tables of its own schema, and
// asks for them with its own queries.
func freeRADIUSPostgres(b *testing.B) *bencher {
	database := peers.Postgres(b)
	ctx, cancel := context.WithTimeout(b.Context(), readyWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	const mods = "/etc/freeradius/3.0/mods-config/sql/main/postgresql/"
	schema, err := os.ReadFile(mods + "schema.sql")
	if err != nil {
		b.Fatalf("%v (may this user read FreeRADIUS' files?)", err)
	}
	statements := []string{
		string(schema),
		fmt.Sprintf(`INSERT INTO radcheck (UserName, Attribute, op, Value)
			SELECT 'logement-' || lpad(n::text, 6, '0'), 'Cleartext-Password', ':=', '%s' FROM generate_series(1, %d) n`, benchPassword, few),
	}
	for _, item := range freeRADIUSReply() {
		name, value, _ := strings.Cut(item, " = ")
		statements = append(statements, fmt.Sprintf(`INSERT INTO radreply (UserName, Attribute, op, Value)
			SELECT 'logement-' || lpad(n::text, 6, '0'), '%s', '=', '%s' FROM generate_series(1, %d) n`, name, strings.Trim(value, `"`), few))
	}
	for _, s := range append(statements, "ANALYZE") {
		if _, err := conn.Exec(ctx, s); err != nil {
			b.Fatal(err)
		}
	}
	u, err := url.Parse(database)
	if err != nil {
		b.Fatal(err)
	}
	return startFreeRADIUS(b, b.TempDir(), "sql", fmt.Sprintf(`sql {
		driver = "rlm_sql_postgresql"
		dialect = "postgresql"
		server = %q
		port = %s
		login = %q
		radius_db = %q
		authcheck_table = "radcheck"
		authreply_table = "radreply"
		groupcheck_table = "radgroupcheck"
		groupreply_table = "radgroupreply"
		usergroup_table = "radusergroup"
		acct_table1 = "radacct"
		acct_table2 = "radacct"
		postauth_table = "radpostauth"
		client_table = "nas"
		group_attribute = "SQL-Group"
		pool {
			start = 5
			min = 3
			max = 32
			spare = 10
			uses = 0
			lifetime = 0
			idle_timeout = 60
		}
		$INCLUDE %squeries.conf
	}`, u.Hostname(), u.Port(), u.User.Username(), strings.Trim(u.Path, "/"), mods))
}

// startFreeRADIUS runs it with one module that knows the users.
func startFreeRADIUS(b *testing.B, dir, module, configuration string) *bencher {
	b.Helper()
	const program = "/usr/sbin/freeradius"
	if _, err := os.Stat(program); err != nil {
		b.Fatal("FreeRADIUS is not installed: tools/peers.sh bench")
	}
	port := peers.FreeUDPPort(b)
	text := fmt.Sprintf(freeRADIUSConfig, dir, benchSecret, configuration, port, module)
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "radiusd.conf"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "dictionary"), []byte("$INCLUDE /usr/share/freeradius/dictionary\n"), 0o600))
	if err != nil {
		b.Fatal(err)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", guard, "guard", program, "-f", "-d", dir, "-n", "radiusd")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := errors.Join(cmd.Start(), theirs.Close()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		fmt.Fprintln(ours) // sends the watch home
		ours.Close()
	})
	auth := net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
	c, err := client.New(client.Options{
		Server: auth, Secret: directory.NewSecret(benchSecret), Timeout: 100 * time.Millisecond, Retries: 100, Unsigned: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Exchange(b.Context(), client.Status()); err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "log"))
		b.Fatalf("FreeRADIUS with %s: %v\n%s", module, err, said)
	}
	return &bencher{auth: auth, pid: cmd.Process.Pid, ready: time.Since(began)}
}
