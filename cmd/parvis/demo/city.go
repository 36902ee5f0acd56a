package demo

import (
	"fmt"
	"net/netip"
	"time"

	"parvis/internal/directory"
)

// The sample lies in the sea, so that no real place is shown.
const (
	centreLatitude  = 48.2000
	centreLongitude = -5.6000
)

// Loopback addresses: one for each gateway and controller, so that Parvis tells
// them apart as it does in a city, by where a packet comes from.
const (
	tryAddress      = "127.0.0.1"
	ownAddress      = "127.0.0.%d"
	firstGateway    = 11 // to 14
	firstController = 21 // and 22
)

type zonePlan struct {
	name, ssid string
	entry      directory.Entry
	terms      string
	remember   time.Duration
	dialect    string
	gateway    string
	loginURL   string
	vendor     string
	model      string
	capacity   int
	places     []string // one access point each
}

const day = 24 * time.Hour

// zonePlans has 40 access points in all. The zones that are entered with one
// tap share their terms and so recognise each other's devices; the library's
// card is asked for on its own.
func zonePlans() []zonePlan {
	return []zonePlan{
		{
			name: "Place du Marché", ssid: "Ville-Exemple WiFi", entry: directory.EntryTap,
			terms: "ville-2026-01", remember: 12 * time.Hour,
			dialect: "coova", gateway: directory.GatewayCoova,
			vendor: "OpenWrt", model: "Borne extérieure", capacity: 60,
			places: []string{
				"Halle nord", "Halle sud", "Fontaine", "Mairie", "Office de tourisme", "Arrêt Marché",
				"Rue des Arcades 2", "Rue des Arcades 14", "Kiosque", "Passage couvert", "Poste", "Parvis",
			},
		},
		{
			name: "Jardin public", ssid: "Ville-Exemple WiFi", entry: directory.EntryTap,
			terms: "ville-2026-01", remember: 30 * day,
			dialect: "mikrotik", gateway: directory.GatewayGeneric, loginURL: "http://127.0.0.12/login",
			vendor: "MikroTik", model: "wAP ac", capacity: 40,
			places: []string{
				"Entrée est", "Entrée ouest", "Aire de jeux", "Serre", "Pelouse", "Buvette", "Belvédère",
				"Bassin", "Terrain de boules", "Roseraie",
			},
		},
		{
			name: "Port", ssid: "Ville-Exemple WiFi", entry: directory.EntryTap,
			terms: "ville-2026-01", remember: 90 * day,
			dialect: "generic", gateway: directory.GatewayGeneric, loginURL: "http://127.0.0.13/login",
			vendor: "TP-Link", model: "EAP extérieur", capacity: 50,
			places: []string{
				"Capitainerie", "Quai 1", "Quai 2", "Quai 3", "Criée", "Gare maritime", "Jetée",
				"Cale de mise à l'eau", "Sanitaires", "Promenade nord", "Promenade sud",
			},
		},
		{
			name: "Médiathèque", ssid: "Ville-Exemple Médiathèque", entry: directory.EntryCard,
			terms: "mediatheque-2026-01", remember: 30 * day,
			dialect: "coova", gateway: directory.GatewayCoova,
			vendor: "OpenWrt", model: "Borne intérieure", capacity: 80,
			places: []string{
				"Accueil", "Salle de lecture", "Espace jeunesse", "Étage", "Auditorium", "Espace numérique", "Terrasse",
			},
		},
	}
}

// bssid is the address of an access point, both numbers from 1 on.
func bssid(zone, place int) directory.MAC {
	return directory.MAC{0x02, 0x50, 0x56, 0, byte(zone), byte(place)}
}

// GatewayMAC is the Called-Station-Id for the simulated gateway, and for trying
// with radclient: the one access point behind the NAS for trying.
func GatewayMAC() directory.MAC { return bssid(1, 1) }

func (b *builder) city() {
	for i, p := range zonePlans() {
		z := directory.Zone{
			ID: b.id(), Name: p.name, SSID: p.ssid, PlanID: b.Plans[0].ID,
			Entry: p.entry, Terms: p.terms, Remember: p.remember,
		}
		b.Zones = append(b.Zones, z)
		n := directory.NAS{
			ID: b.id(), Name: "Passerelle " + p.name, Prefix: loopback(fmt.Sprintf(ownAddress, firstGateway+i)),
			Secret: b.secret(), Dialect: p.dialect, Identifier: fmt.Sprintf("passerelle-%d", i+1), ZoneID: z.ID,
			Gateway: p.gateway, LoginURL: p.loginURL,
		}
		if p.gateway == directory.GatewayCoova {
			n.GatewaySecret = b.secret()
		}
		b.NASes = append(b.NASes, n)
		for j, place := range p.places {
			b.AccessPoints = append(b.AccessPoints, directory.AccessPoint{
				ID: b.id(), Name: p.name + ", " + place, NASID: n.ID,
				BSSID: bssid(i+1, j+1), ZoneID: z.ID,
				Identifier: fmt.Sprintf("borne-%d-%02d", i+1, j+1),
				Vendor:     p.vendor, Model: p.model, Capacity: p.capacity,
				Latitude:  centreLatitude + float64(i)*0.004 + b.rand.Float64()*0.003,
				Longitude: centreLongitude + float64(i%2)*0.006 + b.rand.Float64()*0.004,
				Enabled:   true,
			})
		}
	}
	try := directory.NAS{
		ID: b.id(), Name: "Pour essayer", Prefix: loopback(tryAddress), Secret: directory.NewSecret(Secret),
		Dialect: "generic", Identifier: NASIdentifier, ZoneID: b.Zones[0].ID,
		Gateway: directory.GatewayCoova, GatewaySecret: directory.NewSecret(Secret),
	}
	b.NASes = append(b.NASes, try)
	// The first access point on the square hangs behind the NAS for trying: what
	// a person does with radclient or in the browser shows there.
	b.AccessPoints[0].NASID = try.ID
	b.devices()
	b.cards()
}

func loopback(addr string) netip.Prefix {
	a := netip.MustParseAddr(addr)
	return netip.PrefixFrom(a, a.BitLen())
}

// Each zone has visitors who accepted some time ago and whose memory still
// counts: the access points meet them again.
const devicesOfZone = 30

func (b *builder) devices() {
	for i, z := range b.Zones {
		for j := range devicesOfZone {
			accepted := b.now.Add(-time.Duration(b.rand.Int64N(int64(z.Remember))))
			b.Devices = append(b.Devices, directory.Device{
				MAC:   directory.MAC{0x06, 0x10, 0, 0, byte(i + 1), byte(j + 1)},
				Terms: z.Terms, ZoneID: z.ID,
				AcceptedAt: accepted.Truncate(time.Second), Until: accepted.Add(z.Remember).Truncate(time.Second),
			})
		}
	}
}

// cards makes a few for the zone that asks for one, valid for a year.
func (b *builder) cards() {
	for range 5 {
		b.CardCodes = append(b.CardCodes, b.cardCode())
		b.Cards = append(b.Cards, directory.Card{
			ID: b.id(), ZoneID: b.Zones[3].ID, Until: b.today.Time().AddDate(1, 0, 0),
		})
	}
}

// cardCode finds the check digit by asking the reader of codes.
func (b *builder) cardCode() string {
	prefix := fmt.Sprintf("%015d", b.rand.Int64N(1_000_000_000_000_000))
	for d := range 10 {
		if code, err := directory.ParseCardCode(fmt.Sprintf("%s%d", prefix, d)); err == nil {
			return code
		}
	}
	panic("no check digit fits") // one of ten always does
}
