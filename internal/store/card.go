package store

import (
	"context"

	"parvis/internal/directory"
)

const upsertCard = `
	INSERT INTO card (id, zone_id, hash, until_at, revoked) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (id) DO UPDATE SET zone_id = excluded.zone_id, hash = excluded.hash, until_at = excluded.until_at,
		revoked = excluded.revoked`

func cardArgs(c directory.Card) ([]any, error) {
	return []any{c.ID, c.ZoneID, c.Hash, millis(c.Until), c.Revoked}, c.Validate()
}

// PutCard writes a paper card, new or changed.
func (s *Store) PutCard(ctx context.Context, c directory.Card) error {
	return put(ctx, s, "card", upsertCard, c.ID, c, cardArgs)
}
