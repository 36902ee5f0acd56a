package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"parvis/internal/access"
	"parvis/internal/accounting"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
	"parvis/portal/ui"
)

const (
	// refusalsRead is how many refused requests are looked through: all that are kept.
	refusalsRead = 1000
	// sessionsRead bounds the open sessions of one device or dwelling.
	sessionsRead = 300
)

// evidence is where a command line gets what a running server has in memory.
type evidence struct {
	store *store.Store
	live  shared // nil: what the server has in memory is out of reach
	notes []string
}

// explain tells why a device or login is or would be refused, from the
// database and, when several nodes share one, from Redis.
func (a *app) explain(ctx context.Context, args []string) error {
	f := a.flags("explain", "(--mac M | --login L) [--ap NAME | --zone NAME] (--config F | --dir D) [--json]")
	var from source
	from.flags(f)
	mac := f.String("mac", "", "address of the `device`, in any usual spelling")
	login := f.String("login", "", "`login` of the dwelling's letter; with --mac: as that device would use it")
	point := f.String("ap", "", "`name` of the access point where it would be")
	zone := f.String("zone", "", "`name` of the zone where it would be; without --ap and --zone: where it was last seen")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	q, err := readQuestion(*mac, *login)
	if err != nil {
		return err
	}
	if *point != "" && *zone != "" {
		return usagef("explain: give --ap or --zone, not both")
	}
	return a.withStore(ctx, from, func(cfg config.Config, db *store.Store) (err error) {
		e := &evidence{store: db}
		if cfg.Live.Engine == config.EngineRedis {
			e.live, err = openLive(ctx, nodeOptions{config: cfg, now: a.now, log: slog.New(slog.DiscardHandler)}, nil)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, e.live.Close()) }()
		}
		snapshot, err := e.snapshot(ctx)
		if err != nil {
			return err
		}
		if q.AccessPoint, err = pointNamed(snapshot, *point); err != nil {
			return err
		}
		if q.Zone, err = zoneNamed(snapshot, *zone); err != nil {
			return err
		}
		answer, err := e.answer(ctx, snapshot, q, a.now())
		if err != nil {
			return err
		}
		words, err := ui.New(ui.Options{})
		if err != nil {
			return err
		}
		told := telling{answer: answer, evidence: e, text: func(key string, args ...any) string { return words.Text("en", key, args...) }}
		if *asJSON {
			return writeJSON(a.stdout, told.json())
		}
		return told.print(a.stdout, a.now().Location())
	})
}

func readQuestion(mac, login string) (q access.Question, err error) {
	if mac == "" && login == "" {
		return q, usagef("explain: say who: --mac 02-AA-BB-CC-DD-01, or --login with the login of the letter")
	}
	if mac != "" {
		if q.MAC, err = directory.ParseMAC(mac); err != nil {
			return q, usagef("explain: --mac: %w", err)
		}
	}
	if login != "" {
		if q.Login, err = directory.ParseLogin(login); err != nil {
			return q, usagef("explain: --login: %w", err)
		}
	}
	return q, nil
}

// snapshot is the register as a server builds it. One that contradicts itself
// is usable; a running server has kept the one before.
func (e *evidence) snapshot(ctx context.Context) (*directory.Snapshot, error) {
	catalog, err := e.store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	s, err := directory.NewSnapshot(catalog)
	if err != nil {
		e.notes = append(e.notes, "The register in the database contradicts itself, so a running server goes on with an older one: "+
			strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return s, nil
}

func (e *evidence) answer(ctx context.Context, s *directory.Snapshot, q access.Question, now time.Time) (access.Answer, error) {
	refusals, err := e.refusals(ctx)
	if err != nil {
		return access.Answer{}, err
	}
	var sessions []accounting.Session
	if !q.MAC.IsZero() {
		sessions, err = e.store.OpenSessions(ctx, accounting.Filter{MAC: q.MAC}, sessionsRead)
		if err != nil {
			return access.Answer{}, err
		}
	}
	found := access.OpenCase(s, q, refusals, sessions)
	var failed error
	known := access.Known{Remembered: func(mac directory.MAC, terms string) time.Time {
		d, _, err := e.store.Device(ctx, mac, terms)
		failed = errors.Join(failed, err)
		return d.Until
	}}
	if found.Dwelling != nil {
		known.OtherDevices, err = e.others(ctx, found.Dwelling.ID, q.MAC)
		if err != nil {
			return access.Answer{}, err
		}
	}
	answer := found.Answer(s, known, now)
	return answer, failed
}

// refusals are what was refused lately. They are about people and never on
// disk: without Redis they are in the memory of the server and nowhere else.
func (e *evidence) refusals(ctx context.Context) ([]directory.Refusal, error) {
	if e.live == nil {
		e.notes = append(e.notes, "The last attempts are in the memory of the running server: see the page \"Explain\" of its console.")
		return nil, nil
	}
	list, err := e.live.Refusals(ctx, refusalsRead)
	if err != nil {
		return nil, fmt.Errorf("read the last attempts: %w", err)
	}
	return list, nil
}

// others counts the other devices of a dwelling. The server counts by what it
// heard in the last minutes; the database has the sessions that are open.
func (e *evidence) others(ctx context.Context, dwellingID string, mac directory.MAC) (int, error) {
	if e.live != nil {
		n, err := e.live.Others(ctx, dwellingID, mac)
		if err != nil {
			return 0, fmt.Errorf("count the devices of the dwelling: %w", err)
		}
		return n, nil
	}
	e.notes = append(e.notes, "The devices of the dwelling are counted by its open sessions in the database; the running server may know of a change a moment before.")
	sessions, err := e.store.OpenSessions(ctx, accounting.Filter{DwellingID: dwellingID}, sessionsRead)
	if err != nil {
		return 0, err
	}
	on := map[directory.MAC]bool{}
	for _, s := range sessions {
		if s.MAC != mac {
			on[s.MAC] = true
		}
	}
	return len(on), nil
}

// pointNamed accepts an id, or a name in any case when only one access point has it.
func pointNamed(s *directory.Snapshot, name string) (*directory.AccessPoint, error) {
	if name == "" {
		return nil, nil
	}
	var found []*directory.AccessPoint
	var ids []string
	for _, ap := range s.AccessPoints() {
		if ap.ID == name {
			return ap, nil
		}
		if strings.EqualFold(ap.Name, name) {
			found, ids = append(found, ap), append(ids, ap.ID)
		}
	}
	switch len(found) {
	case 0:
		return nil, usagef("there is no access point %q", name)
	case 1:
		return found[0], nil
	}
	return nil, usagef("%d access points are called %q: give one of the ids %s", len(found), name, joinSorted(ids))
}

// zoneNamed accepts an id, or a name in any case.
func zoneNamed(s *directory.Snapshot, name string) (*directory.Zone, error) {
	if name == "" {
		return nil, nil
	}
	var names []string
	for _, z := range s.Zones() {
		if z.ID == name || strings.EqualFold(z.Name, name) {
			return z, nil
		}
		names = append(names, strconv.Quote(z.Name))
	}
	return nil, usagef("there is no zone %q: there are %s", name, joinSorted(names))
}
