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

// nas adds and lists RADIUS clients.
func (a *app) nas(ctx context.Context, args []string) error {
	return subcommand("nas", args, map[string]func([]string) error{
		"add":  func(rest []string) error { return a.nasAdd(ctx, rest) },
		"list": func(rest []string) error { return a.nasList(ctx, rest) },
	})
}

func (a *app) nasAdd(ctx context.Context, args []string) error {
	f := a.flags("nas add", "--name N --address A (--config F | --dir D) [flags]")
	var from source
	from.flags(f)
	var n directory.NAS
	f.StringVar(&n.Name, "name", "", "`name` for people")
	address := f.String("address", "", "`address` or range (192.0.2.0/24) that its packets come from")
	f.StringVar(&n.Dialect, "dialect", "generic", "`family`: "+strings.Join(dialect.Names(), ", "))
	f.StringVar(&n.Identifier, "identifier", "", "NAS-`Identifier` that it sends")
	f.StringVar(&n.Gateway, "gateway", "", "how it hands a browser over: coova, generic or nothing")
	f.StringVar(&n.LoginURL, "login-url", "", "`URL` that a browser goes back to (gateway generic)")
	signature := f.String("signature", "yes", "must it sign its requests (CVE-2024-3596)? `yes`, auto (yes from its first signed one on) or no")
	zone := f.String("zone", "", "`zone` of its devices where no access point says better: name or id")
	secretFile := f.String("secret-file", "", "`file` with the shared secret; without it a strong one is made and printed once")
	gatewayFile := f.String("gateway-secret-file", "", "`file` with the gateway's own secret (uamsecret)")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	n.Signature = directory.Signature(*signature)
	var err error
	if n.Name, err = directory.ParseName("name (--name)", n.Name); err != nil {
		return usagef("nas add: %w", err)
	}
	if n.Prefix, err = parsePrefix(*address); err != nil {
		return usagef("nas add: --address: %w", err)
	}
	if _, ok := dialect.For(n.Dialect); !ok {
		return usagef("nas add: --dialect: there is no %q: use %s", n.Dialect, strings.Join(dialect.Names(), ", "))
	}
	if n.Secret, err = secretFrom(*secretFile); err != nil {
		return usagef("nas add: --secret-file: %w", err)
	}
	made := *secretFile == ""
	if made {
		n.Secret = directory.NewSecret(rand.Text()) // 130 random bits
	}
	if n.GatewaySecret, err = secretFrom(*gatewayFile); err != nil {
		return usagef("nas add: --gateway-secret-file: %w", err)
	}
	n.ID = directory.NewID(a.now())
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		if n.ZoneID, err = findZone(ctx, db, *zone); err != nil {
			return err
		}
		if err := n.Validate(); err != nil {
			return usagef("nas add: %w", err)
		}
		if err := db.PutNAS(ctx, n); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "nas.add", n.ID, n.Name+" "+n.Prefix.String()); err != nil {
			return err
		}
		out := map[string]string{"id": n.ID, "name": n.Name, "address": n.Prefix.String(), "dialect": n.Dialect}
		if made {
			out["secret"] = n.Secret.Reveal()
		}
		if *asJSON {
			return writeJSON(a.stdout, out)
		}
		fmt.Fprintf(a.stdout, "%s is a RADIUS client now, from %s.\n", n.Name, n.Prefix)
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

// findZone accepts an id, or a name in any case; an empty name is no zone.
func findZone(ctx context.Context, db *store.Store, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	catalog, err := db.Catalog(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, z := range catalog.Zones {
		if z.ID == name || strings.EqualFold(z.Name, name) {
			return z.ID, nil
		}
		names = append(names, strconv.Quote(z.Name))
	}
	return "", usagef("there is no zone %q: there are %s", name, joinSorted(names))
}

func (a *app) nasList(ctx context.Context, args []string) error {
	f := a.flags("nas list", "(--config F | --dir D) [--json]")
	var from source
	from.flags(f)
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		catalog, err := db.Catalog(ctx)
		if err != nil {
			return err
		}
		type row struct {
			ID         string `json:"id"`
			Name       string `json:"name"`
			Address    string `json:"address"`
			Dialect    string `json:"dialect"`
			Identifier string `json:"identifier"`
			Gateway    string `json:"gateway"`
			Signature  string `json:"signature"`
		}
		list := []row{}
		lines := [][]string{{"NAME", "ADDRESS", "DIALECT", "IDENTIFIER", "GATEWAY", "SIGNATURE"}}
		for _, n := range catalog.NASes {
			list = append(list, row{n.ID, n.Name, n.Prefix.String(), n.Dialect, n.Identifier, n.Gateway, string(n.Signature)})
			lines = append(lines, []string{n.Name, n.Prefix.String(), n.Dialect, n.Identifier, n.Gateway, string(n.Signature)})
		}
		if *asJSON {
			return writeJSON(a.stdout, list)
		}
		return table(a.stdout, lines)
	})
}
