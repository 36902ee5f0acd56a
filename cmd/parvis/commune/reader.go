package commune

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parvis/billing"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// What is read is bounded, and so is what is said about it.
const (
	maxFile     = 8 << 20
	maxList     = 64 << 20
	maxProblems = 100
)

// reader goes through one description and gathers what is wrong.
type reader struct {
	file     string
	now      time.Time
	files    []string // in the order in which problems are said
	problems config.Problems
	unsaid   int
	kinds    map[string]func(*row)

	plans        *shelf[directory.Plan]
	zones        *shelf[directory.Zone]
	nases        *shelf[directory.NAS]
	operators    *shelf[directory.Operator]
	sectors      *shelf[directory.Sector]
	agreements   *shelf[directory.Agreement]
	tariffs      *shelf[billing.Tariff]
	residences   *shelf[directory.Residence]
	accessPoints *shelf[directory.AccessPoint]
	dwellings    *shelf[directory.Dwelling]
	outlets      *shelf[directory.Outlet]
	leases       *shelf[directory.Lease]

	known   map[tariffKey][]billing.Tariff // in the database, in the order in which they came
	logins  map[string]bool
	secrets []Secret
	letters []Letter
}

// kindNames are the tables, those that others refer to first.
func kindNames() []string {
	return []string{
		"plan", "zone", "nas", "operator", "sector", "agreement", "tariff", "residence", "access_point", "dwelling",
		"outlet", "lease",
	}
}

func kindWords(name string) string {
	if name == "nas" {
		return "NAS"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Read reads the TOML file at path, and what it names, against what is there.
// With problems there is nothing to write.
func Read(path string, there store.Commune, now time.Time) (Import, config.Problems) {
	text, err := readFile(path, maxFile, false)
	if err != nil {
		return Import{}, config.Problems{{File: path, Text: err.Error()}}
	}
	return read(path, text, there, now)
}

func read(path, text string, there store.Commune, now time.Time) (Import, config.Problems) {
	rd := newReader(path, there, now)
	rows := rd.rows(text)
	for _, name := range kindNames() {
		for _, r := range rows[name] {
			rd.kinds[name](r)
		}
	}
	rd.compare()
	if len(rd.problems) == 0 {
		rd.contradictions()
	}
	if len(rd.problems) > 0 {
		return Import{}, rd.sorted()
	}
	return rd.result(), nil
}

func newReader(path string, there store.Commune, now time.Time) *reader {
	rd := &reader{
		file: path, now: now, files: []string{path},
		plans: newShelf[directory.Plan]("plan", false), zones: newShelf[directory.Zone]("zone", false),
		nases: newShelf[directory.NAS]("NAS", false), operators: newShelf[directory.Operator]("operator", false),
		sectors: newShelf[directory.Sector]("sector", false), agreements: newShelf[directory.Agreement]("agreement", false),
		tariffs: newShelf[billing.Tariff]("tariff", false), residences: newShelf[directory.Residence]("residence", false),
		accessPoints: newShelf[directory.AccessPoint]("access point", false),
		dwellings:    newShelf[directory.Dwelling]("dwelling", true), outlets: newShelf[directory.Outlet]("outlet", true),
		leases: newShelf[directory.Lease]("lease", true),
		known:  map[tariffKey][]billing.Tariff{}, logins: map[string]bool{},
	}
	rd.kinds = map[string]func(*row){
		"plan": rd.plan, "zone": rd.zone, "nas": rd.nas, "access_point": rd.accessPoint,
		"operator": rd.operator, "sector": rd.sector, "agreement": rd.agreement, "tariff": rd.tariff,
		"residence": rd.residence, "dwelling": rd.dwelling, "outlet": rd.outlet, "lease": rd.lease,
	}
	rd.load(there)
	return rd
}

// load puts what is in the database on the shelves.
func (rd *reader) load(c store.Commune) {
	operatorOf := map[string]string{} // of a sector, residence or dwelling
	for _, v := range c.Plans {
		rd.plans.load(v.ID, "", v.Name, v)
	}
	for _, v := range c.Zones {
		rd.zones.load(v.ID, "", v.Name, v)
	}
	for _, v := range c.NASes {
		rd.nases.load(v.ID, "", v.Name, v)
	}
	for _, v := range c.AccessPoints {
		rd.accessPoints.load(v.ID, "", v.Name, v)
	}
	for _, v := range c.Operators {
		rd.operators.load(v.ID, "", v.Name, v)
	}
	for _, v := range c.Sectors {
		operatorOf[v.ID] = v.OperatorID
		rd.sectors.load(v.ID, v.OperatorID, v.Name, v)
	}
	for _, v := range c.Agreements {
		rd.agreements.load(v.ID, v.SectorID, v.Reference, v)
	}
	for _, v := range c.Tariffs {
		key := tariffKey{v.OperatorID, v.SectorID, v.From}
		rd.known[key] = append(rd.known[key], v)
	}
	for _, v := range c.Residences {
		operatorOf[v.ID] = operatorOf[v.SectorID]
		rd.residences.load(v.ID, operatorOf[v.ID], v.Name, v)
	}
	for _, v := range c.Dwellings {
		operatorOf[v.ID] = operatorOf[v.ResidenceID]
		rd.dwellings.load(v.ID, operatorOf[v.ID], v.Ref, v)
		rd.logins[v.Login] = true
	}
	for _, v := range c.Outlets {
		rd.outlets.load(v.ID, v.NASID, v.Port, v)
	}
	for _, v := range c.Leases {
		rd.leases.load(v.ID, operatorOf[v.DwellingID], v.Ref, v)
	}
}

// rows reads the file and the lists that it names.
func (rd *reader) rows(text string) map[string][]*row {
	rows := map[string][]*row{}
	top, tables := rd.tables(text)
	for _, r := range tables {
		rows[r.what] = append(rows[r.what], r)
	}
	for _, list := range []struct {
		key, what string
		columns   []string
	}{{"dwellings_csv", "dwelling", dwellingColumns()}, {"leases_csv", "lease", leaseColumns()}} {
		name := top.text(list.key)
		if name == "" {
			continue
		}
		path := beside(rd.file, name)
		text, err := readFile(path, maxList, false)
		if err != nil {
			top.add(list.key, "%s: %v", path, err)
			continue
		}
		rd.files = append(rd.files, path)
		rows[list.what] = append(rows[list.what], rd.csvRows(path, text, list.what, list.columns)...)
	}
	top.done(nil)
	return rows
}

// beside returns where a file is that the description at file names.
func beside(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

func (rd *reader) add(file string, line int, key, format string, args ...any) {
	if rd.full() {
		rd.unsaid++
		return
	}
	rd.problems = append(rd.problems, config.Problem{File: file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

func (rd *reader) full() bool { return len(rd.problems) >= maxProblems }

// sorted returns the problems in the order of the files and their lines.
func (rd *reader) sorted() config.Problems {
	slices.SortStableFunc(rd.problems, func(a, b config.Problem) int {
		return cmp.Or(cmp.Compare(slices.Index(rd.files, a.File), slices.Index(rd.files, b.File)),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	if rd.unsaid > 0 {
		rd.problems = append(rd.problems, config.Problem{File: rd.file, Text: fmt.Sprintf("and %d more", rd.unsaid)})
	}
	return rd.problems
}
