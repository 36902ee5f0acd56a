package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parvis/internal/directory"
)

const schemaVersion = 1

// AUTOINCREMENT: without it SQLite would hand out the number of the highest
// deleted row again, and the store would take a new event for an old one.
const schema = `
CREATE TABLE node (id TEXT NOT NULL);
CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, arrived BIGINT NOT NULL, body BLOB NOT NULL);
CREATE TABLE rejected (seq BIGINT PRIMARY KEY, arrived BIGINT NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE probe (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
`

// file is the journal's SQLite file. Its write side belongs to the writer
// goroutine alone; the read side may be used by any.
type file struct {
	path     string
	maxPages int64 // 0: no limit
	commit   func(*sql.Tx) error

	write  *sql.DB // nil when it must be opened anew
	insert *sql.Stmt
	read   *sql.DB
}

// row is one encoded event.
type row struct {
	seq     int64
	arrived int64 // Unix milliseconds
	body    []byte
}

// pageSize is SQLite's default.
const pageSize = 4096

func openFile(path string, maxBytes int64, now time.Time) (f *file, node string, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}
	// SQLite gives its -wal and -shm files the mode of the main file: the
	// records are personal data.
	h, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	if err := h.Close(); err != nil {
		return nil, "", err
	}
	f = &file{path: path, commit: (*sql.Tx).Commit}
	if maxBytes > 0 {
		f.maxPages = max(1, maxBytes/pageSize)
	}
	node, err = f.open(now)
	if err != nil {
		return nil, "", errors.Join(err, f.close())
	}
	return f, node, nil
}

func (f *file) open(now time.Time) (node string, err error) {
	if err := f.openWrite(); err != nil {
		return "", err
	}
	if node, err = f.migrate(now); err != nil {
		return "", err
	}
	if err := f.prepare(); err != nil {
		return "", err
	}
	f.read, err = sql.Open("sqlite", f.dsn("_query_only", "1"))
	if err != nil {
		return "", err
	}
	// The read side stays open for the life of the journal. So SQLite never
	// runs recovery of the write-ahead log on a reopening, and the frames of a
	// failed commit can never come to life again.
	f.read.SetMaxOpenConns(1)
	return node, f.read.Ping()
}

func (f *file) dsn(key, value string) string {
	q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	if f.maxPages > 0 {
		q.Add("_pragma", fmt.Sprintf("max_page_count(%d)", f.maxPages))
	}
	q.Set(key, value)
	return (&url.URL{Scheme: "file", Path: f.path, RawQuery: q.Encode()}).String()
}

func (f *file) openWrite() error {
	db, err := sql.Open("sqlite", f.dsn("_txlock", "immediate"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		return errors.Join(err, db.Close())
	}
	f.write = db
	return nil
}

func (f *file) prepare() error {
	stmt, err := f.write.Prepare(`INSERT INTO event (arrived, body) VALUES ($1, $2)`)
	if err != nil {
		return err
	}
	f.insert = stmt
	return nil
}

// migrate makes the tables of a new file, and returns the node id, which is
// made once for each file.
func (f *file) migrate(now time.Time) (node string, err error) {
	var have int
	if err := f.write.QueryRow(`PRAGMA user_version`).Scan(&have); err != nil {
		return "", err
	}
	if have > schemaVersion {
		return "", fmt.Errorf("the journal has version %d, this program knows %d: it was written by a newer Parvis", have, schemaVersion)
	}
	if have == 0 {
		err := f.transact(func(tx *sql.Tx) error {
			if _, err := tx.Exec(schema); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO node (id) VALUES ($1)`, directory.NewID(now)); err != nil {
				return err
			}
			_, err := tx.Exec(fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion))
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return node, f.write.QueryRow(`SELECT id FROM node`).Scan(&node)
}

// given returns the last number that a row of this file was given, also of rows
// that are gone.
func (f *file) given() (seq int64, err error) {
	err = f.read.QueryRow(`SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)`).Scan(&seq)
	return seq, err
}

// rename gives the file a new node id.
func (f *file) rename(now time.Time) (node string, err error) {
	node = directory.NewID(now)
	return node, f.transact(func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE node SET id = $1`, node)
		return err
	})
}

func (f *file) transact(do func(*sql.Tx) error) error {
	tx, err := f.write.Begin()
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return f.commit(tx)
}

// append stores rows in order, in one synced transaction.
func (f *file) append(rows []row) error {
	return f.transact(func(tx *sql.Tx) error {
		stmt := tx.Stmt(f.insert)
		for i := range rows {
			if _, err := stmt.Exec(rows[i].arrived, rows[i].body); err != nil {
				return err
			}
		}
		return nil
	})
}

// trim deletes the rows up to through, keeps the rejected ones aside, drops those
// set aside that arrived before expired (Unix milliseconds), and returns how many
// rows went.
func (f *file) trim(through int64, rejected []rejection, expired int64) (deleted int64, err error) {
	err = f.transact(func(tx *sql.Tx) error {
		if _, err := tx.Exec(`DELETE FROM rejected WHERE arrived < $1`, expired); err != nil {
			return err
		}
		for _, r := range rejected {
			_, err := tx.Exec(`INSERT INTO rejected (seq, arrived, reason, body) VALUES ($1, $2, $3, $4)
				ON CONFLICT (seq) DO NOTHING`, r.seq, r.arrived, r.reason, r.body)
			if err != nil {
				return err
			}
		}
		res, err := tx.Exec(`DELETE FROM event WHERE seq <= $1`, through)
		if err != nil {
			return err
		}
		deleted, err = res.RowsAffected()
		return err
	})
	return deleted, err
}

// batch reads the oldest rows, at most limit. It takes no context: an
// interrupted query would cost the read side its connection, which must stay.
func (f *file) batch(limit int) ([]row, error) {
	res, err := f.read.Query(`SELECT seq, arrived, body FROM event ORDER BY seq LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	defer res.Close()
	var rows []row
	for res.Next() {
		var r row
		if err := res.Scan(&r.seq, &r.arrived, &r.body); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, res.Err()
}

// extent returns how many rows there are and when the oldest arrived (Unix
// milliseconds, 0 when there is none). Rows only ever go from the front, so
// the numbers have no gap and nothing needs to be counted.
func (f *file) extent() (records, oldest int64, err error) {
	err = f.read.QueryRow(`SELECT COALESCE((SELECT max(seq) FROM event) - (SELECT min(seq) FROM event) + 1, 0),
		COALESCE((SELECT arrived FROM event ORDER BY seq LIMIT 1), 0)`).Scan(&records, &oldest)
	return records, oldest, err
}

// settle moves all that is committed from the write-ahead log into the main
// file, synced, and empties the log. After a failed fsync the system may hold
// pages of the log that are not on disk and that no later fsync writes; what
// would be appended behind them would be lost with them.
func (f *file) settle() error {
	var busy, logged, moved int
	if err := f.write.QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("the write-ahead log is in use")
	}
	return nil
}

// probeBytes is the room that must be there before events are accepted again.
const probeBytes = 64 << 10

// probe writes and deletes a block, to see whether there is room.
func (f *file) probe() error {
	err := f.transact(func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT OR REPLACE INTO probe (id, body) VALUES (1, zeroblob($1))`, probeBytes)
		return err
	})
	if err != nil {
		return err
	}
	return f.transact(func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM probe`)
		return err
	})
}

// size returns the octets of the main file and the write-ahead log.
func (f *file) size() int64 {
	var n int64
	for _, suffix := range []string{"", "-wal"} {
		if st, err := os.Stat(f.path + suffix); err == nil {
			n += st.Size()
		}
	}
	return n
}

func (f *file) closeWrite() error {
	if f.write == nil {
		return nil
	}
	err := f.write.Close()
	f.write, f.insert = nil, nil
	return err
}

func (f *file) close() error {
	var err error
	if f.read != nil {
		err = f.read.Close()
	}
	return errors.Join(f.closeWrite(), err)
}

// operationOf says which operation failed, for the metric.
func operationOf(err error) string {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC:
			return opSync
		}
	}
	return opWrite
}
