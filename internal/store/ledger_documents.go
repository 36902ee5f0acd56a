package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"parvis/billing"
	"parvis/internal/directory"
)

// Documents implements billing.Ledger. Up to five minutes.
func (s *Store) Documents(ctx context.Context, operatorID string, m directory.Month) ([]billing.Document, error) {
	var list []billing.Document
	err := s.readFor(ctx, longTimeout, func(q querier) error {
		var err error
		list, err = readDocuments(ctx, q, operatorID, m)
		return err
	})
	return list, err
}

// Links implements billing.Ledger.
func (s *Store) Links(ctx context.Context) ([]billing.Link, error) {
	var list []billing.Link
	err := s.readFor(ctx, longTimeout, func(q querier) error {
		var err error
		list, err = collect(ctx, q, func(row scanner) (billing.Link, error) {
			var l billing.Link
			err := row.Scan(&l.DocumentID, &l.OperatorID, &l.Month, &l.Series, &l.Number, &l.IssuedOn, &l.PrevHash, &l.Hash)
			return l, err
		}, `SELECT id, operator_id, month, series, number, issued_date, prev_hash, hash FROM document ORDER BY series, number`)
		return err
	})
	return list, wrap("read the chain of documents", err)
}

const documentColumns = `id, operator_id, operator_name, operator_siren, month, kind, series, number,
	issued_date, issued_at, drafted_by, approved_by, issued_by,
	total_cents, net_cents, vat_cents, vat_permille, rule, input_hash, prev_hash, hash`

func insertDocument(ctx context.Context, tx *sql.Tx, d *billing.Document) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO document (`+documentColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		d.ID, d.OperatorID, d.Operator, d.SIREN, int64(d.Month), string(d.Kind), d.Series, d.Number,
		int64(d.IssuedOn), millis(d.IssuedAt), d.DraftedBy, d.ApprovedBy, d.IssuedBy,
		int64(d.Total), int64(d.Net), int64(d.VAT), int64(d.VATPerMille), d.Rule, d.InputHash, d.PrevHash, d.Hash)
	if err != nil {
		return wrap("write the document", err)
	}
	err = insertLines(ctx, tx, d)
	if err != nil {
		return wrap("write the lines", err)
	}
	for _, p := range d.Postings {
		_, err = tx.ExecContext(ctx, `INSERT INTO posting (document_id, account, amount_cents) VALUES ($1, $2, $3)`, d.ID, p.Account, int64(p.Amount))
		if err != nil {
			return wrap("write the postings", err)
		}
	}
	return nil
}

const (
	lineColumns = 14
	// lineBatch rows go in one statement: on PostgreSQL each statement is a way
	// there and back, while SQLite's driver looks each parameter up by name and
	// slows down with their number (measured: 10 to 25 rows are the best of it).
	lineBatch = 25
)

func insertLines(ctx context.Context, tx *sql.Tx, d *billing.Document) error {
	full := len(d.Lines) / lineBatch * lineBatch
	err := insertLineBatches(ctx, tx, d.ID, d.Lines[:full], 0, lineBatch)
	if err != nil {
		return err
	}
	return insertLineBatches(ctx, tx, d.ID, d.Lines[full:], full, 1)
}

// insertLineBatches writes lines, size of them at a time, which must divide
// their number. before is how many lines stand ahead of them.
func insertLineBatches(ctx context.Context, tx *sql.Tx, documentID string, lines []billing.Line, before, size int) error {
	if len(lines) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, `
		INSERT INTO document_line (document_id, position, dwelling_id, dwelling_ref, residence, door, lease_id, lease_ref,
			from_date, until_date, days, amount_cents, tariff_id, correction)
		VALUES `+placeholders(size, lineColumns))
	if err != nil {
		return err
	}
	defer stmt.Close()
	args := make([]any, 0, size*lineColumns)
	for i := range lines {
		l := &lines[i]
		args = append(args, documentID, int64(before+i+1), l.DwellingID, l.DwellingRef, l.Residence, l.Door, l.LeaseID, l.LeaseRef,
			int64(l.From), int64(l.Until), int64(l.Days), int64(l.Amount), l.TariffID, l.Correction)
		if len(args) < cap(args) {
			continue
		}
		_, err = stmt.ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		args = args[:0]
	}
	return nil
}

// placeholders spells ($1, $2), ($3, $4), … for rows of that many columns.
func placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	return b.String()
}

// readDocuments returns the operator's documents of the month, or of all months
// when m is 0, oldest first.
func readDocuments(ctx context.Context, q querier, operatorID string, m directory.Month) ([]billing.Document, error) {
	list, err := collect(ctx, q, func(row scanner) (billing.Document, error) {
		var d billing.Document
		var at int64
		err := row.Scan(&d.ID, &d.OperatorID, &d.Operator, &d.SIREN, &d.Month, &d.Kind, &d.Series, &d.Number,
			&d.IssuedOn, &at, &d.DraftedBy, &d.ApprovedBy, &d.IssuedBy,
			&d.Total, &d.Net, &d.VAT, &d.VATPerMille, &d.Rule, &d.InputHash, &d.PrevHash, &d.Hash)
		d.IssuedAt = instant(at)
		return d, err
	}, `SELECT `+documentColumns+` FROM document
		WHERE operator_id = $1 AND (month = $2 OR $2 = 0) ORDER BY series, number`, operatorID, int64(m))
	if err != nil {
		return nil, wrap("read the documents", err)
	}
	for i := range list {
		err = readContent(ctx, q, &list[i])
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readContent fills in the lines and postings.
func readContent(ctx context.Context, q querier, d *billing.Document) error {
	var err error
	d.Lines, err = collect(ctx, q, func(row scanner) (billing.Line, error) {
		var l billing.Line
		err := row.Scan(&l.DwellingID, &l.DwellingRef, &l.Residence, &l.Door, &l.LeaseID, &l.LeaseRef,
			&l.From, &l.Until, &l.Days, &l.Amount, &l.TariffID, &l.Correction, &l.Label)
		return l, err
	}, `SELECT l.dwelling_id, l.dwelling_ref, l.residence, l.door, l.lease_id, l.lease_ref,
			l.from_date, l.until_date, l.days, l.amount_cents, l.tariff_id, l.correction, t.label
		FROM document_line l JOIN tariff t ON t.id = l.tariff_id WHERE l.document_id = $1 ORDER BY l.position`, d.ID)
	if err != nil {
		return wrap("read the lines", err)
	}
	d.Postings, err = collect(ctx, q, func(row scanner) (billing.Posting, error) {
		var p billing.Posting
		err := row.Scan(&p.Account, &p.Amount)
		return p, err
	}, `SELECT account, amount_cents FROM posting WHERE document_id = $1 ORDER BY account`, d.ID)
	return wrap("read the postings", err)
}
