package e2e

import (
	"database/sql"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/radius/client"
)

// benchBSSID is the access point of the bench: one in a zone, because that is
// where both a device and a dwelling's login are at home.
var benchBSSID = directory.MAC{2, 0xaa, 0xbb, 0xcc, 0xdd, 1}

// benchTown starts Parvis with that many dwellings and remembered devices.
func benchTown(b *testing.B, dwellings, devices int) *bencher {
	b.Helper()
	dir := b.TempDir()
	configFile := writeConfig(b, dir, "", "")
	if _, stderr, code := command(b, "", "migrate", "--config", configFile); code != 0 {
		b.Fatalf("migrate: %s", stderr)
	}
	if err := openStore(b, configFile).Import(b.Context(), benchCommune(dwellings)); err != nil {
		b.Fatal(err)
	}
	rememberDevices(b, filepath.Join(dir, "parvis.db"), devices)
	began := time.Now()
	p := startServe(b, configFile)
	c, err := client.New(client.Options{Server: p.auth, Secret: directory.NewSecret(benchSecret), Timeout: 100 * time.Millisecond, Retries: 100})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Exchange(b.Context(), client.Status()); err != nil {
		b.Fatal(err)
	}
	return &bencher{auth: p.auth, pid: p.cmd.Process.Pid, ready: time.Since(began)}
}

// benchCommune is a commune whose dwellings all have the same password.
func benchCommune(dwellings int) store.Commune {
	plan := directory.Plan{
		ID: "plan", Name: "Accès", DownKbps: 20_000, UpKbps: 5_000, VLAN: 100, DeviceSlots: 8,
		SessionTime: 12 * time.Hour, IdleTime: 30 * time.Minute, Interim: 10 * time.Minute,
	}
	c := store.Commune{
		Plans:     []directory.Plan{plan},
		Zones:     []directory.Zone{{ID: "zone", Name: "Centre", SSID: "Parvis", PlanID: plan.ID, Entry: directory.EntryTap, Terms: "2026-1", Remember: 24 * time.Hour}},
		Operators: []directory.Operator{{ID: "operator", Name: "Bailleur"}},
		Sectors:   []directory.Sector{{ID: "sector", OperatorID: "operator", Name: "Secteur"}},
		NASes: []directory.NAS{{
			ID: "nas", Name: "nas", Prefix: netip.MustParsePrefix("127.0.0.0/8"), Secret: directory.NewSecret(benchSecret), Dialect: "generic", ZoneID: "zone",
		}},
		AccessPoints: []directory.AccessPoint{{ID: "point", Name: "Place", NASID: "nas", BSSID: benchBSSID, ZoneID: "zone", Enabled: true}},
	}
	for i := range dwellings {
		if i%100 == 0 {
			id := fmt.Sprintf("residence-%d", i/100)
			c.Residences = append(c.Residences, directory.Residence{ID: id, SectorID: "sector", Name: id, PlanID: plan.ID})
		}
		login := fmt.Sprintf(benchLogin, i+1)
		c.Dwellings = append(c.Dwellings, directory.Dwelling{
			ID: login, ResidenceID: fmt.Sprintf("residence-%d", i/100), Ref: login, Login: login, Password: directory.NewSecret(benchPassword),
		})
	}
	return c
}

// rememberDevices writes the memory of devices 02-00-00-00-00-01 and on. The
// store's own way is one tap, one transaction: a day's work for a million.
func rememberDevices(b *testing.B, path string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	now := time.Now()
	_, err = db.ExecContext(b.Context(), `
		WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < $1)
		INSERT INTO device (mac, terms, zone_id, accepted_at, until_at)
		SELECT printf('02-00-00-%02X-%02X-%02X', n >> 16, n >> 8 & 255, n & 255), '2026-1', 'zone', $2, $3 FROM number`,
		n, now.UnixMilli(), now.Add(24*time.Hour).UnixMilli())
	if err != nil {
		b.Fatal(err)
	}
}
