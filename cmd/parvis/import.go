package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"parvis/cmd/parvis/commune"
	"parvis/internal/config"
	"parvis/internal/store"
)

// importCommand writes into the database what a file says of the commune.
type importCommand struct {
	app           *app
	file, letters string
	dryRun, json  bool
}

func (a *app) importCommune(ctx context.Context, args []string) error {
	f := a.flags("import", "--file commune.toml (--config F | --dir D) [--letters F] [--dry-run] [--json]")
	c := importCommand{app: a}
	var from source
	from.flags(f)
	f.StringVar(&c.file, "file", "", "`file` that describes the commune (deploy/commune.toml shows every key)")
	f.StringVar(&c.letters, "letters", "", "`file` to make with the login and password of each dwelling that gets one, to print letters from")
	f.BoolVar(&c.dryRun, "dry-run", false, "say what would be added and changed, and write nothing")
	f.BoolVar(&c.json, "json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if c.file == "" {
		return usagef("import: say which file: --file commune.toml")
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error { return c.run(ctx, db) })
}

func (c importCommand) run(ctx context.Context, db *store.Store) error {
	there, err := db.Whole(ctx)
	if err != nil {
		return err
	}
	todo, problems := commune.Read(c.file, there, c.app.now())
	if len(problems) > 0 {
		return c.refuse(problems)
	}
	if !c.dryRun && !todo.Nothing() {
		written, err := c.write(ctx, db, todo)
		if !written {
			return err
		}
		// The secrets are shown only now, whatever else went wrong.
		return errors.Join(c.print(todo), err)
	}
	return c.print(todo)
}

// refuse says all that is wrong, as check does of a configuration.
func (c importCommand) refuse(problems config.Problems) error {
	if c.json {
		if err := writeJSON(c.app.stdout, problems); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			fmt.Fprintln(c.app.stderr, p)
		}
	}
	return usagef("import: %s is not in order, and nothing was written", c.file)
}

// write makes the letters first: a letter without its dwelling harms nobody, a
// dwelling without its letter leaves people at the door.
func (c importCommand) write(ctx context.Context, db *store.Store, todo commune.Import) (written bool, err error) {
	var made *letters
	if len(todo.Letters) > 0 {
		if c.letters == "" {
			return false, usagef("import: %d dwellings get a login and a password: say which file they go to: --letters F", len(todo.Letters))
		}
		if made, err = writeLetters(c.letters, todo.Letters); err != nil {
			return false, err
		}
	}
	if err := db.Import(ctx, todo.Write); err != nil {
		return false, errors.Join(err, made.drop())
	}
	return true, errors.Join(made.keep(), c.app.audit(ctx, db, "import", "", auditDetail(c.file, todo.Counts)))
}

// auditDetail is for example "commune.toml: plan 2 added, zone 1 changed".
func auditDetail(file string, counts []commune.Count) string {
	var parts []string
	for _, n := range counts {
		if n.Added > 0 {
			parts = append(parts, n.Noun+" "+strconv.Itoa(n.Added)+" added")
		}
		if n.Changed > 0 {
			parts = append(parts, n.Noun+" "+strconv.Itoa(n.Changed)+" changed")
		}
	}
	return filepath.Base(file) + ": " + strings.Join(parts, ", ")
}

// importRow is a shared secret that was made, for a program.
type importRow struct {
	NAS    string `json:"nas"`
	Secret string `json:"secret"`
}

func (c importCommand) printJSON(todo commune.Import) error {
	out := struct {
		DryRun  bool             `json:"dry_run"`
		Nouns   []commune.Count  `json:"nouns"`
		Changes []commune.Change `json:"changes"`
		Secrets []importRow      `json:"secrets"`
		Letters int              `json:"letters"`
	}{c.dryRun, append([]commune.Count{}, todo.Counts...), append([]commune.Change{}, todo.Changes...), []importRow{}, len(todo.Letters)}
	if !c.dryRun { // those of a dry run are forgotten
		for _, s := range todo.Secrets {
			out.Secrets = append(out.Secrets, importRow{s.NAS, s.Secret.Reveal()})
		}
	}
	return writeJSON(c.app.stdout, out)
}

// shownChanges is how many changes are printed by name; --json has all.
const shownChanges = 50

func (c importCommand) print(todo commune.Import) error {
	if c.json {
		return c.printJSON(todo)
	}
	w := c.app.stdout
	rows := [][]string{{"", "ADDED", "CHANGED", "UNCHANGED"}}
	for _, n := range todo.Counts {
		rows = append(rows, []string{n.Noun, strconv.Itoa(n.Added), strconv.Itoa(n.Changed), strconv.Itoa(n.Unchanged)})
	}
	if err := table(w, rows); err != nil {
		return err
	}
	shown := 0
	for _, change := range todo.Changes {
		if change.Added {
			continue
		}
		if shown++; shown > shownChanges {
			fmt.Fprintln(w, "and more, which --json lists")
			break
		}
		fmt.Fprintf(w, "changed: %s %s\n", change.Noun, change.Name)
	}
	switch {
	case todo.Nothing():
		fmt.Fprintln(w, "Everything is as the file says.")
	case c.dryRun:
		fmt.Fprintf(w, "Nothing was written. %d dwellings would get a login and a password, %d RADIUS clients a shared secret.\n", len(todo.Letters), len(todo.Secrets))
	default:
		c.printSecrets(todo)
	}
	return nil
}

func (c importCommand) printSecrets(todo commune.Import) {
	w := c.app.stdout
	for _, s := range todo.Secrets {
		fmt.Fprintf(w, "The shared secret of %s, shown only this once: %s\n", s.NAS, s.Secret.Reveal())
	}
	if len(todo.Letters) > 0 {
		fmt.Fprintf(w, "The logins and passwords of %d dwellings are in %s: print the letters, then delete it.\n", len(todo.Letters), c.letters)
	}
}
