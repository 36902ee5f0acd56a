package commune

import (
	"parvis/internal/directory"
	"parvis/internal/store"
)

// Import is what a file comes to against a database.
type Import struct {
	// Write is what is new or changed, for store.Import. Secrets that stay as
	// they are are left out of it, which the store takes as just that.
	Write store.Commune
	// Counts is how much the file names of each kind, in the order of kindNames.
	Counts  []Count
	Changes []Change
	// Secrets are the shared secrets that were made for RADIUS clients.
	Secrets []Secret
	// Letters are for the dwellings that got a login or a password.
	Letters []Letter
}

// Count says what becomes of the nouns of one kind that the file names.
type Count struct {
	Noun      string `json:"noun"`
	Added     int    `json:"added"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
}

// Change is one noun that is added or changed.
type Change struct {
	Noun  string `json:"noun"`
	Name  string `json:"name"`
	Added bool   `json:"added"`
}

// Secret is one that was made for a RADIUS client.
type Secret struct {
	NAS    string
	Secret directory.Secret
}

// Letter is what the people of a dwelling need to connect.
type Letter struct {
	OperatorID, Operator      string
	Residence, Dwelling, Door string
	Login                     string
	Password                  directory.Secret
}

// Nothing reports whether the database says already what the file says.
func (i Import) Nothing() bool { return len(i.Changes) == 0 }

// compare holds the nouns of the file against each other and the database.
func (rd *reader) compare() {
	unique(rd.nases, "address", func(n directory.NAS) string {
		if !n.Prefix.IsValid() {
			return ""
		}
		return n.Prefix.String()
	})
	unique(rd.nases, "certificate name", func(n directory.NAS) string { return n.TLSName })
	unique(rd.nases, "identifier", func(n directory.NAS) string { return n.Identifier })
	unique(rd.accessPoints, "BSSID", func(a directory.AccessPoint) string {
		if a.BSSID.IsZero() {
			return ""
		}
		return a.BSSID.String()
	})
	unique(rd.accessPoints, "identifier", func(a directory.AccessPoint) string { return a.Identifier })
	unique(rd.operators, "SIREN", func(o directory.Operator) string { return o.SIREN })
	unique(rd.dwellings, "login", func(d directory.Dwelling) string { return d.Login })
	rd.overlaps()
}

// contradictions makes sure that a server that runs will take what is written.
func (rd *reader) contradictions() {
	_, err := directory.NewSnapshot(directory.Catalog{
		Plans: nouns(rd.plans), Zones: nouns(rd.zones), NASes: nouns(rd.nases), AccessPoints: nouns(rd.accessPoints),
		Residences: nouns(rd.residences), Dwellings: nouns(rd.dwellings), Outlets: nouns(rd.outlets),
	})
	if err != nil {
		for _, e := range split(err) {
			rd.add(rd.file, 0, "", "the commune would contradict itself: %v", e)
		}
	}
}

func nouns[T comparable](s *shelf[T]) []T {
	list := make([]T, len(s.items))
	for n, i := range s.items {
		list[n] = i.noun
	}
	return list
}

func (rd *reader) result() Import {
	out := Import{Secrets: rd.secrets, Letters: rd.letters}
	w := &out.Write
	w.Plans = settle(&out, rd.plans, nil)
	w.Zones = settle(&out, rd.zones, nil)
	w.NASes = settle(&out, rd.nases, func(v *directory.NAS, was directory.NAS) {
		leave(&v.Secret, was.Secret)
		leave(&v.GatewaySecret, was.GatewaySecret)
		leave(&v.MACPassword, was.MACPassword)
		leave(&v.OldSecret, was.OldSecret)
	})
	w.Operators = settle(&out, rd.operators, nil)
	w.Sectors = settle(&out, rd.sectors, nil)
	w.Agreements = settle(&out, rd.agreements, nil)
	w.Tariffs = settle(&out, rd.tariffs, nil)
	w.Residences = settle(&out, rd.residences, nil)
	w.AccessPoints = settle(&out, rd.accessPoints, nil)
	w.Dwellings = settle(&out, rd.dwellings, func(v *directory.Dwelling, was directory.Dwelling) {
		leave(&v.Password, was.Password)
	})
	w.Outlets = settle(&out, rd.outlets, nil)
	w.Leases = settle(&out, rd.leases, nil)
	operators := map[string]string{}
	for _, i := range rd.operators.items {
		operators[i.id] = i.name
	}
	for n := range out.Letters {
		out.Letters[n].Operator = operators[out.Letters[n].OperatorID]
	}
	return out
}

// leave takes a secret out that stays as it is: it may be changing elsewhere at
// this moment, and the store keeps what it has for an empty one.
func leave(s *directory.Secret, was directory.Secret) {
	if *s == was {
		*s = directory.Secret{}
	}
}

// settle counts what the file names of one kind, and returns what is to be
// written; lean may take out of it what need not be.
func settle[T comparable](out *Import, s *shelf[T], lean func(v *T, was T)) []T {
	c := Count{Noun: s.noun}
	var write []T
	for _, i := range s.items {
		switch {
		case i.row == nil:
			continue
		case i.there && i.noun == i.was:
			c.Unchanged++
			continue
		case i.there:
			c.Changed++
		default:
			c.Added++
		}
		out.Changes = append(out.Changes, Change{Noun: s.noun, Name: i.name, Added: !i.there})
		v := i.noun
		if lean != nil {
			lean(&v, i.was)
		}
		write = append(write, v)
	}
	if c != (Count{Noun: s.noun}) {
		out.Counts = append(out.Counts, c)
	}
	return write
}
