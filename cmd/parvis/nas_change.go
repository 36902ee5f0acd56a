package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// nasChange changes what is said of a RADIUS client, but never its shared
// secret: that is nasRotate's, which leaves time to bring it to the NAS.
func (a *app) nasChange(ctx context.Context, args []string) error {
	f := a.flags("nas change", "--nas N (--config F | --dir D) [flags]")
	var from source
	from.flags(f)
	name := f.String("nas", "", "which `NAS`: name or id")
	fields := nasFields(f)
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		n, err := findNAS(ctx, db, *name)
		if err != nil {
			return err
		}
		if err := fields.apply(ctx, db, f, &n); err != nil {
			return err
		}
		if err := db.PutNAS(ctx, n); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "nas.change", n.ID, n.Name+" "+cameFrom(n)); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s is changed.\n", n.Name)
		return nil
	})
}

// nasRotate makes a new shared secret; the old one stays valid for a time.
func (a *app) nasRotate(ctx context.Context, args []string) error {
	f := a.flags("nas rotate", "--nas N (--config F | --dir D) [--keep 7d] [--json]")
	var from source
	from.flags(f)
	name := f.String("nas", "", "which `NAS`: name or id")
	keep := f.String("keep", "7d", "for how `long` the old secret stays valid: 36h, 7d; 0 ends it at once")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	stay, err := parseDays(*keep)
	if err != nil {
		return usagef("nas rotate: --keep: %w", err)
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		n, err := findNAS(ctx, db, *name)
		if err != nil {
			return err
		}
		now := a.now()
		if stay > 0 && now.Before(n.OldSecretUntil) {
			return usagef("nas rotate: %s is in a change already: its old secret is valid until %s; --keep 0 ends that one and the present one now",
				n.Name, n.OldSecretUntil.Format(time.DateTime))
		}
		if n.Secret.IsZero() && stay > 0 {
			return usagef("nas rotate: %s has no secret to keep: it comes by TLS", n.Name)
		}
		n.OldSecret, n.OldSecretUntil = directory.Secret{}, time.Time{}
		if stay > 0 {
			n.OldSecret, n.OldSecretUntil = n.Secret, now.Add(stay)
		}
		n.OldSecretUsed = time.Time{}
		n.Secret = directory.NewSecret(rand.Text()) // 130 random bits
		if err := db.PutNAS(ctx, n); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "nas.rotate", n.ID, n.Name); err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(a.stdout, map[string]any{
				"id": n.ID, "name": n.Name, "secret": n.Secret.Reveal(), "old_secret_until": n.OldSecretUntil,
			})
		}
		fmt.Fprintf(a.stdout, "The new shared secret of %s, shown only this once: %s\n", n.Name, n.Secret.Reveal())
		if stay > 0 {
			fmt.Fprintf(a.stdout, "The old one stays valid until %s; parvis nas list tells whether it is still used.\n",
				n.OldSecretUntil.Format(time.DateTime))
		}
		return nil
	})
}

func (a *app) nasRemove(ctx context.Context, args []string) error {
	f := a.flags("nas remove", "--nas N (--config F | --dir D)")
	var from source
	from.flags(f)
	name := f.String("nas", "", "which `NAS`: name or id")
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		n, err := findNAS(ctx, db, *name)
		if err != nil {
			return err
		}
		if _, err := db.RemoveNAS(ctx, n.ID); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "nas.remove", n.ID, n.Name+" "+cameFrom(n)); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s is no RADIUS client any more. Its access points stay, behind no NAS.\n", n.Name)
		return nil
	})
}

// maxKeep is how long an old secret may stay valid: a change that takes longer
// has been forgotten.
const maxKeep = 90 * 24 * time.Hour

// parseDays reads a duration that may be in days: 7d, 36h, 0.
func parseDays(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, -1), 1000)) * 24 * time.Hour
	}
	if err != nil || d < 0 || d > maxKeep {
		return 0, fmt.Errorf("%q is not a time from 0 to 90d, such as 7d or 36h", s)
	}
	return d, nil
}
