package directory

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
)

// Register is what an Access-Request needs, in memory, in two parts: a
// Snapshot that is rebuilt as a whole and swapped, and the device memory that
// is updated one by one.
type Register struct {
	snapshot atomic.Pointer[Snapshot]
	Devices  *Devices
}

// NewRegister returns an empty register that remembers at most maxDevices.
func NewRegister(maxDevices int) *Register {
	r := &Register{Devices: NewDevices(maxDevices)}
	r.snapshot.Store(&Snapshot{})
	return r
}

// Snapshot returns the current part that changes as a whole. It never changes;
// a handler reads one snapshot for the whole of a request.
func (r *Register) Snapshot() *Snapshot { return r.snapshot.Load() }

// Swap makes s the current snapshot.
func (r *Register) Swap(s *Snapshot) { r.snapshot.Store(s) }

// Catalog is the content of a snapshot, as lists.
type Catalog struct {
	Plans        []Plan
	Zones        []Zone
	NASes        []NAS
	AccessPoints []AccessPoint
	Residences   []Residence
	Dwellings    []Dwelling
	Outlets      []Outlet
	Cards        []Card
}

// Snapshot is an indexed, immutable Catalog. The pointers that it hands out
// must not be written to.
type Snapshot struct {
	plans      map[string]*Plan
	zones      map[string]*Zone
	residences map[string]*Residence
	dwellings  map[string]*Dwelling
	logins     map[string]*Dwelling
	cards      map[string]*Card
	nasByID    map[string]*NAS
	nasByIdent map[string]*NAS
	nasByAddr  map[netip.Addr]*NAS
	nasByTLS   map[string]*NAS
	outlets    map[outletKey]*Outlet
	// outletNASes are the NASes that have outlets: only their requests are looked up.
	outletNASes map[string]bool
	nasList     []*NAS
	nasRanges   []*NAS // longest prefix first
	apByID      map[string]*AccessPoint
	apByBSSID   map[MAC]*AccessPoint
	apByIdent   map[string]*AccessPoint
	aps         []*AccessPoint
	zoneList    []*Zone
	planList    []*Plan
}

// outletKey is what a request says of a wired port.
type outletKey struct{ nasID, port string }

// String is for the error that one is there twice.
func (k outletKey) String() string { return k.port + " of NAS " + k.nasID }

// NewSnapshot indexes c. It reports every contradiction at once: a name used
// twice, an address used twice or missing, or a reference to something that is
// not there. The snapshot is usable all the same: of two that contradict each
// other the first counts. c is owned by the snapshot from then on.
func NewSnapshot(c Catalog) (*Snapshot, error) {
	var errs []error
	s := &Snapshot{
		plans:      index(c.Plans, "plan", func(p *Plan) string { return p.ID }, &errs),
		zones:      index(c.Zones, "zone", func(z *Zone) string { return z.ID }, &errs),
		residences: index(c.Residences, "residence", func(r *Residence) string { return r.ID }, &errs),
		dwellings:  index(c.Dwellings, "dwelling", func(d *Dwelling) string { return d.ID }, &errs),
		logins:     index(c.Dwellings, "dwelling login", func(d *Dwelling) string { return d.Login }, &errs),
		cards:      index(c.Cards, "card", func(k *Card) string { return k.Hash }, &errs),
		nasByID:    index(c.NASes, "NAS", func(n *NAS) string { return n.ID }, &errs),
		nasByIdent: index(c.NASes, "NAS identifier", func(n *NAS) string { return n.Identifier }, &errs),
		apByID:     index(c.AccessPoints, "access point", func(a *AccessPoint) string { return a.ID }, &errs),
		apByBSSID:  index(c.AccessPoints, "BSSID", func(a *AccessPoint) MAC { return a.BSSID }, &errs),
		apByIdent:  index(c.AccessPoints, "access point identifier", func(a *AccessPoint) string { return a.Identifier }, &errs),
		nasByTLS:   index(c.NASes, "NAS certificate name", func(n *NAS) string { return n.TLSName }, &errs),
		outlets:    index(c.Outlets, "outlet", func(o *Outlet) outletKey { return outletKey{o.NASID, o.Port} }, &errs),
		nasByAddr:  map[netip.Addr]*NAS{},
	}
	s.indexAddresses(c.NASes, &errs)
	s.outletNASes = map[string]bool{}
	for i := range c.Outlets {
		s.outletNASes[c.Outlets[i].NASID] = true
	}
	for i := range c.NASes {
		s.nasList = append(s.nasList, &c.NASes[i])
	}
	for i := range c.AccessPoints {
		s.aps = append(s.aps, &c.AccessPoints[i])
	}
	for i := range c.Plans {
		s.planList = append(s.planList, &c.Plans[i])
	}
	for i := range c.Zones {
		s.zoneList = append(s.zoneList, &c.Zones[i])
	}
	s.checkReferences(c, &errs)
	checkTerms(c.Zones, &errs)
	return s, errors.Join(errs...)
}

func (s *Snapshot) indexAddresses(list []NAS, errs *[]error) {
	ranges := map[netip.Prefix]*NAS{}
	for i := range list {
		n := &list[i]
		n.Prefix = unmap(n.Prefix)
		if !n.Prefix.IsValid() {
			if n.TLSName != "" {
				continue
			}
			*errs = append(*errs, fmt.Errorf("NAS %s has no address", n.Name))
			continue
		}
		if old := ranges[n.Prefix]; old != nil {
			*errs = append(*errs, fmt.Errorf("NAS %s and NAS %s have the same address %s", old.Name, n.Name, n.Prefix))
			continue
		}
		ranges[n.Prefix] = n
		if n.Prefix.IsSingleIP() {
			s.nasByAddr[n.Prefix.Addr()] = n
		} else {
			s.nasRanges = append(s.nasRanges, n)
		}
	}
	slices.SortStableFunc(s.nasRanges, func(a, b *NAS) int { return cmp.Compare(b.Prefix.Bits(), a.Prefix.Bits()) })
}

// checkTerms refuses a zone with cards that shares its terms with one without:
// it would know every device that tapped there, and ask it for no card.
func checkTerms(zones []Zone, errs *[]error) {
	tap := map[string]*Zone{}
	for i := range zones {
		if zones[i].Entry == EntryTap {
			tap[zones[i].Terms] = &zones[i]
		}
	}
	for i := range zones {
		z := &zones[i]
		if other := tap[z.Terms]; other != nil && z.Entry == EntryCard {
			*errs = append(*errs, fmt.Errorf("zone %s asks for a card and has the terms %q of zone %s, which does not: "+
				"who tapped there would need no card; give it terms of its own", z.Name, z.Terms, other.Name))
		}
	}
}

func (s *Snapshot) checkReferences(c Catalog, errs *[]error) {
	missing := func(ok bool, what, name, target, id string) {
		if !ok {
			*errs = append(*errs, fmt.Errorf("%s %s names the %s %q, which does not exist", what, name, target, id))
		}
	}
	for i := range c.Zones {
		z := &c.Zones[i]
		missing(s.plans[z.PlanID] != nil, "zone", z.Name, "plan", z.PlanID)
	}
	for i := range c.Residences {
		r := &c.Residences[i]
		missing(s.plans[r.PlanID] != nil, "residence", r.Name, "plan", r.PlanID)
	}
	for i := range c.Dwellings {
		d := &c.Dwellings[i]
		missing(s.residences[d.ResidenceID] != nil, "dwelling", d.Ref, "residence", d.ResidenceID)
	}
	for i := range c.NASes {
		n := &c.NASes[i]
		missing(n.ZoneID == "" || s.zones[n.ZoneID] != nil, "NAS", n.Name, "zone", n.ZoneID)
	}
	for i := range c.AccessPoints {
		a := &c.AccessPoints[i]
		missing(a.ZoneID == "" || s.zones[a.ZoneID] != nil, "access point", a.Name, "zone", a.ZoneID)
		missing(a.ResidenceID == "" || s.residences[a.ResidenceID] != nil, "access point", a.Name, "residence", a.ResidenceID)
		if a.ZoneID != "" && a.ResidenceID != "" {
			*errs = append(*errs, fmt.Errorf("access point %s stands in a zone and in a residence: it can be in one only", a.Name))
		}
		missing(a.NASID == "" || s.nasByID[a.NASID] != nil, "access point", a.Name, "NAS", a.NASID)
	}
	for i := range c.Outlets {
		o := &c.Outlets[i]
		missing(s.dwellings[o.DwellingID] != nil, "outlet", o.Port, "dwelling", o.DwellingID)
		missing(s.nasByID[o.NASID] != nil, "outlet", o.Port, "NAS", o.NASID)
	}
	for i := range c.Cards {
		k := &c.Cards[i]
		missing(k.ZoneID == "" || s.zones[k.ZoneID] != nil, "card", k.ID, "zone", k.ZoneID)
	}
}

// index maps the elements of list by key; elements with a zero key are left out.
func index[K comparable, T any](list []T, what string, key func(*T) K, errs *[]error) map[K]*T {
	m := make(map[K]*T, len(list))
	var zero K
	for i := range list {
		k := key(&list[i])
		if k == zero {
			continue
		}
		if m[k] != nil {
			*errs = append(*errs, fmt.Errorf("the %s %v is there twice", what, k))
			continue
		}
		m[k] = &list[i]
	}
	return m
}

// unmap spells an IPv4 address or range that was written as IPv6, because
// NASByAddr looks for it as IPv4, and clears the bits behind the prefix.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// NASByAddr finds the RADIUS client that sends from addr: by its own address,
// else by the longest range. Nil when there is none.
func (s *Snapshot) NASByAddr(addr netip.Addr) *NAS {
	addr = addr.Unmap().WithZone("")
	if n := s.nasByAddr[addr]; n != nil {
		return n
	}
	for _, n := range s.nasRanges {
		if n.Prefix.Contains(addr) {
			return n
		}
	}
	return nil
}

// NAS returns the NAS with that id, or nil.
func (s *Snapshot) NAS(id string) *NAS { return s.nasByID[id] }

// NASes lists all of them; the slice must not be changed.
func (s *Snapshot) NASes() []*NAS { return s.nasList }

// NASByTLSName returns the NAS whose certificate shows that name, or nil. name
// is a DNS name in small letters, or "sha256:" and a fingerprint in hexadecimal.
func (s *Snapshot) NASByTLSName(name string) *NAS { return s.nasByTLS[name] }

// Outlet returns the wired port of a NAS, or nil.
func (s *Snapshot) Outlet(nasID, port string) *Outlet { return s.outlets[outletKey{nasID, port}] }

// HasOutlets reports whether the NAS has any wired port that serves a dwelling.
func (s *Snapshot) HasOutlets(nasID string) bool { return s.outletNASes[nasID] }

// NASByIdentifier returns the NAS with that NAS-Identifier, or nil.
func (s *Snapshot) NASByIdentifier(ident string) *NAS { return s.nasByIdent[ident] }

// AccessPoint returns the access point with that id, or nil.
func (s *Snapshot) AccessPoint(id string) *AccessPoint { return s.apByID[id] }

// FindAccessPoint finds an access point by its BSSID, else by the
// NAS-Identifier that it sends. Nil when neither is known.
func (s *Snapshot) FindAccessPoint(bssid MAC, identifier string) *AccessPoint {
	if !bssid.IsZero() {
		if a := s.apByBSSID[bssid]; a != nil {
			return a
		}
	}
	if identifier == "" {
		return nil
	}
	return s.apByIdent[identifier]
}

// AccessPoints lists all of them; the slice must not be changed.
func (s *Snapshot) AccessPoints() []*AccessPoint { return s.aps }

// Zones lists all zones; the slice must not be changed.
func (s *Snapshot) Zones() []*Zone { return s.zoneList }

// Plans lists all plans; the slice must not be changed.
func (s *Snapshot) Plans() []*Plan { return s.planList }

// Zone returns the zone with that id, or nil.
func (s *Snapshot) Zone(id string) *Zone { return s.zones[id] }

// Plan returns the plan with that id, or nil.
func (s *Snapshot) Plan(id string) *Plan { return s.plans[id] }

// Residence returns the residence with that id, or nil.
func (s *Snapshot) Residence(id string) *Residence { return s.residences[id] }

// Dwelling returns the dwelling with that id, or nil.
func (s *Snapshot) Dwelling(id string) *Dwelling { return s.dwellings[id] }

// DwellingByLogin returns the dwelling with that normalised login, or nil.
func (s *Snapshot) DwellingByLogin(login string) *Dwelling { return s.logins[login] }

// Card returns the card whose code has that keyed hash, or nil.
func (s *Snapshot) Card(hash string) *Card { return s.cards[hash] }
