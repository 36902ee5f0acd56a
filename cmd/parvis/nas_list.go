package main

import (
	"context"
	"time"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// nasRow is a RADIUS client as a program sees it.
type nasRow struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	Address        string     `json:"address"`
	TLSName        string     `json:"tls_name"`
	Dialect        string     `json:"dialect"`
	Identifier     string     `json:"identifier"`
	Gateway        string     `json:"gateway"`
	CoAPort        uint16     `json:"coa_port"`
	Signature      string     `json:"signature"`
	OldSecretUntil *time.Time `json:"old_secret_until"`
	OldSecretUsed  *time.Time `json:"old_secret_used"`
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
		list := []nasRow{}
		lines := [][]string{{"NAME", "ADDRESS", "DIALECT", "IDENTIFIER", "GATEWAY", "SIGNATURE", "OLD SECRET"}}
		for _, n := range catalog.NASes {
			row := nasRow{
				ID: n.ID, Name: n.Name, TLSName: n.TLSName, Dialect: n.Dialect, Identifier: n.Identifier,
				Gateway: n.Gateway, CoAPort: n.DynAuthPort, Signature: string(n.Signature),
			}
			if n.Prefix.IsValid() {
				row.Address = n.Prefix.String()
			}
			if !n.OldSecretUntil.IsZero() {
				row.OldSecretUntil = &n.OldSecretUntil
			}
			if !n.OldSecretUsed.IsZero() {
				row.OldSecretUsed = &n.OldSecretUsed
			}
			list = append(list, row)
			lines = append(lines, []string{
				n.Name, cameFrom(n), n.Dialect, n.Identifier, n.Gateway, signaturePosture(n), oldSecretPosture(n, a.now()),
			})
		}
		if *asJSON {
			return writeJSON(a.stdout, list)
		}
		return table(a.stdout, lines)
	})
}

// signaturePosture says in words how open a NAS is to CVE-2024-3596.
func signaturePosture(n directory.NAS) string {
	switch n.Signature {
	case directory.SignatureNo:
		return "NO: not required"
	case directory.SignatureAuto:
		return "AUTO: not required yet"
	}
	return "required"
}

// oldSecretPosture says whether a NAS still has its new secret to get.
func oldSecretPosture(n directory.NAS, now time.Time) string {
	switch {
	case n.OldSecretUntil.IsZero():
		return ""
	case !now.Before(n.OldSecretUntil):
		return "expired"
	case n.OldSecretUsed.IsZero():
		return "not used, valid until " + n.OldSecretUntil.Format(time.DateTime)
	}
	return "STILL USED at " + n.OldSecretUsed.Format(time.DateTime) + ", valid until " + n.OldSecretUntil.Format(time.DateTime)
}
