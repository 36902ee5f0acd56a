package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"strings"

	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/radius/dialect"
)

// nasFlags are the flags that say something of a RADIUS client; each changes
// one field, and a flag that was not given changes nothing.
type nasFlags map[string]func(ctx context.Context, db *store.Store, n *directory.NAS, value string) error

// nasFields adds the flags to f.
func nasFields(f *flag.FlagSet) nasFlags {
	text := func(field func(*directory.NAS) *string) func(context.Context, *store.Store, *directory.NAS, string) error {
		return func(_ context.Context, _ *store.Store, n *directory.NAS, value string) error {
			*field(n) = value
			return nil
		}
	}
	secret := func(field func(*directory.NAS) *directory.Secret) func(context.Context, *store.Store, *directory.NAS, string) error {
		return func(_ context.Context, _ *store.Store, n *directory.NAS, path string) (err error) {
			*field(n), err = secretFrom(path)
			return err
		}
	}
	f.String("name", "", "`name` for people")
	f.String("address", "", "`address` or range (192.0.2.0/24) that its packets come from")
	f.String("tls-name", "", "`name` in its certificate for RADIUS over TLS: a DNS name, or sha256:<fingerprint>")
	f.String("dialect", "", "`family`, generic when not said: "+strings.Join(dialect.Names(), ", "))
	f.String("signature", "", "must it sign its requests (CVE-2024-3596)? `yes` when not said, auto (yes from its first signed one on) or no")
	f.String("identifier", "", "NAS-`Identifier` that it sends")
	f.String("zone", "", "`zone` of its devices where no access point says better: name or id")
	f.String("gateway", "", "how it hands a browser over: coova, generic or nothing")
	f.String("login-url", "", "`URL` that a browser goes back to (gateway generic)")
	f.String("gateway-secret-file", "", "`file` with the gateway's own secret (uamsecret)")
	f.String("mac-password-file", "", "`file` with the shared password that it gives in MAC authentication")
	f.Uint("coa-port", 0, "`port` where it takes CoA and Disconnect requests; 0 is the usual one of its family")
	return nasFlags{
		"name": func(_ context.Context, _ *store.Store, n *directory.NAS, value string) (err error) {
			n.Name, err = directory.ParseName("name", value)
			return err
		},
		"address": func(_ context.Context, _ *store.Store, n *directory.NAS, value string) (err error) {
			n.Prefix, err = netip.Prefix{}, nil
			if value != "" {
				n.Prefix, err = parsePrefix(value)
			}
			return err
		},
		"tls-name": func(_ context.Context, _ *store.Store, n *directory.NAS, value string) error {
			n.TLSName = strings.ToLower(value)
			return nil
		},
		"dialect": func(_ context.Context, _ *store.Store, n *directory.NAS, value string) error {
			d, ok := dialect.For(value)
			if !ok {
				return fmt.Errorf("there is no %q: use %s", value, strings.Join(dialect.Names(), ", "))
			}
			n.Dialect = d.Name()
			return nil
		},
		"signature": func(_ context.Context, _ *store.Store, n *directory.NAS, value string) error {
			n.Signature = directory.Signature(value)
			return nil
		},
		"identifier": text(func(n *directory.NAS) *string { return &n.Identifier }),
		"zone": func(ctx context.Context, db *store.Store, n *directory.NAS, value string) (err error) {
			n.ZoneID, err = findZone(ctx, db, value)
			return err
		},
		"gateway":             text(func(n *directory.NAS) *string { return &n.Gateway }),
		"login-url":           text(func(n *directory.NAS) *string { return &n.LoginURL }),
		"gateway-secret-file": secret(func(n *directory.NAS) *directory.Secret { return &n.GatewaySecret }),
		"mac-password-file":   secret(func(n *directory.NAS) *directory.Secret { return &n.MACPassword }),
		"coa-port": func(_ context.Context, _ *store.Store, n *directory.NAS, value string) error {
			var port uint16
			if _, err := fmt.Sscan(value, &port); err != nil {
				return fmt.Errorf("%s is not a port: use 1 to 65535, or 0", value)
			}
			n.DynAuthPort = port
			return nil
		},
	}
}

// apply writes the flags that were given into n, and checks the whole.
func (fields nasFlags) apply(ctx context.Context, db *store.Store, f *flag.FlagSet, n *directory.NAS) error {
	var failed error
	f.Visit(func(given *flag.Flag) {
		set := fields[given.Name]
		if set == nil || failed != nil {
			return
		}
		if err := set(ctx, db, n, given.Value.String()); err != nil {
			failed = usagef("%s: --%s: %w", f.Name(), given.Name, err)
		}
	})
	if failed != nil {
		return failed
	}
	if err := n.Validate(); err != nil {
		return usagef("%s: %w", f.Name(), err)
	}
	return nil
}

// cameFrom is how a RADIUS client is known: its address, else its certificate.
func cameFrom(n directory.NAS) string {
	if n.Prefix.IsValid() {
		return n.Prefix.String()
	}
	return "TLS " + n.TLSName
}

// findNAS accepts an id, or a name in any case.
func findNAS(ctx context.Context, db *store.Store, name string) (directory.NAS, error) {
	catalog, err := db.Catalog(ctx)
	if err != nil {
		return directory.NAS{}, err
	}
	var found []directory.NAS
	for _, n := range catalog.NASes {
		if n.ID == name {
			return n, nil
		}
		if strings.EqualFold(n.Name, name) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return directory.NAS{}, usagef("there is no NAS %q: parvis nas list shows them", name)
	case 1:
		return found[0], nil
	}
	return directory.NAS{}, usagef("%d NASes are called %q: say the id, which parvis nas list --json shows", len(found), name)
}
