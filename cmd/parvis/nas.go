package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/radius/dialect"
)

// nas adds, changes and lists RADIUS clients. A server that runs follows at once.
func (a *app) nas(ctx context.Context, args []string) error {
	return subcommand("nas", args, map[string]func([]string) error{
		"add":    func(rest []string) error { return a.nasAdd(ctx, rest) },
		"list":   func(rest []string) error { return a.nasList(ctx, rest) },
		"change": func(rest []string) error { return a.nasChange(ctx, rest) },
		"rotate": func(rest []string) error { return a.nasRotate(ctx, rest) },
		"remove": func(rest []string) error { return a.nasRemove(ctx, rest) },
	})
}

func (a *app) nasAdd(ctx context.Context, args []string) error {
	f := a.flags("nas add", "--name N (--address A | --tls-name T) (--config F | --dir D) [flags]")
	var from source
	from.flags(f)
	fields := nasFields(f)
	secretFile := f.String("secret-file", "", "`file` with the shared secret; without it a strong one is made and printed once")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	n := directory.NAS{ID: directory.NewID(a.now()), Dialect: dialect.Generic().Name(), Signature: directory.SignatureYes}
	var err error
	if n.Secret, err = secretFrom(*secretFile); err != nil {
		return usagef("nas add: --secret-file: %w", err)
	}
	made := *secretFile == ""
	if made {
		n.Secret = directory.NewSecret(rand.Text()) // 130 random bits
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		if err := fields.apply(ctx, db, f, &n); err != nil {
			return err
		}
		if err := db.PutNAS(ctx, n); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "nas.add", n.ID, n.Name+" "+cameFrom(n)); err != nil {
			return err
		}
		out := map[string]string{"id": n.ID, "name": n.Name, "address": cameFrom(n), "dialect": n.Dialect}
		if made {
			out["secret"] = n.Secret.Reveal()
		}
		if *asJSON {
			return writeJSON(a.stdout, out)
		}
		fmt.Fprintf(a.stdout, "%s is a RADIUS client now, from %s.\n", n.Name, cameFrom(n))
		if made {
			fmt.Fprintf(a.stdout, "Its shared secret, shown only this once: %s\n", n.Secret.Reveal())
		}
		return nil
	})
}

// parsePrefix accepts one address or a range.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap().Prefix(addr.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address (192.0.2.1) nor a range (192.0.2.0/24)", s)
	}
	return p.Masked(), nil
}

// secretFrom reads a secret from the first line of a file, because an argument
// is there for every user of the machine to see.
func secretFrom(path string) (directory.Secret, error) {
	if path == "" {
		return directory.Secret{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return directory.Secret{}, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return directory.Secret{}, fmt.Errorf("%s is empty", path)
	}
	return directory.NewSecret(line), nil
}

// findZone accepts an id, or a name in any case that only one has; an empty name
// is no zone.
func findZone(ctx context.Context, db *store.Store, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	catalog, err := db.Catalog(ctx)
	if err != nil {
		return "", err
	}
	var names, found []string
	for _, z := range catalog.Zones {
		if z.ID == name {
			return z.ID, nil
		}
		if strings.EqualFold(z.Name, name) {
			found = append(found, z.ID)
		}
		names = append(names, strconv.Quote(z.Name))
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", usagef("%d zones are called %q: say the id, %s or %s", len(found), name, found[0], found[1])
	}
	return "", usagef("there is no zone %q: there are %s", name, joinSorted(names))
}
