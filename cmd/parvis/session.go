package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// session lists running sessions and asks NASes to end or change them.
func (a *app) session(ctx context.Context, args []string) error {
	return subcommand("session", args, map[string]func([]string) error{
		"list":       func(rest []string) error { return a.sessionList(ctx, rest) },
		"disconnect": func(rest []string) error { return a.sessionDisconnect(ctx, rest) },
		"change":     func(rest []string) error { return a.sessionChange(ctx, rest) },
	})
}

const (
	sessionsListed = 10_000
	// recently is for how long the list shows what was wanted of a session.
	recently = 24 * time.Hour
)

func (a *app) sessionList(ctx context.Context, args []string) error {
	f := a.flags("session list", "(--config F | --dir D) [--zone Z | --dwelling LOGIN | --ap NAME] [--json]")
	var from source
	from.flags(f)
	zone := f.String("zone", "", "only in this `zone`: name or id")
	dwelling := f.String("dwelling", "", "only of the dwelling with this `login`")
	ap := f.String("ap", "", "only on this access point: `name` or id")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	return a.withStore(ctx, from, func(_ config.Config, db *store.Store) error {
		names, err := readNames(ctx, db)
		if err != nil {
			return err
		}
		filter, err := names.filter(*zone, *dwelling, *ap)
		if err != nil {
			return usagef("session list: %w", err)
		}
		sessions, err := db.OpenSessions(ctx, filter, sessionsListed)
		if err != nil {
			return err
		}
		wanted, err := lastWanted(ctx, db, a.now().Add(-recently))
		if err != nil {
			return err
		}
		rows := make([]sessionRow, 0, len(sessions))
		for _, s := range sessions {
			rows = append(rows, names.row(s, wanted[s.Key]))
		}
		if *asJSON {
			return writeJSON(a.stdout, rows)
		}
		if err := a.sessionTable(rows); err != nil {
			return err
		}
		if len(rows) == sessionsListed {
			fmt.Fprintf(a.stdout, "Only the newest %d are listed: narrow it with --zone, --dwelling or --ap.\n", sessionsListed)
		}
		return nil
	})
}

// sessionRow is a session with names instead of ids.
type sessionRow struct {
	Key         string    `json:"key"`
	MAC         string    `json:"mac"`
	Login       string    `json:"login"`
	NAS         string    `json:"nas"`
	AccessPoint string    `json:"access_point"`
	Zone        string    `json:"zone"`
	Dwelling    string    `json:"dwelling"`
	StartedAt   time.Time `json:"started_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	BytesIn     uint64    `json:"bytes_in"`  // from the device
	BytesOut    uint64    `json:"bytes_out"` // towards it
	Wanted      string    `json:"wanted"`    // what was last wanted of it, and what became of it
}

func (a *app) sessionTable(rows []sessionRow) error {
	lines := [][]string{{"DEVICE", "LOGIN", "WHERE", "SINCE", "DOWN", "UP", "KEY", "LAST WANTED"}}
	for _, r := range rows {
		where := r.AccessPoint
		if where == "" {
			where = r.NAS
		}
		lines = append(lines, []string{
			r.MAC, r.Login, where, r.StartedAt.In(a.now().Location()).Format(time.DateTime),
			megabytes(r.BytesOut), megabytes(r.BytesIn), r.Key, r.Wanted,
		})
	}
	return table(a.stdout, lines)
}

func megabytes(n uint64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// lastWanted is what was last wanted of each session since an instant.
func lastWanted(ctx context.Context, db *store.Store, since time.Time) (map[string]string, error) {
	list, err := db.Intents(ctx, since, sessionsListed)
	if err != nil {
		return nil, err
	}
	wanted := map[string]string{}
	for _, i := range list { // newest first
		if _, newer := wanted[i.SessionKey]; !newer {
			wanted[i.SessionKey] = i.Kind + " by " + i.By + ": " + wantedWords(i)
		}
	}
	return wanted, nil
}

// wantedWords says how far an intent is, in one sentence.
func wantedWords(i store.Intent) string {
	switch i.State {
	case store.IntentWanted:
		return "not taken up yet"
	case store.IntentSent:
		return "asked, no answer yet"
	case store.IntentUnknown:
		return "unknown: " + i.Detail
	}
	return i.Detail
}

// names finds the nouns of a listing.
type names struct {
	zones, points, nases map[string]string // id to name
	dwellings            map[string]string // id to login
}

func readNames(ctx context.Context, db *store.Store) (names, error) {
	c, err := db.Catalog(ctx)
	if err != nil {
		return names{}, err
	}
	n := names{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
	for _, z := range c.Zones {
		n.zones[z.ID] = z.Name
	}
	for _, p := range c.AccessPoints {
		n.points[p.ID] = p.Name
	}
	for _, v := range c.NASes {
		n.nases[v.ID] = v.Name
	}
	for _, d := range c.Dwellings {
		n.dwellings[d.ID] = d.Login
	}
	return n, nil
}

func (n names) row(s accounting.Session, wanted string) sessionRow {
	r := sessionRow{
		Key: s.Key, Login: s.Login, NAS: n.nases[s.NASID], AccessPoint: n.points[s.AccessPointID],
		Zone: n.zones[s.ZoneID], Dwelling: n.dwellings[s.DwellingID], StartedAt: s.StartedAt, UpdatedAt: s.UpdatedAt,
		BytesIn: s.In, BytesOut: s.Out, Wanted: wanted,
	}
	if !s.MAC.IsZero() {
		r.MAC = s.MAC.String()
	}
	return r
}

// filter reads the flags of a listing, of which at most one is given.
func (n names) filter(zone, dwelling, ap string) (accounting.Filter, error) {
	var f accounting.Filter
	given := 0
	for _, g := range []struct {
		value, flag string
		ids         map[string]string
		id          *string
	}{
		{zone, "--zone", n.zones, &f.ZoneID},
		{dwelling, "--dwelling", n.dwellings, &f.DwellingID},
		{ap, "--ap", n.points, &f.AccessPointID},
	} {
		if g.value == "" {
			continue
		}
		given++
		var err error
		if *g.id, err = findID(g.flag, g.value, g.ids); err != nil {
			return f, err
		}
	}
	if given > 1 {
		return f, fmt.Errorf("give one of --zone, --dwelling and --ap")
	}
	return f, nil
}

// findID accepts an id, or a name in any case.
func findID(flag, value string, ids map[string]string) (string, error) {
	if _, ok := ids[value]; ok {
		return value, nil
	}
	found := ""
	for id, name := range ids {
		if !strings.EqualFold(name, value) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%s: several are called %q: give the id", flag, value)
		}
		found = id
	}
	if found == "" {
		return "", fmt.Errorf("%s: there is no %q", flag, value)
	}
	return found, nil
}

// sessionUser checks that --by names somebody who may touch sessions.
func sessionUser(ctx context.Context, db *store.Store, by string) (string, error) {
	if by == "" {
		return "", usagef("say who wants it: --by USER")
	}
	u, ok, err := db.UserByName(ctx, by)
	switch {
	case err != nil:
		return "", err
	case !ok || u.Disabled:
		return "", usagef("--by: there is no console user %q", by)
	case u.Role != directory.RoleAdmin && u.Role != directory.RoleNetwork:
		return "", usagef("--by: the user %q may not touch sessions: an administrator or somebody of the network may", by)
	}
	return u.Name, nil
}
