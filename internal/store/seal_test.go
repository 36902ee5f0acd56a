package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testWrongKey(t *testing.T, o Options) {
	openMigrated(t, o)
	wrong := o
	wrong.SealKey = [32]byte{9}
	_, err := Open(context.Background(), wrong)
	if !errors.Is(err, errSealKey) {
		t.Errorf("open with another key: %v", err)
	}
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open with the right key: %v", err)
	}
	s.Close()
}

// The whole of the raw database is searched: on SQLite the files, on PostgreSQL
// every table as text.
func testNoPlaintext(t *testing.T, o Options) {
	s := openMigrated(t, o)
	must(t, s.Import(t.Context(), sample()))
	var raw []byte
	if o.Engine == SQLite {
		files, err := filepath.Glob(o.Path + "*")
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			raw = append(raw, b...)
		}
	} else {
		for _, table := range []string{"nas", "dwelling", "setting"} {
			must(t, each(t.Context(), s.reader, func(row scanner) error {
				var text string
				err := row.Scan(&text)
				raw = append(raw, text...)
				return err
			}, `SELECT x::text FROM `+table+` x`))
		}
		// BYTEA shows as hexadecimal.
		raw = bytes.ReplaceAll(raw, []byte("706c61696e74657874"), []byte("plaintext"))
	}
	if !bytes.Contains(raw, []byte("logement-0001")) {
		t.Fatal("the search does not see the rows")
	}
	if bytes.Contains(raw, []byte("plaintext")) {
		t.Error("a secret is readable in the database")
	}
}

func testSealedInPlace(t *testing.T, o Options) {
	s := openMigrated(t, o)
	must(t, s.Import(t.Context(), sample()))
	exec(t, s, `UPDATE nas SET secret = (SELECT n.secret FROM nas n WHERE n.id = 'nas-1') WHERE id = 'nas-2'`)
	_, err := s.Catalog(t.Context())
	if err == nil || !strings.Contains(err.Error(), "nas-2") {
		t.Errorf("a sealed value that was moved to another row: %v", err)
	}
}
