package billing

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// The canonical form of lines and documents, of which hashes are taken. Every
// field is a netstring, length ":" bytes ",", so that no two lists of fields
// give the same bytes. It is never changed: a new field means a new version
// beside the old one, which must stay to verify what was issued under it.
const (
	inputVersion    = "parvis-lines/1"
	documentVersion = "parvis-document/1"
)

type canonical struct {
	h   hash.Hash
	buf []byte
}

func newCanonical(version string) *canonical {
	c := &canonical{h: sha256.New()}
	c.text(version)
	return c
}

func (c *canonical) text(fields ...string) {
	c.buf = c.buf[:0]
	for _, s := range fields {
		c.buf = strconv.AppendInt(c.buf, int64(len(s)), 10)
		c.buf = append(c.buf, ':')
		c.buf = append(c.buf, s...)
		c.buf = append(c.buf, ',')
	}
	c.h.Write(c.buf)
}

func (c *canonical) number(values ...int64) {
	for _, v := range values {
		c.text(strconv.FormatInt(v, 10))
	}
}

func (c *canonical) lines(lines []Line) {
	c.number(int64(len(lines)))
	for i := range lines {
		l := &lines[i]
		c.text(l.DwellingID, l.DwellingRef, l.Residence, l.Door, l.LeaseID, l.LeaseRef, l.TariffID, l.Label)
		correction := int64(0)
		if l.Correction {
			correction = 1
		}
		c.number(int64(l.From), int64(l.Until), int64(l.Days), int64(l.Amount), correction)
	}
}

func (c *canonical) sum() string { return hex.EncodeToString(c.h.Sum(nil)) }

// inputHash is of all that an approver sees and a document will say.
func (w work) inputHash() string {
	c := newCanonical(inputVersion)
	c.text(w.operator.ID, w.operator.Name, w.operator.SIREN, w.month.String(), string(w.kind()), Rule)
	c.number(int64(w.total), int64(w.net), int64(w.vat), int64(w.rate))
	c.lines(w.lines)
	return c.sum()
}

// Seal links the document behind the one before it in the series: it sets
// PrevHash and Hash. prev is empty for the first number. A changed or missing
// document breaks every hash after it.
func (d *Document) Seal(prev string) {
	d.PrevHash = prev
	d.Hash = d.hash()
}

func (d *Document) hash() string {
	c := newCanonical(documentVersion)
	c.text(d.PrevHash, d.ID, d.OperatorID, d.Operator, d.SIREN, d.Month.String(), string(d.Kind), d.Series)
	c.number(d.Number, int64(d.IssuedOn), d.IssuedAt.UnixMilli())
	c.text(d.DraftedBy, d.ApprovedBy, d.IssuedBy, d.Rule, d.InputHash)
	c.number(int64(d.Total), int64(d.Net), int64(d.VAT), int64(d.VATPerMille))
	c.lines(d.Lines)
	c.number(int64(len(d.Postings)))
	for _, p := range d.Postings {
		c.text(p.Account)
		c.number(int64(p.Amount))
	}
	return c.sum()
}
