package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parvis/cmd/parvis/demo"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/console"
)

const (
	eventually = 30 * time.Second
	soon       = 2 * time.Second // the promise for a change to reach every node
)

// town is an installation that holds the sample commune, for serve: unlike in a
// demo nothing moves there by itself, so that a test can count.
type town struct {
	dir    string
	config string // its file
	demo.Sample
}

var passwordHash = sync.OnceValues(func() (string, error) { return console.HashPassword(demo.Secret) })

// newTown makes one, in an SQLite file.
func newTown(t testing.TB) town {
	t.Helper()
	return newTownWith(t, "", "")
}

// newTownWith appends more to the configuration; with a URL the store is PostgreSQL.
func newTownWith(t testing.TB, url, more string) town {
	t.Helper()
	w := town{dir: t.TempDir()}
	w.config = writeConfig(t, w.dir, url, more)
	_, stderr, code := command(t, "", "migrate", "--config", w.config)
	if code != 0 {
		t.Fatalf("migrate: %s", stderr)
	}
	hash, err := passwordHash()
	if err != nil {
		t.Fatal(err)
	}
	w.Sample = demo.Commune(time.Now())
	w.Complete(loadConfig(t, w.config).Keys.Ticket, hash)
	db := openStore(t, w.config)
	err = db.Import(t.Context(), w.Commune)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// another makes the configuration of one more node of the same installation.
func (w town) another(t testing.TB, url, more string) string {
	t.Helper()
	dir := t.TempDir()
	key, err := os.ReadFile(filepath.Join(w.dir, "parvis.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "parvis.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, dir, url, more)
}

func writeConfig(t testing.TB, dir, url, more string) string {
	t.Helper()
	path := filepath.Join(dir, "parvis.toml")
	if url != "" {
		more += "[store]\nengine = \"postgres\"\nurl_file = \"database.url\"\n"
		err := os.WriteFile(filepath.Join(dir, "database.url"), []byte(url), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`commune = %q
data_dir = "."
key_file = "parvis.key"
[radius]
auth = ["127.0.0.1:0"]
acct = ["127.0.0.1:0"]
[portal]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
[log]
level = "warn"
%s`, demo.CommuneName, more)
	err := os.WriteFile(path, []byte(text), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func loadConfig(t testing.TB, path string) config.Config {
	t.Helper()
	cfg, problems := config.Load(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// openStore opens the database of an installation, beside the program.
func openStore(t testing.TB, configFile string) *store.Store {
	t.Helper()
	cfg := loadConfig(t, configFile)
	db, err := store.Open(t.Context(), store.Options{
		Engine: cfg.Store.Engine, Path: filepath.Join(cfg.DataDir, "parvis.db"), URL: cfg.Store.URL.Reveal(),
		SealKey: cfg.Keys.Seal, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// record is what the store holds of a session; it knows no query for those that
// have ended.
type record struct {
	Stopped bool
	In, Out int64
	Seconds int64
	Cause   int64
	Point   string
}

// sessions reads all sessions of an SQLite store by Acct-Session-Id. It fails
// when one is there twice.
func sessions(t testing.TB, dir string) map[string]record {
	t.Helper()
	return sessionsIn(t, "sqlite", "file:"+filepath.Join(dir, "parvis.db")+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
}

// sessionsIn does so for either engine; the store has brought the drivers.
func sessionsIn(t testing.TB, driver, source string) map[string]record {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), eventually)
	defer cancel()
	rows, err := db.QueryContext(ctx, `SELECT acct_session_id, stopped_at <> 0, bytes_in, bytes_out, seconds, cause, access_point_id FROM session`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]record{}
	for rows.Next() {
		var id string
		var r record
		err := rows.Scan(&id, &r.Stopped, &r.In, &r.Out, &r.Seconds, &r.Cause, &r.Point)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := all[id]; twice {
			t.Errorf("session %s is there twice", id)
		}
		all[id] = r
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// square is the first access point, which stands behind the NAS for trying.
func (w town) square() directory.AccessPoint { return w.AccessPoints[0] }
