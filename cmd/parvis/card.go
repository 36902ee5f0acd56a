package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// card makes paper cards.
func (a *app) card(ctx context.Context, args []string) error {
	return subcommand("card", args, map[string]func([]string) error{
		"add": func(rest []string) error { return a.cardAdd(ctx, rest) },
	})
}

const maxCards = 1000 // in one call; a batch is printed and handed out by hand

func (a *app) cardAdd(ctx context.Context, args []string) error {
	f := a.flags("card add", "--zone Z (--config F | --dir D) [--days 90] [--count 1] [--json]")
	var from source
	from.flags(f)
	zone := f.String("zone", "", "`zone` that the card opens: name or id")
	days := f.Int("days", 90, "`days` for which it is valid")
	count := f.Int("count", 1, "how many cards")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case *zone == "":
		return usagef("card add: say which zone: --zone Z")
	case *days < 1 || *days > 3660:
		return usagef("card add: --days is 1 to 3660")
	case *count < 1 || *count > maxCards:
		return usagef("card add: --count is 1 to %d", maxCards)
	}
	return a.withStore(ctx, from, func(cfg config.Config, db *store.Store) error {
		zoneID, err := findZone(ctx, db, *zone)
		if err != nil {
			return err
		}
		type row struct {
			ID    string    `json:"id"`
			Code  string    `json:"code"`
			Until time.Time `json:"until"`
		}
		made := []row{}
		var cards []directory.Card
		for range *count {
			code := directory.NewCardCode()
			k := directory.Card{
				ID: directory.NewID(a.now()), ZoneID: zoneID, Hash: cfg.Keys.Ticket.CardHash(code),
				Until: a.now().AddDate(0, 0, *days),
			}
			cards = append(cards, k)
			made = append(made, row{k.ID, directory.GroupCardCode(code), k.Until.UTC().Truncate(time.Second)})
		}
		if err := db.Import(ctx, store.Commune{Cards: cards}); err != nil {
			return err
		}
		if err := a.audit(ctx, db, "card.add", zoneID, strconv.Itoa(*count)+" cards"); err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(a.stdout, made)
		}
		fmt.Fprintln(a.stdout, "The codes are shown only this once; Parvis keeps a hash.")
		for _, r := range made {
			fmt.Fprintf(a.stdout, "%s   until %s\n", r.Code, directory.DateOf(r.Until))
		}
		return nil
	})
}
