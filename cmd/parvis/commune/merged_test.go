package commune

import (
	"slices"

	"parvis/billing"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// merged is what the store makes of an import, with the secrets that it keeps.
func merged(there, write store.Commune) store.Commune {
	nases := map[string]directory.NAS{}
	for _, n := range there.NASes {
		nases[n.ID] = n
	}
	keep := func(s *directory.Secret, old directory.Secret) {
		if s.IsZero() {
			*s = old
		}
	}
	write.NASes = slices.Clone(write.NASes)
	for i := range write.NASes {
		n, old := &write.NASes[i], nases[write.NASes[i].ID]
		keep(&n.Secret, old.Secret)
		keep(&n.GatewaySecret, old.GatewaySecret)
		keep(&n.MACPassword, old.MACPassword)
	}
	passwords := map[string]directory.Secret{}
	for _, d := range there.Dwellings {
		passwords[d.ID] = d.Password
	}
	write.Dwellings = slices.Clone(write.Dwellings)
	for i := range write.Dwellings {
		keep(&write.Dwellings[i].Password, passwords[write.Dwellings[i].ID])
	}
	return store.Commune{
		Plans:        over(there.Plans, write.Plans, func(v directory.Plan) string { return v.ID }),
		Zones:        over(there.Zones, write.Zones, func(v directory.Zone) string { return v.ID }),
		NASes:        over(there.NASes, write.NASes, func(v directory.NAS) string { return v.ID }),
		Operators:    over(there.Operators, write.Operators, func(v directory.Operator) string { return v.ID }),
		Sectors:      over(there.Sectors, write.Sectors, func(v directory.Sector) string { return v.ID }),
		Agreements:   over(there.Agreements, write.Agreements, func(v directory.Agreement) string { return v.ID }),
		Tariffs:      over(there.Tariffs, write.Tariffs, func(v billing.Tariff) string { return v.ID }),
		Residences:   over(there.Residences, write.Residences, func(v directory.Residence) string { return v.ID }),
		AccessPoints: over(there.AccessPoints, write.AccessPoints, func(v directory.AccessPoint) string { return v.ID }),
		Dwellings:    over(there.Dwellings, write.Dwellings, func(v directory.Dwelling) string { return v.ID }),
		Outlets:      over(there.Outlets, write.Outlets, func(v directory.Outlet) string { return v.ID }),
		Leases:       over(there.Leases, write.Leases, func(v directory.Lease) string { return v.ID }),
	}
}

func over[T any](there, write []T, id func(T) string) []T {
	list := slices.Clone(there)
	for _, v := range write {
		if n := slices.IndexFunc(list, func(old T) bool { return id(old) == id(v) }); n >= 0 {
			list[n] = v
		} else {
			list = append(list, v)
		}
	}
	return list
}
