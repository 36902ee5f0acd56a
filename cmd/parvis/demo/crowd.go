package demo

import (
	"fmt"
	"math/rand/v2"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// place is an access point that devices come to.
type place struct {
	ap     directory.AccessPoint
	zone   directory.Zone
	sender *sender
	silent bool // it has died
}

// crowd knows who may come next. Its MACs are few (120 known, 240 new, those of
// 60 dwellings), so that a demo that runs for days does not fill its store; the
// passers-by, who have ever new ones, are refused and leave no trace.
type crowd struct {
	rand   *rand.Rand
	run    int64 // makes Acct-Session-Ids of this run differ from the last one's
	count  int64
	places map[string][]*place // by zone
	turn   map[string]int
	known  []directory.Device
	homes  []home
	active map[directory.MAC]bool
	dying  *place // the first visitors of its zone stand there, so that its end shows
	stood  int
}

// home is a dwelling whose tenant connects.
type home struct {
	dwelling directory.Dwelling
	plan     directory.Plan
	sender   *sender
	called   string
}

const (
	newVisitors = 240
	homesOn     = 60
	homeDevices = 3
)

func newCrowd(o TrafficOptions, senders map[string]*sender) *crowd {
	now := o.Now()
	c := &crowd{
		rand: rand.New(rand.NewPCG(uint64(now.UnixNano()), 1)), run: now.Unix(),
		places: map[string][]*place{}, turn: map[string]int{},
		known: o.Sample.Devices, active: map[directory.MAC]bool{},
	}
	zones := map[string]directory.Zone{}
	for _, z := range o.Sample.Zones {
		zones[z.ID] = z
	}
	for _, ap := range o.Sample.AccessPoints {
		if z, ok := zones[ap.ZoneID]; ok {
			c.places[z.ID] = append(c.places[z.ID], &place{ap: ap, zone: z, sender: senders[ap.NASID]})
		}
	}
	c.homes = homes(o, senders)
	return c
}

// homes picks dwellings that are let now: the first one, which is the one for
// trying, and others from all over the stock.
func homes(o TrafficOptions, senders map[string]*sender) []home {
	s := o.Sample
	today := directory.DateOf(o.Now())
	let := map[string]bool{}
	for _, l := range s.Leases {
		let[l.DwellingID] = let[l.DwellingID] || l.Period.Contains(today)
	}
	residences, controllers := map[string]directory.Residence{}, map[string]*sender{}
	for _, r := range s.Residences {
		residences[r.ID] = r
		controllers[r.ID] = controllerOf(s, r, senders)
	}
	plans := map[string]directory.Plan{}
	for _, p := range s.Plans {
		plans[p.ID] = p
	}
	var all []home
	for i := 0; i < len(s.Dwellings); i += max(1, len(s.Dwellings)/homesOn) {
		d := s.Dwellings[i]
		r := residences[d.ResidenceID]
		if !let[d.ID] || controllers[r.ID] == nil {
			continue
		}
		// The controller's access points stand in the stairwells and are not in
		// the sample's inventory: tenants are found by their login.
		bssid := directory.MAC{0x02, 0x60, 0, 0, 0, byte(i)}
		all = append(all, home{
			dwelling: d, plan: plans[r.PlanID], sender: controllers[r.ID],
			called: controllers[r.ID].called(bssid, r.SSID),
		})
	}
	return all
}

func controllerOf(s Sample, r directory.Residence, senders map[string]*sender) *sender {
	for _, sector := range s.Sectors {
		for i, o := range s.Operators {
			if sector.ID != r.SectorID || o.ID != sector.OperatorID {
				continue
			}
			for _, n := range s.NASes {
				if n.Identifier == controllerIdentifier(i) {
					return senders[n.ID]
				}
			}
		}
	}
	return nil
}

// next makes the device that comes now; nil when the one that was drawn is
// there already.
func (c *crowd) next(o TrafficOptions) *device {
	d := &device{rand: rand.New(rand.NewPCG(c.rand.Uint64(), 2)), step: arrive, due: o.Now(), stay: o.Pace.Stay}
	d.fill = d.rand.Float64() * 0.2
	if d.rand.IntN(8) == 0 {
		d.fill = 0.8 + d.rand.Float64()*0.2
	}
	switch n := c.rand.IntN(100); {
	case n < 25 && len(c.homes) > 0 || c.count < 2:
		c.tenant(d)
	case n < 27 && len(c.homes) > 0:
		c.tenant(d)
		d.login, d.slips = "logement-9999", 0 // nobody's
	case n < 32:
		c.visitor(d, c.anyZone(o), directory.MAC{0x0e, 0x33, byte(c.rand.Uint32()), byte(c.rand.Uint32()), byte(c.rand.Uint32()), byte(c.rand.Uint32())})
	case n < 55 || len(c.known) == 0:
		c.visitor(d, c.anyZone(o), directory.MAC{0x0a, 0x20, 0, 0, 0, byte(c.rand.IntN(newVisitors))})
		d.accepts = o.Accept != nil
	default:
		k := c.known[c.rand.IntN(len(c.known))]
		c.visitor(d, k.ZoneID, k.MAC)
		d.accepts = o.Accept != nil
	}
	c.count++
	if c.active[d.mac] || d.sender == nil {
		return nil
	}
	if d.place != nil {
		for _, p := range o.Sample.Plans {
			if p.ID == d.place.zone.PlanID {
				d.plan = p
			}
		}
	}
	d.session = client.Session{
		ID: fmt.Sprintf("%08X-%06X", c.run, c.count), User: d.mac.String(), MAC: d.mac, Called: d.called,
	}
	if d.login != "" {
		d.session.User = d.login
	}
	c.active[d.mac] = true
	return d
}

// tenant makes d a device of a home; the first two, and then one of ten, belong
// to the dwelling for trying, so that its page has something to show.
func (c *crowd) tenant(d *device) {
	if len(c.homes) == 0 {
		return
	}
	i := c.rand.IntN(len(c.homes))
	if c.count < 2 || c.rand.IntN(10) == 0 {
		i = 0
		d.stay *= 10
	}
	h := c.homes[i]
	d.mac = directory.MAC{0x12, 0x40, 0, 0, byte(i), byte((c.count + int64(i)) % homeDevices)}
	d.sender, d.called, d.plan = h.sender, h.called, h.plan
	d.login, d.password = h.dwelling.Login, h.dwelling.Password
	d.chap = c.rand.IntN(2) == 0
	if c.count >= 2 && c.rand.IntN(10) == 0 {
		d.slips = 1
	}
}

// visitor puts d at the next access point of the zone, so that each has some.
func (c *crowd) visitor(d *device, zoneID string, mac directory.MAC) {
	places := c.places[zoneID]
	const mourned = 4
	for range places {
		p := places[c.turn[zoneID]%len(places)]
		c.turn[zoneID]++
		if c.dying != nil && c.dying.zone.ID == zoneID && c.stood < mourned {
			p = c.dying
			c.stood++
		}
		if !p.silent {
			d.mac, d.place, d.sender = mac, p, p.sender
			d.called = p.sender.called(p.ap.BSSID, p.zone.SSID)
			return
		}
	}
}

func (c *crowd) anyZone(o TrafficOptions) string {
	return o.Sample.Zones[c.rand.IntN(len(o.Sample.Zones))].ID
}
