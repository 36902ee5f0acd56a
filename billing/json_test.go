package billing

import (
	"encoding/json"
	"testing"

	"parvis/internal/directory"
)

// Programs read --json: dates are text, amounts whole cents, a list is never null.
func TestPreviewAsJSON(t *testing.T) {
	h := newHistory()
	h.ledger.facts["o"] = brest()
	p, err := h.engine.Preview(t.Context(), "o", november)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p.Lines[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"dwelling_id":"d","dwelling":"0001","residence":"Residence","door":"","lease_id":"l1","lease":"b1",` +
		`"from":"2026-11-01","until":"2026-12-01","days":30,"amount_cents":124,"tariff_id":"t5","label":"Internet","correction":false}`
	if string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
	p, err = h.engine.Preview(t.Context(), "o", directory.NewMonth(2009, 1))
	if err != nil {
		t.Fatal(err)
	}
	text, err = json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Month directory.Month `json:"month"`
		Lines []Line          `json:"lines"`
	}
	if err := json.Unmarshal(text, &back); err != nil || back.Lines == nil || back.Month != p.Month {
		t.Errorf("%s: %+v, %v", text, back, err)
	}
}
