package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parvis/internal/directory"
)

var testNow = time.Date(2026, 12, 3, 9, 30, 0, 0, time.UTC)

// issueMonth takes what is left of a month through every step; nil when there is nothing.
func issueMonth(e Engine, operator string, m directory.Month) (*Document, error) {
	ctx := context.Background()
	_, err := e.Draft(ctx, operator, m, "anne")
	if errors.Is(err, ErrNothing) {
		return nil, nil
	}
	if err == nil {
		_, err = e.Approve(ctx, operator, m, "bruno")
	}
	if err != nil {
		return nil, err
	}
	d, err := e.Issue(ctx, operator, m, "anne")
	return &d, err
}

// history is a ledger with its clock, and what must stay true of it.
type history struct {
	ledger *memory
	engine Engine
	now    time.Time
	frozen []Document // deep copies of what was issued
}

func newHistory() *history {
	h := &history{ledger: &memory{facts: map[string]Facts{}}, now: testNow}
	h.engine = Engine{Ledger: h.ledger, Now: func() time.Time { return h.now }}
	return h
}

func (h *history) issue(t *rapid.T, m directory.Month) {
	d, err := issueMonth(h.engine, "o", m)
	if err != nil {
		t.Fatal(err)
	}
	if d != nil {
		c := *d
		c.Lines, c.Postings = slices.Clone(d.Lines), slices.Clone(d.Postings)
		h.frozen = append(h.frozen, c)
	}
}

// Invariants 11, 15 to 19, 21, 22: after any history of late edits and
// runs the sum issued is what the oracle says of the last state.
func TestAnyHistoryOfLateEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory()
		f := drawCity(t, november)
		h.ledger.facts["o"] = f
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			switch rapid.IntRange(0, 5).Draw(t, "edit") {
			case 0:
				f = drawCity(t, november)
			case 1:
				f.Tariffs = append(slices.Clone(f.Tariffs), Tariff{
					ID: fmt.Sprintf("late%d", len(f.Tariffs)), OperatorID: "o", From: november.Period().From + directory.Date(rapid.IntRange(-5, 29).Draw(t, "from")),
					Price: directory.Cents(rapid.IntRange(90, 140).Draw(t, "price")), VATPerMille: 200, Label: "Internet", AddedAt: time.UnixMilli(int64(1000 + len(f.Tariffs))),
				})
			default:
				if len(f.Dwellings) > 0 {
					f.Leases = slices.Clone(f.Leases)
					drawLeases(t, &f, rapid.SampledFrom(f.Dwellings).Draw(t, "moved").ID, november.Period().From)
				}
			}
			h.ledger.facts["o"] = f
			h.now = h.now.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "later"))
			if rapid.Bool().Draw(t, "run") {
				h.issue(t, november)
			}
		}
		h.issue(t, november)
		issued := map[string]int64{}
		var total, vat directory.Cents
		for _, d := range h.ledger.documents {
			total += d.Total
			vat += d.VAT
			for _, l := range d.Lines {
				issued[l.DwellingID+"|"+l.LeaseID] += int64(l.Amount)
			}
			if d.Number == 1 == (d.PrevHash != "") {
				t.Fatalf("%s: chained to %q", d.Name(), d.PrevHash)
			}
		}
		shares, _ := oracle(f, november)
		var sum int64
		for k, s := range shares {
			sum += s.cents
			if issued[k] != s.cents {
				t.Fatalf("%s: issued %d, want %d", k, issued[k], s.cents)
			}
			delete(issued, k)
		}
		for k, left := range issued {
			if left != 0 {
				t.Fatalf("%s: %d issued, nothing owed", k, left)
			}
		}
		if int64(total) != sum || vat != vatOf(total, 200) {
			t.Fatalf("total %s (want %d), VAT %s", total, sum, vat)
		}
		count := len(h.ledger.documents)
		h.issue(t, november)
		if len(h.ledger.documents) != count {
			t.Fatal("the same facts again made a document")
		}
		if diff := cmp.Diff(h.frozen, h.ledger.documents); diff != "" {
			t.Fatalf("what was issued has changed: %s", diff)
		}
		v, err := h.engine.Verify(context.Background(), "o")
		if err != nil || !v.OK() || len(v.Pending) > 0 || v.Documents != count {
			t.Fatalf("%+v, %v", v, err)
		}
	})
}

// Invariant 17: an edit and its reverse net to nothing, VAT included.
func TestReversedEditNetsToNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory()
		first := drawCity(t, november)
		h.ledger.facts["o"] = first
		h.issue(t, november)
		sum := func() (total, net, vat directory.Cents) {
			for _, d := range h.ledger.documents {
				total, net, vat = total+d.Total, net+d.Net, vat+d.VAT
			}
			return
		}
		total, net, vat := sum()
		h.ledger.facts["o"] = drawCity(t, november)
		h.issue(t, november)
		h.ledger.facts["o"] = first
		h.issue(t, november)
		if a, b, c := sum(); a != total || b != net || c != vat {
			t.Fatalf("%s %s %s, want %s %s %s", a, b, c, total, net, vat)
		}
	})
}

// Invariant 12: the hash of what is issued depends on nothing but the facts.
func TestInputHashOfShuffledFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory()
		f := drawCity(t, november)
		h.ledger.facts["o"] = f
		a, err := h.engine.Preview(context.Background(), "o", november)
		if err != nil {
			t.Fatal(err)
		}
		h.ledger.facts["o"] = shuffle(t, f)
		h.now = h.now.In(time.FixedZone("far", 13*3600))
		b, err := h.engine.Preview(context.Background(), "o", november)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFourEyes(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name, drafter, approver, issuer string
		approve, issue                  error
	}{
		{"two people", "anne", "bruno", "anne", nil, nil},
		{"three people", "anne", "bruno", "carla", nil, nil},
		{"the approver issues", "anne", "bruno", "bruno", nil, nil},
		{"the drafter approves", "anne", "anne", "", ErrSamePerson, nil},
		{"the drafter in capitals approves", "anne", "ANNE ", "", ErrSamePerson, nil},
		{"the program drafts, two people", "parvis", "bruno", "anne", nil, nil},
		{"the program drafts, one person", "parvis", "bruno", "Bruno", nil, ErrSamePerson},
		{"the program approves", "anne", "parvis", "", ErrNobody, nil},
		{"the program issues", "anne", "bruno", "parvis", nil, ErrNobody},
		{"nobody approves", "anne", " ", "", ErrNobody, nil},
		{"nobody issues", "anne", "bruno", "", nil, ErrNobody},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHistory()
			h.ledger.facts["o"] = brest()
			if _, err := h.engine.Draft(ctx, "o", november, c.drafter); err != nil {
				t.Fatal(err)
			}
			_, err := h.engine.Approve(ctx, "o", november, c.approver)
			if !errors.Is(err, c.approve) {
				t.Fatalf("approve: %v, want %v", err, c.approve)
			}
			if err != nil {
				return
			}
			d, err := h.engine.Issue(ctx, "o", november, c.issuer)
			if !errors.Is(err, c.issue) || len(h.ledger.documents) != map[bool]int{true: 1}[c.issue == nil] {
				t.Fatalf("issue: %v, want %v; %d documents", err, c.issue, len(h.ledger.documents))
			}
			if err == nil && (d.DraftedBy != c.drafter || d.ApprovedBy != c.approver || d.IssuedBy != c.issuer) {
				t.Errorf("the document names %s, %s and %s", d.DraftedBy, d.ApprovedBy, d.IssuedBy)
			}
		})
	}
	e := newHistory().engine
	if _, err := e.Draft(ctx, "o", november, ""); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody drafts: %v", err)
	}
	if _, err := e.Preview(ctx, "nobody", november); !errors.Is(err, ErrNoOperator) {
		t.Errorf("no operator: %v", err)
	}
}

func TestStepsOutOfOrder(t *testing.T) {
	ctx, h := context.Background(), newHistory()
	e := h.engine
	h.ledger.facts["o"] = brest()
	if _, err := e.Approve(ctx, "o", november, "bruno"); !errors.Is(err, ErrNoRun) {
		t.Errorf("approve without a draft: %v", err)
	}
	if _, err := e.Issue(ctx, "o", november, "bruno"); !errors.Is(err, ErrNoRun) {
		t.Errorf("issue without a draft: %v", err)
	}
	if _, err := e.Draft(ctx, "o", november, "anne"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Issue(ctx, "o", november, "bruno"); !errors.Is(err, ErrNotApproved) {
		t.Errorf("issue of a draft: %v", err)
	}
	vacant := brest()
	vacant.Leases = nil
	h.ledger.facts["o"] = vacant
	if _, err := e.Approve(ctx, "o", november, "bruno"); !errors.Is(err, ErrDraftChanged) {
		t.Errorf("approve what has changed: %v", err)
	}
	h.ledger.facts["o"] = brest()
	if _, err := e.Approve(ctx, "o", november, "bruno"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Approve(ctx, "o", november, "carla"); !errors.Is(err, ErrApproved) {
		t.Errorf("approve again: %v", err)
	}
	h.ledger.facts["o"] = vacant
	if _, err := e.Issue(ctx, "o", november, "anne"); !errors.Is(err, ErrChanged) {
		t.Errorf("issue what has changed: %v", err)
	}
	if len(h.ledger.documents) != 0 {
		t.Fatal("something was issued")
	}
	if _, err := e.Draft(ctx, "o", directory.NewMonth(2009, 1), "anne"); !errors.Is(err, ErrNothing) {
		t.Errorf("a month before the agreement: %v", err)
	}
}

// A change of the VAT rate alone moves net and VAT, and takes them back with
// the month at the rate they were issued at.
func TestVATRateCorrected(t *testing.T) {
	h := newHistory()
	h.ledger.facts["o"] = brest()
	step := func(name string, total, vat directory.Cents, rate, lines int) {
		t.Helper()
		d, err := issueMonth(h.engine, "o", november)
		if err != nil || d == nil || d.Total != total || d.VAT != vat || d.VATPerMille != rate || len(d.Lines) != lines {
			t.Fatalf("%s: %+v, %v", name, d, err)
		}
	}
	step("20 %", 124, 21, 200, 1)
	f := brest()
	f.Tariffs = append(f.Tariffs, Tariff{ID: "t9", OperatorID: "o", From: date(2023, 1, 1), Price: 124, VATPerMille: 100, Label: "Internet", AddedAt: testNow})
	h.ledger.facts["o"] = f
	step("10 %", 0, 11-21, 100, 0)
	f.Agreements = nil
	h.ledger.facts["o"] = f
	step("no agreement after all", -124, -11, 100, 1)
	v, err := h.engine.Verify(context.Background(), "o")
	if err != nil || !v.OK() || len(v.Pending) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// The year of issue names the series, each from number 1 on.
func TestSeriesOfAYear(t *testing.T) {
	h := newHistory()
	h.ledger.facts["o"] = brest()
	h.now = time.Date(2026, 12, 31, 23, 59, 0, 0, time.FixedZone("CET", 3600))
	first, err := issueMonth(h.engine, "o", november)
	if err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(2 * time.Minute)
	second, err := issueMonth(h.engine, "o", november+1)
	if err != nil {
		t.Fatal(err)
	}
	if first.Name() != "FA-2026-000001" || second.Name() != "FA-2027-000001" || second.IssuedOn != date(2027, 1, 1) || second.PrevHash != "" {
		t.Errorf("%s and %s", first.Name(), second.Name())
	}
	if v, err := h.engine.Verify(context.Background(), "o"); err != nil || !v.OK() {
		t.Errorf("%+v, %v", v, err)
	}
}

// crashing fails a call before or after it has taken effect.
type crashing struct {
	*memory
	at, calls int
}

func (l *crashing) crash() bool { l.calls++; return l.calls == l.at }

func (l *crashing) SaveDraft(ctx context.Context, r Run) (Run, error) {
	if l.crash() {
		return Run{}, errCrash
	}
	r, err := l.memory.SaveDraft(ctx, r)
	if l.crash() {
		return Run{}, errCrash
	}
	return r, err
}

func (l *crashing) Approve(ctx context.Context, runID, inputHash, by string, at time.Time) error {
	if l.crash() {
		return errCrash
	}
	err := l.memory.Approve(ctx, runID, inputHash, by, at)
	if l.crash() {
		return errCrash
	}
	return err
}

func (l *crashing) Issue(ctx context.Context, operatorID string, m directory.Month, make func(Books) (Document, error)) (Document, error) {
	if l.crash() {
		return Document{}, errCrash
	}
	d, err := l.memory.Issue(ctx, operatorID, m, make)
	if l.crash() {
		return Document{}, errCrash
	}
	return d, err
}

// Invariant 13: a crash at any call, then the same again, ends like no crash.
func TestCrashAndResume(t *testing.T) {
	for at := 1; at <= 6; at++ {
		ledger := &crashing{memory: &memory{facts: map[string]Facts{"o": brest()}}, at: at}
		e := Engine{Ledger: ledger, Now: func() time.Time { return testNow }}
		ctx := context.Background()
		tries := 0
		for _, step := range []func() error{
			func() error { _, err := e.Draft(ctx, "o", november, "anne"); return err },
			func() error { _, err := e.Approve(ctx, "o", november, "bruno"); return err },
			func() error { _, err := e.Issue(ctx, "o", november, "anne"); return err },
		} {
			err := step()
			if errors.Is(err, errCrash) {
				tries++
				err = step()
			}
			if err != nil && !errors.Is(err, ErrApproved) && !errors.Is(err, ErrNothing) {
				t.Errorf("crash %d: %v", at, err)
			}
		}
		if tries != 1 || len(ledger.documents) != 1 || ledger.documents[0].Total != 124 {
			t.Errorf("crash %d: %d crashes, %d documents", at, tries, len(ledger.documents))
		}
	}
}

func TestCanonicalFormIsFrozen(t *testing.T) {
	// If this fails, documents issued before no longer verify: add a version instead.
	f := brest()
	charges, err := Compute(f, november)
	if err != nil {
		t.Fatal(err)
	}
	d := Document{
		ID: "id", OperatorID: "o", Operator: "Operator", SIREN: "123456789", Month: november, Kind: Invoice, Series: "2026", Number: 1,
		IssuedOn: date(2026, 12, 3), IssuedAt: testNow, DraftedBy: "anne", ApprovedBy: "bruno", IssuedBy: "carla",
		Total: 124, Net: 103, VAT: 21, VATPerMille: 200, Rule: Rule, InputHash: "h", Lines: []Line{{Charge: charges[0]}},
	}
	d.Postings = postings(d)
	d.Seal("previous")
	const want = "40e39626e3afc7d85a8da5b94d328f4f879115400148c87df8c59435b79a3ec6"
	if d.Hash != want {
		t.Errorf("hash %s, want %s", d.Hash, want)
	}
}
