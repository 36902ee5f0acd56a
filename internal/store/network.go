package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"parvis/internal/directory"
)

// put writes one row and its change in a transaction.
func put[T any](ctx context.Context, s *Store, kind, query, id string, v T, args func(T) ([]any, error)) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		err := putAll(ctx, tx, kind, query, []T{v}, args)
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, kind, id, millis(s.now()))
	})
}

const upsertPlan = `
	INSERT INTO plan (id, name, down_kbps, up_kbps, vlan, device_slots, session_seconds, idle_seconds, interim_seconds,
		quota_bytes, role)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, down_kbps = excluded.down_kbps, up_kbps = excluded.up_kbps,
		vlan = excluded.vlan, device_slots = excluded.device_slots, session_seconds = excluded.session_seconds,
		idle_seconds = excluded.idle_seconds, interim_seconds = excluded.interim_seconds,
		quota_bytes = excluded.quota_bytes, role = excluded.role`

func planArgs(p directory.Plan) ([]any, error) {
	err := p.Validate()
	if err != nil {
		return nil, err
	}
	return []any{
		p.ID, p.Name, p.DownKbps, p.UpKbps, p.VLAN, p.DeviceSlots,
		seconds(p.SessionTime), seconds(p.IdleTime), seconds(p.Interim), int64(p.QuotaBytes), p.Role,
	}, nil
}

// PutPlan writes a plan, new or changed. Times are kept in whole seconds.
func (s *Store) PutPlan(ctx context.Context, p directory.Plan) error {
	return put(ctx, s, "plan", upsertPlan, p.ID, p, planArgs)
}

const upsertZone = `
	INSERT INTO zone (id, name, ssid, plan_id, entry, terms, remember_seconds) VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, ssid = excluded.ssid, plan_id = excluded.plan_id,
		entry = excluded.entry, terms = excluded.terms, remember_seconds = excluded.remember_seconds`

func zoneArgs(z directory.Zone) ([]any, error) {
	err := z.Validate()
	if err != nil {
		return nil, err
	}
	return []any{z.ID, z.Name, z.SSID, z.PlanID, string(z.Entry), z.Terms, seconds(z.Remember)}, nil
}

// PutZone writes a zone, new or changed.
func (s *Store) PutZone(ctx context.Context, z directory.Zone) error {
	return put(ctx, s, "zone", upsertZone, z.ID, z, zoneArgs)
}

// An empty secret keeps the one that is there: who changes a name need not know
// it. So does an old secret that has a last instant, and the password of MAC
// authentication. When the old secret was last used is written by itself.
const upsertNAS = `
	INSERT INTO nas (id, name, prefix, secret, dialect, signature, identifier, zone_id, gateway, gateway_secret, login_url,
		old_secret, old_secret_until_at, old_secret_used_at, tls_name, dynauth_port, mac_password)
	VALUES ($1, $2, $3, $4, $5, $6, $7, NULLIF($8, ''), $9, $10, $11, $12, $13, $14, $15, $16, $17)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, prefix = excluded.prefix,
		secret = CASE WHEN LENGTH(excluded.secret) = 0 THEN nas.secret ELSE excluded.secret END,
		dialect = excluded.dialect, signature = excluded.signature, identifier = excluded.identifier,
		zone_id = excluded.zone_id, gateway = excluded.gateway,
		gateway_secret = CASE WHEN LENGTH(excluded.gateway_secret) = 0 THEN nas.gateway_secret ELSE excluded.gateway_secret END,
		login_url = excluded.login_url,
		old_secret = CASE WHEN LENGTH(excluded.old_secret) = 0 AND excluded.old_secret_until_at <> 0
			THEN nas.old_secret ELSE excluded.old_secret END,
		old_secret_until_at = excluded.old_secret_until_at,
		old_secret_used_at = CASE WHEN excluded.old_secret_until_at = 0 THEN 0
			WHEN excluded.old_secret_until_at <> nas.old_secret_until_at THEN excluded.old_secret_used_at
			WHEN excluded.old_secret_used_at > nas.old_secret_used_at THEN excluded.old_secret_used_at
			ELSE nas.old_secret_used_at END,
		tls_name = excluded.tls_name, dynauth_port = excluded.dynauth_port,
		mac_password = CASE WHEN LENGTH(excluded.mac_password) = 0 THEN nas.mac_password ELSE excluded.mac_password END`

func (s *Store) nasArgs(n directory.NAS) ([]any, error) {
	err := withSecrets(n).Validate()
	if err != nil {
		return nil, err
	}
	prefix, err := prefixText(n)
	if err != nil {
		return nil, fmt.Errorf("NAS %s: %w", n.Name, err)
	}
	return []any{
		n.ID, n.Name, prefix, s.seal("nas.secret", n.ID, n.Secret), n.Dialect,
		string(cmp.Or(n.Signature, directory.SignatureYes)), n.Identifier,
		n.ZoneID, n.Gateway, s.seal("nas.gateway_secret", n.ID, n.GatewaySecret), n.LoginURL,
		s.seal("nas.old_secret", n.ID, n.OldSecret), millis(n.OldSecretUntil), millis(n.OldSecretUsed),
		n.TLSName, n.DynAuthPort, s.seal("nas.mac_password", n.ID, n.MACPassword),
	}, nil
}

// withSecrets is n for Validate, where a secret that is empty stays as it is.
func withSecrets(n directory.NAS) directory.NAS {
	kept := directory.NewSecret("kept as it is")
	for _, s := range []*directory.Secret{&n.Secret, &n.GatewaySecret, &n.OldSecret} {
		if s.IsZero() && (s != &n.OldSecret || !n.OldSecretUntil.IsZero()) {
			*s = kept
		}
	}
	return n
}

// byCertificate begins the prefix column of a NAS that has no address of its
// own. The column must be filled and unique, and so is its certificate's name.
const byCertificate = "tls:"

func prefixText(n directory.NAS) (string, error) {
	if !n.Prefix.IsValid() && n.TLSName != "" {
		return byCertificate + n.TLSName, nil
	}
	prefix, err := plainPrefix(n.Prefix)
	return prefix.String(), err
}

// plainPrefix gives the one spelling of a prefix: IPv4 as such, no host bits.
func plainPrefix(p netip.Prefix) (netip.Prefix, error) {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if !p.IsValid() {
		return p, errors.New("there is no address that its packets come from")
	}
	return p.Masked(), nil
}

// PutNAS writes a RADIUS client, new or changed. A zero Secret, GatewaySecret
// or MACPassword keeps the one that is there; a zero OldSecretUntil forgets the
// old secret.
func (s *Store) PutNAS(ctx context.Context, n directory.NAS) error {
	return put(ctx, s, "nas", upsertNAS, n.ID, n, s.nasArgs)
}

const upsertAccessPoint = `
	INSERT INTO access_point (id, name, nas_id, bssid, identifier, zone_id, residence_id, vendor, model, capacity,
		latitude_e7, longitude_e7, enabled)
	VALUES ($1, $2, NULLIF($3, ''), $4, $5, NULLIF($6, ''), NULLIF($7, ''), $8, $9, $10, $11, $12, $13)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, nas_id = excluded.nas_id, bssid = excluded.bssid,
		identifier = excluded.identifier, zone_id = excluded.zone_id, residence_id = excluded.residence_id,
		vendor = excluded.vendor, model = excluded.model, capacity = excluded.capacity,
		latitude_e7 = excluded.latitude_e7, longitude_e7 = excluded.longitude_e7, enabled = excluded.enabled`

func accessPointArgs(a directory.AccessPoint) ([]any, error) {
	err := a.Validate()
	if err != nil {
		return nil, err
	}
	return []any{
		a.ID, a.Name, a.NASID, macText(a.BSSID), a.Identifier, a.ZoneID, a.ResidenceID, a.Vendor, a.Model,
		a.Capacity, degreesE7(a.Latitude), degreesE7(a.Longitude), a.Enabled,
	}, nil
}

// PutAccessPoint writes an access point, new or changed. Its place is kept to
// 1e-7 degrees, about a centimetre.
func (s *Store) PutAccessPoint(ctx context.Context, a directory.AccessPoint) error {
	return put(ctx, s, "access_point", upsertAccessPoint, a.ID, a, accessPointArgs)
}

func degreesE7(degrees float64) int64 { return int64(math.Round(degrees * 1e7)) }

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// macText spells a MAC for a column: empty when there is none.
func macText(m directory.MAC) string {
	if m.IsZero() {
		return ""
	}
	return m.String()
}

// readMAC is the inverse of macText.
func readMAC(s string) (directory.MAC, error) {
	if s == "" {
		return directory.MAC{}, nil
	}
	return directory.ParseMAC(s)
}
