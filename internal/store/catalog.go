package store

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"parvis/internal/directory"
)

// Catalog returns all that the register's snapshot is made of, as of one
// moment, secrets opened. Up to five minutes.
func (s *Store) Catalog(ctx context.Context) (directory.Catalog, error) {
	var c directory.Catalog
	err := s.readFor(ctx, longTimeout, func(q querier) (err error) {
		c, err = s.readCatalog(ctx, q)
		return err
	})
	if err != nil {
		return directory.Catalog{}, wrap("load the directory", err)
	}
	return c, nil
}

func (s *Store) readCatalog(ctx context.Context, q querier) (c directory.Catalog, err error) {
	c.Plans, err = collect(ctx, q, scanPlan, `
		SELECT id, name, down_kbps, up_kbps, vlan, device_slots, session_seconds, idle_seconds, interim_seconds,
			quota_bytes, role
		FROM plan ORDER BY id`)
	if err != nil {
		return c, wrap("plans", err)
	}
	c.Zones, err = collect(ctx, q, scanZone, `
		SELECT id, name, ssid, plan_id, entry, terms, remember_seconds FROM zone ORDER BY id`)
	if err != nil {
		return c, wrap("zones", err)
	}
	c.NASes, err = collect(ctx, q, s.scanNAS, `
		SELECT id, name, prefix, secret, dialect, signature, identifier, COALESCE(zone_id, ''), gateway,
			gateway_secret, login_url, old_secret, old_secret_until_at, old_secret_used_at, tls_name, dynauth_port,
			mac_password
		FROM nas ORDER BY id`)
	if err != nil {
		return c, wrap("NASes", err)
	}
	c.AccessPoints, err = collect(ctx, q, scanAccessPoint, `
		SELECT id, name, COALESCE(nas_id, ''), bssid, identifier, COALESCE(zone_id, ''), COALESCE(residence_id, ''),
			vendor, model, capacity, latitude_e7, longitude_e7, enabled
		FROM access_point ORDER BY id`)
	if err != nil {
		return c, wrap("access points", err)
	}
	c.Residences, err = collect(ctx, q, scanResidence, `
		SELECT id, sector_id, name, address, ssid, plan_id FROM residence ORDER BY id`)
	if err != nil {
		return c, wrap("residences", err)
	}
	c.Dwellings, err = collect(ctx, q, s.scanDwelling, `
		SELECT id, residence_id, ref, door, login, password, from_date, until_date FROM dwelling ORDER BY id`)
	if err != nil {
		return c, wrap("dwellings", err)
	}
	c.Outlets, err = collect(ctx, q, scanOutlet, `SELECT id, dwelling_id, nas_id, port FROM outlet ORDER BY id`)
	if err != nil {
		return c, wrap("outlets", err)
	}
	c.Cards, err = collect(ctx, q, scanCard, `SELECT id, zone_id, hash, until_at, revoked FROM card ORDER BY id`)
	return c, wrap("cards", err)
}

func scanPlan(row scanner) (directory.Plan, error) {
	var p directory.Plan
	var session, idle, interim int64
	err := row.Scan(&p.ID, &p.Name, &p.DownKbps, &p.UpKbps, &p.VLAN, &p.DeviceSlots, &session, &idle, &interim,
		&p.QuotaBytes, &p.Role)
	p.SessionTime, p.IdleTime, p.Interim = duration(session), duration(idle), duration(interim)
	return p, err
}

func duration(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

func scanZone(row scanner) (directory.Zone, error) {
	var z directory.Zone
	var remember int64
	err := row.Scan(&z.ID, &z.Name, &z.SSID, &z.PlanID, &z.Entry, &z.Terms, &remember)
	z.Remember = duration(remember)
	return z, err
}

func (s *Store) scanNAS(row scanner) (directory.NAS, error) {
	var n directory.NAS
	var prefix string
	var secret, gatewaySecret, oldSecret, macPassword []byte
	var until, used int64
	err := row.Scan(&n.ID, &n.Name, &prefix, &secret, &n.Dialect, &n.Signature, &n.Identifier, &n.ZoneID, &n.Gateway,
		&gatewaySecret, &n.LoginURL, &oldSecret, &until, &used, &n.TLSName, &n.DynAuthPort, &macPassword)
	if err != nil {
		return n, err
	}
	n.OldSecretUntil, n.OldSecretUsed = instant(until), instant(used)
	if !strings.HasPrefix(prefix, byCertificate) {
		n.Prefix, err = netip.ParsePrefix(prefix)
		if err != nil {
			return n, err
		}
	}
	for _, secret := range []struct {
		to     *directory.Secret
		where  string
		sealed []byte
	}{
		{&n.Secret, "nas.secret", secret},
		{&n.GatewaySecret, "nas.gateway_secret", gatewaySecret},
		{&n.OldSecret, "nas.old_secret", oldSecret},
		{&n.MACPassword, "nas.mac_password", macPassword},
	} {
		*secret.to, err = s.unseal(secret.where, n.ID, secret.sealed)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func scanOutlet(row scanner) (directory.Outlet, error) {
	var o directory.Outlet
	err := row.Scan(&o.ID, &o.DwellingID, &o.NASID, &o.Port)
	return o, err
}

func scanAccessPoint(row scanner) (directory.AccessPoint, error) {
	var a directory.AccessPoint
	var bssid string
	var lat, lon int64
	err := row.Scan(&a.ID, &a.Name, &a.NASID, &bssid, &a.Identifier, &a.ZoneID, &a.ResidenceID, &a.Vendor, &a.Model,
		&a.Capacity, &lat, &lon, &a.Enabled)
	if err != nil {
		return a, err
	}
	a.Latitude, a.Longitude = float64(lat)/1e7, float64(lon)/1e7
	a.BSSID, err = readMAC(bssid)
	return a, err
}

func scanResidence(row scanner) (directory.Residence, error) {
	var r directory.Residence
	err := row.Scan(&r.ID, &r.SectorID, &r.Name, &r.Address, &r.SSID, &r.PlanID)
	return r, err
}

func (s *Store) scanDwelling(row scanner) (directory.Dwelling, error) {
	var d directory.Dwelling
	var password []byte
	err := row.Scan(&d.ID, &d.ResidenceID, &d.Ref, &d.Door, &d.Login, &password, &d.Stock.From, &d.Stock.Until)
	if err != nil {
		return d, err
	}
	d.Password, err = s.unseal("dwelling.password", d.ID, password)
	return d, err
}

func scanCard(row scanner) (directory.Card, error) {
	var c directory.Card
	var until int64
	err := row.Scan(&c.ID, &c.ZoneID, &c.Hash, &until, &c.Revoked)
	c.Until = instant(until)
	return c, err
}
