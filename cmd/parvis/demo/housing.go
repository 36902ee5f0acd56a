package demo

import (
	"fmt"

	"parvis/internal/directory"
)

type sectorPlan struct {
	operator   int
	name, form string
	agreed     directory.Period
	residences []residencePlan
}

type residencePlan struct {
	name, address string
	dwellings     int
	built         directory.Date
	stairs        int
}

// sectorPlans has 3 sectors with 600 dwellings in all. Each sector agreed on
// its own day, as in Brest, where they joined between 2009 and 2022.
func (b *builder) sectorPlans() []sectorPlan {
	month := directory.MonthOf(b.today)
	lately := (month - 5).Period().From
	return []sectorPlan{
		{
			operator: 0, name: "Rive droite", form: directory.AgreementVote,
			agreed: directory.Period{From: directory.NewDate(2009, 10, 1)},
			residences: []residencePlan{
				{"Les Goélands", "1 à 9 rue des Goélands", 140, directory.NewDate(1974, 9, 1), 5},
				{"Le Phare", "22 avenue du Phare", 100, directory.NewDate(1981, 3, 1), 4},
			},
		},
		{
			operator: 0, name: "Plateau", form: directory.AgreementAccord,
			agreed: directory.Period{From: directory.NewDate(2012, 2, 1)},
			residences: []residencePlan{
				{"Les Ajoncs", "3 place des Ajoncs", 110, directory.NewDate(1969, 6, 1), 5},
				{"Les Bruyères", "8 rue des Bruyères", 70, directory.NewDate(2016, 11, 1), 3},
			},
		},
		{
			operator: 1, name: "Bourg", form: directory.AgreementVote,
			// An agreement with an end: the console must tell in time.
			agreed: directory.Period{From: lately, Until: (directory.MonthOf(lately) + 36).Period().From},
			residences: []residencePlan{
				{"Le Clos des Pommiers", "11 rue du Verger", 100, directory.NewDate(1992, 1, 1), 4},
				{"La Fontaine", "2 à 6 rue de la Fontaine", 80, directory.NewDate(2004, 7, 1), 3},
			},
		},
	}
}

func (b *builder) housing() {
	// Luhn-correct, but no company has numbers that start with seven zeros.
	b.Operators = []directory.Operator{
		{ID: b.id(), Name: "Habitat Littoral", SIREN: "000000018"},
		{ID: b.id(), Name: "Logis du Pays", SIREN: "000000026"},
	}
	for i, o := range b.Operators {
		// Tenants are let in by login, wherever they are: their controller
		// belongs to no zone.
		b.NASes = append(b.NASes, directory.NAS{
			ID: b.id(), Name: "Contrôleur " + o.Name, Prefix: loopback(fmt.Sprintf(ownAddress, firstController+i)),
			Secret: b.secret(), Dialect: "generic", Identifier: controllerIdentifier(i),
		})
	}
	for i, p := range b.sectorPlans() {
		s := directory.Sector{ID: b.id(), OperatorID: b.Operators[p.operator].ID, Name: p.name}
		b.Sectors = append(b.Sectors, s)
		b.Agreements = append(b.Agreements, directory.Agreement{
			ID: b.id(), SectorID: s.ID, Form: p.form, Period: p.agreed,
			Reference: fmt.Sprintf("Dossier %s-%d (exemple)", p.agreed.From.Time().Format("2006"), i+1),
		})
		for _, r := range p.residences {
			b.residence(s, p.operator, r)
		}
	}
	b.Dwellings[0].Password = directory.NewSecret(Secret)
	b.leases()
}

func controllerIdentifier(operator int) string { return fmt.Sprintf("controleur-%d", operator+1) }

func (b *builder) residence(s directory.Sector, operator int, p residencePlan) {
	r := directory.Residence{
		ID: b.id(), SectorID: s.ID, Name: p.name, Address: p.address + ", " + CommuneName,
		SSID: "Logement " + p.name, PlanID: b.Plans[1].ID,
	}
	b.Residences = append(b.Residences, r)
	for i := range p.dwellings {
		n := len(b.Dwellings) + 1
		stair, inStair := i%p.stairs, i/p.stairs
		floor, door := inStair/4, inStair%4
		b.Dwellings = append(b.Dwellings, directory.Dwelling{
			ID: b.id(), ResidenceID: r.ID,
			Ref:   fmt.Sprintf("%s-%02d-%04d", [...]string{"HL", "LP"}[operator], len(b.Residences), i+1),
			Door:  fmt.Sprintf("Escalier %c, étage %d, porte %d", 'A'+stair, floor, door+1),
			Login: fmt.Sprintf("logement-%04d", n), Password: b.secret(),
			Stock: directory.Period{From: p.built},
		})
	}
}

// Real parameters (Finistère 2024, RPLS): 2.9 % vacant, 8.7 % moves a year;
// Bretagne 2.2 % and 8.2 %.
const (
	vacantDwellings = 15 // 2.5 % of 600
	recentMoves     = 13 // 8.7 % a year, in a quarter
	leaversKnown    = 3  // notice given, still there
)

// leases gives each dwelling its history of the last years. The first dwelling
// keeps its tenant: it is the one for trying.
func (b *builder) leases() {
	order := b.rand.Perm(len(b.Dwellings) - 1)
	for rank, i := range order {
		d := b.Dwellings[i+1]
		switch {
		case rank < vacantDwellings:
			// One out of three is vacant for more than three months.
			left := b.today - directory.Date(1+b.rand.IntN(75))
			if rank%3 == 0 {
				left = b.today - directory.Date(95+b.rand.IntN(200))
			}
			b.lease(d, b.longAgo(d, left), left)
		case rank < vacantDwellings+recentMoves:
			left := b.today - directory.Date(5+b.rand.IntN(85))
			b.lease(d, b.longAgo(d, left), left)
			// From the same day on, up to about two months of works between.
			came := left + directory.Date(b.rand.IntN(5)*b.rand.IntN(15))
			b.lease(d, min(came, b.today), 0)
		case rank < vacantDwellings+recentMoves+leaversKnown:
			b.lease(d, b.longAgo(d, b.today), b.today+directory.Date(5+b.rand.IntN(50)))
		default:
			b.lease(d, b.longAgo(d, b.today), 0)
		}
	}
	d := b.Dwellings[0]
	b.lease(d, b.longAgo(d, b.today), 0)
}

// longAgo picks the day on which somebody moved in who was there at least half
// a year before that day, and at most 15 years.
func (b *builder) longAgo(d directory.Dwelling, before directory.Date) directory.Date {
	const year = 365
	from := before - directory.Date(year/2+b.rand.IntN(14*year+year/2))
	return max(from, d.Stock.From)
}

func (b *builder) lease(d directory.Dwelling, from, until directory.Date) {
	b.Leases = append(b.Leases, directory.Lease{
		ID: b.id(), DwellingID: d.ID, Ref: fmt.Sprintf("B-%06d", len(b.Leases)+1),
		Period: directory.Period{From: from, Until: until},
	})
}
