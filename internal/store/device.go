package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/internal/directory"
)

// Accept keeps the consent and the memory of its device. A memory that lasts
// longer already stays as it is.
func (s *Store) Accept(ctx context.Context, c directory.Consent) error {
	d := c.Device
	if d.MAC.IsZero() {
		return errors.New("keep a consent: there is no MAC address")
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO consent (id, mac, terms, zone_id, accepted_at, until_at, language, card_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, NULLIF($8, ''))`,
			directory.NewID(s.now()), d.MAC.String(), d.Terms, d.ZoneID, millis(d.AcceptedAt), millis(d.Until),
			c.Language, c.CardID)
		if err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `
			INSERT INTO device (mac, terms, zone_id, accepted_at, until_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (mac, terms) DO UPDATE SET zone_id = excluded.zone_id, accepted_at = excluded.accepted_at,
				until_at = excluded.until_at
			WHERE device.until_at < excluded.until_at`,
			d.MAC.String(), d.Terms, d.ZoneID, millis(d.AcceptedAt), millis(d.Until))
		if err != nil {
			return err
		}
		return s.deviceChanged(ctx, tx, result, ChangeDevice, d.MAC, d.Terms)
	})
	return wrap("keep a consent", err)
}

// Forget drops the memory that mac accepted terms. The consent stays as proof.
func (s *Store) Forget(ctx context.Context, mac directory.MAC, terms string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM device WHERE mac = $1 AND terms = $2`, mac.String(), terms)
		if err != nil {
			return err
		}
		return s.deviceChanged(ctx, tx, result, ChangeForget, mac, terms)
	})
	return wrap("forget a device", err)
}

// deviceChanged writes to the feed if the statement changed a row.
func (s *Store) deviceChanged(ctx context.Context, tx *sql.Tx, r sql.Result, kind string, mac directory.MAC, terms string) error {
	n, err := r.RowsAffected()
	if err != nil || n == 0 {
		return err
	}
	return recordChange(ctx, tx, kind, mac.String()+"/"+terms, millis(s.now()))
}

// Device names the device that a change of kind ChangeDevice or ChangeForget is about.
func (c Change) Device() (mac directory.MAC, terms string, err error) {
	text, terms, ok := strings.Cut(c.Subject, "/")
	if !ok || c.Kind != ChangeDevice && c.Kind != ChangeForget {
		return mac, "", fmt.Errorf("change %d of kind %s is not about a device", c.Seq, c.Kind)
	}
	mac, err = directory.ParseMAC(text)
	return mac, terms, err
}

const deviceColumns = `mac, terms, zone_id, accepted_at, until_at`

func scanDevice(row scanner) (directory.Device, error) {
	var d directory.Device
	var mac string
	var accepted, until int64
	err := row.Scan(&mac, &d.Terms, &d.ZoneID, &accepted, &until)
	if err != nil {
		return d, err
	}
	d.AcceptedAt, d.Until = instant(accepted), instant(until)
	d.MAC, err = readMAC(mac)
	return d, err
}

// Device returns what is remembered of mac for terms; ok is false when there is nothing.
func (s *Store) Device(ctx context.Context, mac directory.MAC, terms string) (d directory.Device, ok bool, err error) {
	err = s.read(ctx, func(q querier) error {
		var err error
		d, err = scanDevice(q.QueryRowContext(ctx,
			`SELECT `+deviceColumns+` FROM device WHERE mac = $1 AND terms = $2`, mac.String(), terms))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return directory.Device{}, false, nil
	}
	return d, err == nil, wrap("find a device", err)
}

// EachDevice calls fn for every device that is remembered beyond now, as they
// are read. Up to five minutes.
func (s *Store) EachDevice(ctx context.Context, now time.Time, fn func(directory.Device) error) error {
	err := s.readFor(ctx, longTimeout, func(q querier) error {
		return each(ctx, q, func(row scanner) error {
			d, err := scanDevice(row)
			if err != nil {
				return err
			}
			return fn(d)
		}, `SELECT `+deviceColumns+` FROM device WHERE until_at > $1`, millis(now))
	})
	return wrap("load the devices", err)
}
