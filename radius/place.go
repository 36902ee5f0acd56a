package radius

import (
	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// place is where a request comes from; each part is nil when it is not known.
type place struct {
	accessPoint *directory.AccessPoint
	zone        *directory.Zone
	residence   *directory.Residence
}

// find reads the place off a request: the access point by the BSSID in
// Called-Station-Id, else by NAS-Identifier; where that is, else the zone of
// the NAS. The NAS is believed: a controller and its stand-in, or a proxy, may
// speak for the same access points from different addresses.
func find(snap *directory.Snapshot, nas *directory.NAS, attrs wire.Attributes) place {
	var bssid directory.MAC
	if v := attrs.Get(typeCalledStationID); v != nil {
		// An SSID that cannot be read leaves the access point unknown.
		if station, err := directory.ParseCalledStation(string(v)); err == nil {
			bssid = station.BSSID
		}
	}
	ap := snap.FindAccessPoint(bssid, string(attrs.Get(typeNASIdentifier)))
	if ap == nil {
		return place{zone: snap.Zone(nas.ZoneID)}
	}
	return place{accessPoint: ap, zone: snap.Zone(ap.ZoneID), residence: snap.Residence(ap.ResidenceID)}
}

func (p place) accessPointID() string {
	if p.accessPoint == nil {
		return ""
	}
	return p.accessPoint.ID
}

func (p place) zoneID() string {
	if p.zone == nil {
		return ""
	}
	return p.zone.ID
}

// callingMAC is the device's address, zero when it is absent or unreadable.
func callingMAC(attrs wire.Attributes) directory.MAC {
	v := attrs.Get(typeCallingStationID)
	if v == nil {
		return directory.MAC{}
	}
	mac, err := directory.ParseMAC(string(v))
	if err != nil {
		return directory.MAC{}
	}
	return mac
}
