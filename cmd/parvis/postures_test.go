package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"parvis/internal/directory"
)

func TestPosturesReachTheStore(t *testing.T) {
	i := newInstallation(t)
	i.run(0, "nas", "add", "--name", "Quai", "--address", "192.0.2.1", "--signature", "auto")
	i.run(0, "nas", "rotate", "--nas", "Quai")
	id := i.nases()[0].ID
	cfg, err := (&source{config: i.config}).load()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	db, err := openStore(t.Context(), cfg, func() time.Time { return i.now }, log)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	p := newPostures(db, func(context.Context) { told++ }, log)
	for range 3 {
		p.Signs(id)
		p.OldSecret(id, i.now)
		p.Signs("gone")
		if err := p.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(p.signs) != 0 || len(p.old) != 0 || told != 1 {
		t.Errorf("left: %v, %v; the others were told %d times", p.signs, p.old, told)
	}
	if got := i.nases()[0]; got.Signature != string(directory.SignatureYes) || got.OldSecretUsed == nil || !got.OldSecretUsed.Equal(i.now) {
		t.Errorf("the list says %+v", got)
	}

	// With the store away it stays noted.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p.Signs(id)
	if err := p.flush(t.Context()); err == nil || !p.signs[id] {
		t.Errorf("flush on a closed store: %v, left %v", err, p.signs)
	}
}
