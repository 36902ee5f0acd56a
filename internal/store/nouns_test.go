package store

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/billing"
	"parvis/internal/directory"
)

func period(from, until string) directory.Period {
	f, _ := directory.ParseDate(from)
	u, _ := directory.ParseDate(until)
	return directory.Period{From: f, Until: u}
}

// sample is a commune with every field of every noun set somewhere.
func sample() Commune {
	return Commune{
		Plans: []directory.Plan{
			{ID: "plan-1", Name: "Ville", DownKbps: 10_000, UpKbps: 4_294_967_295, VLAN: 4094, DeviceSlots: 4, SessionTime: time.Hour, IdleTime: 10 * time.Minute, Interim: 5 * time.Minute, QuotaBytes: 1 << 62, Role: "public"},
			{ID: "plan-2", Name: "Logement"},
		},
		Zones: []directory.Zone{
			{ID: "zone-1", Name: "Port", SSID: "Ville ✓", PlanID: "plan-1", Entry: directory.EntryTap, Terms: "2026-1", Remember: 24 * time.Hour},
			{ID: "zone-2", Name: "Gare", SSID: "Gare", PlanID: "plan-1", Entry: directory.EntryCard, Terms: "2026-2", Remember: time.Hour},
		},
		NASes: []directory.NAS{
			{
				ID: "nas-1", Name: "Port", Prefix: netip.MustParsePrefix("192.0.2.1/32"), Secret: directory.NewSecret("nas-secret-plaintext"),
				Dialect: "coova", Signature: directory.SignatureNo, Identifier: "port", ZoneID: "zone-1", Gateway: directory.GatewayCoova,
				GatewaySecret: directory.NewSecret("gateway-secret-plaintext"), LoginURL: "http://192.0.2.1:3990/logon",
				OldSecret: directory.NewSecret("old-secret-plaintext"), OldSecretUntil: testNow.Add(time.Hour), OldSecretUsed: testNow,
				TLSName: "port.example.net", DynAuthPort: 65535, MACPassword: directory.NewSecret("mac-password-plaintext"),
			},
			{ID: "nas-2", Name: "Controller", Prefix: netip.MustParsePrefix("2001:db8::/64"), Secret: directory.NewSecret("nas-2-secret-plaintext"), Dialect: "generic", Signature: directory.SignatureYes},
			{ID: "nas-3", Name: "Roaming", TLSName: "sha256:" + strings.Repeat("0a", 32), Dialect: "generic", Signature: directory.SignatureAuto},
		},
		Operators: []directory.Operator{{ID: "op-1", Name: "Habitat", SIREN: "123456782"}, {ID: "op-2", Name: "Logis"}},
		Sectors:   []directory.Sector{{ID: "sector-1", OperatorID: "op-1", Name: "Nord"}, {ID: "sector-2", OperatorID: "op-2", Name: "Sud"}},
		Agreements: []directory.Agreement{
			{ID: "agreement-1", SectorID: "sector-1", Form: directory.AgreementVote, Reference: "PV 12", Period: period("2025-01-01", "2027-01-01")},
		},
		Residences: []directory.Residence{
			{ID: "residence-1", SectorID: "sector-1", Name: "Les Pins", Address: "1 rue du Port", SSID: "Pins", PlanID: "plan-2"},
			{ID: "residence-2", SectorID: "sector-2", Name: "Les Ifs", PlanID: "plan-2"},
		},
		AccessPoints: []directory.AccessPoint{
			{ID: "ap-1", Name: "Quai", NASID: "nas-1", BSSID: directory.MAC{2, 0, 0, 0, 0, 1}, Identifier: "quai", ZoneID: "zone-1", Vendor: "v", Model: "m", Capacity: 50, Latitude: 48.3904, Longitude: -4.4861, Enabled: true},
			{ID: "ap-2", Name: "Hall", Identifier: "hall", ResidenceID: "residence-1"},
		},
		Dwellings: []directory.Dwelling{
			{ID: "dwelling-1", ResidenceID: "residence-1", Ref: "L1", Door: "A 1", Login: "logement-0001", Password: directory.NewSecret("dwelling-password-plaintext"), Stock: period("2020-01-01", "2030-01-01")},
			{ID: "dwelling-2", ResidenceID: "residence-1", Ref: "L2", Door: "A 2"},
		},
		Outlets: []directory.Outlet{
			{ID: "outlet-1", DwellingID: "dwelling-1", NASID: "nas-2", Port: "ge-0/0/1"},
			{ID: "outlet-2", DwellingID: "dwelling-1", NASID: "nas-2", Port: "%00%04%02"},
		},
		Leases: []directory.Lease{{ID: "lease-1", DwellingID: "dwelling-1", Ref: "B1", Period: period("2024-03-01", "")}},
		Cards:  []directory.Card{{ID: "card-1", ZoneID: "zone-2", Hash: "hash", Until: testNow.Add(time.Hour), Revoked: true}},
		Users: []directory.User{
			{ID: "user-1", Name: "bailleur", Role: directory.RoleOperator, OperatorID: "op-1", PasswordHash: "$argon2id$x"},
			{ID: "user-2", Name: "reseau", Role: directory.RoleNetwork, PasswordHash: "$argon2id$y", Disabled: true},
		},
	}
}

// wantCatalog compares, secrets included.
func wantCatalog(t *testing.T, s *Store, c Commune) {
	t.Helper()
	got, err := s.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := directory.Catalog{
		Plans: c.Plans, Zones: c.Zones, NASes: c.NASes, AccessPoints: c.AccessPoints,
		Residences: c.Residences, Dwellings: c.Dwellings, Outlets: c.Outlets, Cards: c.Cards,
	}
	same := cmp.Comparer(func(a, b directory.Secret) bool { return a.Reveal() == b.Reveal() })
	addr := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, got, same, addr); diff != "" {
		t.Errorf("catalog (-want +got):\n%s", diff)
	}
	_, err = directory.NewSnapshot(got)
	if err != nil {
		t.Errorf("the catalog makes no snapshot: %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// every calls fn for the elements.
func every[T any](t *testing.T, list []T, fn func(context.Context, T) error) {
	t.Helper()
	for _, v := range list {
		must(t, fn(t.Context(), v))
	}
}

func putEverything(t *testing.T, s *Store, c Commune) {
	every(t, c.Plans, s.PutPlan)
	every(t, c.Zones, s.PutZone)
	every(t, c.NASes, s.PutNAS)
	every(t, c.Operators, s.PutOperator)
	every(t, c.Sectors, s.PutSector)
	every(t, c.Agreements, s.PutAgreement)
	every(t, c.Residences, s.PutResidence)
	every(t, c.AccessPoints, s.PutAccessPoint)
	must(t, s.PutDwellings(t.Context(), c.Dwellings))
	must(t, s.PutOutlets(t.Context(), c.Outlets))
	must(t, s.PutLeases(t.Context(), c.Leases))
	every(t, c.Cards, s.PutCard)
	every(t, c.Users, s.PutUser)
}

func testPutNouns(t *testing.T, s *Store) {
	c := sample()
	putEverything(t, s, c)
	wantCatalog(t, s, c)
	changes, err := s.Changes(t.Context(), 0, 100)
	must(t, err)
	if got, want := len(changes), 22; got != want {
		t.Errorf("%d changes, want %d: one for each call", got, want)
	}
	if got := changes[0]; got.Kind != "plan" || got.Subject != "plan-1" || !got.At.Equal(testNow) {
		t.Errorf("the first change is %+v", got)
	}

	// The second time is an update, and what differs is there.
	c.Plans[0].Name, c.Zones[0].Entry, c.NASes[0].Dialect = "Ville 2", directory.EntryCard, "mikrotik"
	c.NASes[0].Secret = directory.NewSecret("another-secret-plaintext")
	c.AccessPoints[1].ResidenceID, c.AccessPoints[1].ZoneID = "", "zone-2"
	c.Residences[0].Name, c.Dwellings[1].Login, c.Cards[0].Revoked = "Les Cèdres", "logement-0002", false
	putEverything(t, s, c)
	wantCatalog(t, s, c)
	operators, err := s.Operators(t.Context())
	must(t, err)
	if diff := cmp.Diff(c.Operators, operators); diff != "" {
		t.Error(diff)
	}
}

func testImport(t *testing.T, s *Store) {
	c := sample()
	c.Tariffs = []billing.Tariff{{ID: "tariff-1", OperatorID: "op-1", From: c.Agreements[0].Period.From, Price: 119, VATPerMille: 200, Label: "Internet"}}
	must(t, s.Import(t.Context(), c))
	wantCatalog(t, s, c)
	last, err := s.LastChange(t.Context())
	must(t, err)
	if last != 1 {
		t.Errorf("an import made %d changes, want 1", last)
	}
	c.Tariffs = nil
	must(t, s.Import(t.Context(), c))
	wantCatalog(t, s, c)
}

func testImportAllOrNothing(t *testing.T, s *Store) {
	c := sample()
	c.Leases = append(c.Leases, directory.Lease{ID: "lease-2", DwellingID: "dwelling-1", Ref: "B2", Period: period("2026-01-01", "")})
	err := s.Import(t.Context(), c)
	if err == nil {
		t.Fatal("leases that overlap were imported")
	}
	wantCatalog(t, s, Commune{})
	last, err := s.LastChange(t.Context())
	if err != nil || last != 0 {
		t.Errorf("last change %d, %v after a failed import", last, err)
	}
}

func testRefusedNouns(t *testing.T, s *Store) {
	must(t, s.Import(t.Context(), sample()))
	ctx := t.Context()
	for _, c := range []struct {
		name, says string
		err        error
	}{
		{"a second NAS of a prefix", "nas", s.PutNAS(ctx, directory.NAS{ID: "nas-9", Name: "x", Dialect: "generic", Prefix: netip.MustParsePrefix("::ffff:192.0.2.1/128")})},
		{"a NAS from nowhere", "address", s.PutNAS(ctx, directory.NAS{ID: "nas-9", Name: "x", Dialect: "generic"})},
		{"a BSSID twice", "access_point", s.PutAccessPoint(ctx, directory.AccessPoint{ID: "ap-9", Name: "x", BSSID: directory.MAC{2, 0, 0, 0, 0, 1}, ZoneID: "zone-1"})},
		{"a certificate name twice", "nas", s.PutNAS(ctx, directory.NAS{ID: "nas-9", Name: "x", Dialect: "generic", TLSName: "port.example.net"})},
		{"a signature that is none", "signature", s.PutNAS(ctx, directory.NAS{ID: "nas-9", TLSName: "x", Signature: "maybe"})},
		{"a quota out of range", "quota", s.PutPlan(ctx, directory.Plan{Name: "x", ID: "plan-9", QuotaBytes: 1 << 63})},
		{"a port twice", "outlet", s.PutOutlets(ctx, []directory.Outlet{{ID: "outlet-9", DwellingID: "dwelling-2", NASID: "nas-2", Port: "ge-0/0/1"}})},
		{"an outlet of no dwelling", "outlet", s.PutOutlets(ctx, []directory.Outlet{{ID: "outlet-9", DwellingID: "nowhere", NASID: "nas-2", Port: "1"}})},
		{"an access point in two places", "in exactly one", s.PutAccessPoint(ctx, directory.AccessPoint{ID: "ap-9", ZoneID: "zone-1", ResidenceID: "residence-1"})},
		{"an access point in no place", "in exactly one", s.PutAccessPoint(ctx, directory.AccessPoint{ID: "ap-9"})},
		{"a login twice in other letters", "dwelling", s.PutDwellings(ctx, []directory.Dwelling{{ID: "dwelling-9", ResidenceID: "residence-2", Ref: "L9", Login: "LOGEMENT-0001"}})},
		{"a login that nobody can type", "login", s.PutDwellings(ctx, []directory.Dwelling{{ID: "dwelling-9", ResidenceID: "residence-2", Ref: "L9", Login: "é"}})},
		{"a dwelling of no residence", "dwelling", s.PutDwellings(ctx, []directory.Dwelling{{ID: "dwelling-9", ResidenceID: "nowhere", Ref: "L9"}})},
		{"a zone without its plan", "zone", s.PutZone(ctx, directory.Zone{ID: "zone-9", Name: "x", SSID: "x", PlanID: "nothing", Entry: directory.EntryTap, Terms: "1", Remember: time.Hour})},
		{"a way in that is none", "entry", s.PutZone(ctx, directory.Zone{ID: "zone-9", PlanID: "plan-1", Entry: "fax"})},
		{"a VLAN out of range", "VLAN", s.PutPlan(ctx, directory.Plan{Name: "x", ID: "plan-9", VLAN: 4095})},
		{"a lease that ends first", "not after", s.PutLeases(ctx, []directory.Lease{{ID: "lease-9", DwellingID: "dwelling-2", Period: period("2026-02-01", "2026-02-01")}})},
		{"an agreement of no form", "form", s.PutAgreement(ctx, directory.Agreement{ID: "agreement-9", SectorID: "sector-1", Form: "rumour"})},
		{"a RADIUS secret that falls in an hour", "shorter than 8", s.PutNAS(ctx, directory.NAS{ID: "nas-9", Name: "x", Dialect: "generic", TLSName: "x", Secret: directory.NewSecret("short")})},
		{"an operator user of no operator", "operator", s.PutUser(ctx, directory.User{ID: "user-9", Name: "x", Role: directory.RoleOperator})},
		{"a user name twice", "user", s.PutUser(ctx, directory.User{ID: "user-9", Name: "bailleur", Role: directory.RoleDesk})},
		{"no id", "the id is missing", s.PutPlan(ctx, directory.Plan{})},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error that says %q", c.name, c.err, c.says)
		}
	}
	wantCatalog(t, s, sample())
}

func testSecretKept(t *testing.T, s *Store) {
	c := sample()
	must(t, s.Import(t.Context(), c))
	n, d := c.NASes[0], c.Dwellings[0]
	n.Name, n.Secret, n.GatewaySecret = "Quai", directory.Secret{}, directory.Secret{}
	n.OldSecret, n.MACPassword = directory.Secret{}, directory.Secret{}
	d.Door, d.Password = "A 1 bis", directory.Secret{}
	must(t, s.PutNAS(t.Context(), n))
	must(t, s.PutDwellings(t.Context(), []directory.Dwelling{d}))
	c.NASes[0].Name, c.Dwellings[0].Door = "Quai", "A 1 bis"
	wantCatalog(t, s, c)
	n.OldSecretUntil = time.Time{}
	must(t, s.PutNAS(t.Context(), n))
	c.NASes[0].OldSecret, c.NASes[0].OldSecretUntil, c.NASes[0].OldSecretUsed = directory.Secret{}, time.Time{}, time.Time{}
	wantCatalog(t, s, c)
}

func testLeaseOverlap(t *testing.T, s *Store) {
	must(t, s.Import(t.Context(), sample()))
	lease := func(id, from, until string) directory.Lease {
		return directory.Lease{ID: id, DwellingID: "dwelling-2", Ref: "ref-" + id, Period: period(from, until)}
	}
	for _, c := range []struct {
		name   string
		leases []directory.Lease
		ok     bool
	}{
		{"the first", []directory.Lease{lease("a", "2026-01-01", "2026-03-01")}, true},
		{"one that begins on the day after the last", []directory.Lease{lease("b", "2026-03-01", "2026-05-01")}, true},
		{"inside", []directory.Lease{lease("c", "2026-01-10", "2026-01-11")}, false},
		{"around", []directory.Lease{lease("c", "2025-01-10", "2027-01-11")}, false},
		{"the same days", []directory.Lease{lease("c", "2026-01-01", "2026-03-01")}, false},
		{"across the end", []directory.Lease{lease("c", "2026-02-28", "2026-03-02")}, false},
		{"open from before", []directory.Lease{lease("c", "2025-12-31", "")}, false},
		{"two open ones in one batch", []directory.Lease{lease("c", "2027-01-01", ""), lease("d", "2028-01-01", "")}, false},
		{"open behind all", []directory.Lease{lease("c", "2026-05-01", "")}, true},
		{"the last shortened and a new one in one batch", []directory.Lease{lease("d", "2026-08-01", ""), lease("c", "2026-05-01", "2026-08-01")}, true},
		{"begun earlier, over another", []directory.Lease{lease("b", "2026-02-01", "2026-05-01")}, false},
		{"other dwelling", []directory.Lease{{ID: "e", DwellingID: "dwelling-1", Ref: "e", Period: period("2023-01-01", "2024-03-01")}}, true},
		{"moved to a dwelling that is let", []directory.Lease{{ID: "a", DwellingID: "dwelling-1", Ref: "a", Period: period("2026-01-01", "2026-03-01")}}, false},
	} {
		err := s.PutLeases(t.Context(), c.leases)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.name == "inside" && err != nil {
			for _, want := range []string{"dwelling L2", "ref-a", "ref-c", "2026-01-10"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		}
	}
}

// The same secret sealed twice differs, and a change of one bit is noticed.
func TestSeal(t *testing.T) {
	s := openSQLite(t)
	a, b := s.seal("nas.secret", "1", directory.NewSecret("x")), s.seal("nas.secret", "1", directory.NewSecret("x"))
	if bytes.Equal(a, b) {
		t.Error("one secret sealed twice gives the same bytes")
	}
	for i := range a {
		bad := bytes.Clone(a)
		bad[i] ^= 1
		_, err := s.unseal("nas.secret", "1", bad)
		if err == nil {
			t.Errorf("altered in byte %d it still opens", i)
		}
		_, err = s.unseal("nas.secret", "1", a[:i])
		if err == nil && i > 0 {
			t.Errorf("cut to %d bytes it still opens", i)
		}
	}
	for _, place := range [][2]string{{"nas.secret", "2"}, {"nas.gateway_secret", "1"}} {
		_, err := s.unseal(place[0], place[1], a)
		if err == nil {
			t.Errorf("it opens as %v", place)
		}
	}
}
