package document

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parvis/billing"
	"parvis/internal/directory"
)

func november(day int) directory.Date { return directory.NewDate(2026, time.November, day) }

// example is the worked example of a tenant who moves on 16 November, and a
// vacant dwelling with hostile texts.
func example() billing.Document {
	return billing.Document{
		Operator: "=Habitat \"Rive\"", Month: directory.NewMonth(2026, time.November), Kind: billing.Invoice,
		Series: "2026", Number: 123, Total: 238,
		Lines: []billing.Line{
			{Charge: billing.Charge{DwellingID: "d1", DwellingRef: "0001", Residence: "Kerourien", Door: "A; 2e étage", LeaseID: "l1", LeaseRef: "B1", From: november(1), Until: november(16), Days: 15, Amount: 60, Label: "Accès internet"}},
			{Charge: billing.Charge{DwellingID: "d1", DwellingRef: "0001", Residence: "Kerourien", Door: "A; 2e étage", LeaseID: "l2", LeaseRef: "-B2", From: november(16), Until: november(31), Days: 15, Amount: 59, Label: "Accès internet"}},
			{Charge: billing.Charge{DwellingID: "d2", DwellingRef: "@0002", Residence: "+Kerourien", Door: "\tB\r\n1", From: november(1), Until: november(31), Days: 30, Amount: 119, Label: "Accès internet"}},
		},
	}
}

func TestWriteCharges(t *testing.T) {
	s, err := NewStatement(example())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteCharges(&b, s); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		`operator;month;document;residence;dwelling;door;party;lease;from;to;days;amount;label`,
		`"'=Habitat ""Rive""";2026-11;FA-2026-000123;Kerourien;0001;"A; 2e étage";bail;B1;2026-11-01;2026-11-15;15;0,60;Accès internet`,
		`"'=Habitat ""Rive""";2026-11;FA-2026-000123;Kerourien;0001;"A; 2e étage";bail;'-B2;2026-11-16;2026-11-30;15;0,59;Accès internet`,
		`"'=Habitat ""Rive""";2026-11;FA-2026-000123;'+Kerourien;'@0002;B  1;vacance;;2026-11-01;2026-11-30;30;1,19;Accès internet`,
		``,
	}, "\r\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	back, err := ReadCharges(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("read back: -want +got\n%s", diff)
	}
}

func TestChargesThatDoNotAddUp(t *testing.T) {
	d := example()
	d.Total++
	if _, err := NewStatement(d); err == nil || !strings.Contains(err.Error(), "FA-2026-000123 add up to 2.38 €") {
		t.Errorf("a document whose lines do not add up: %v", err)
	}
	s, err := NewStatement(example())
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]func(*Statement){
		"total":    func(s *Statement) { s.Total-- },
		"vacancy":  func(s *Statement) { s.Rows[2].Lease = "B9" },
		"no days":  func(s *Statement) { s.Rows[1].Until = s.Rows[1].From },
		"no date":  func(s *Statement) { s.Rows[1].From = 0 },
		"new line": func(s *Statement) { s.Rows[0].Door = "a\nb" },
		"not text": func(s *Statement) { s.Rows[0].Label = "\xff" },
		"a huge amount": func(s *Statement) {
			s.Rows[0].Amount += maxAmount
			s.Total += maxAmount
		},
		"32 days": func(s *Statement) { s.Rows[0].Days = 32 },
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			spoilt := Statement{Rows: append([]Row(nil), s.Rows...), Total: s.Total}
			spoil(&spoilt)
			var b bytes.Buffer
			if err := WriteCharges(&b, spoilt); err == nil || b.Len() > 0 {
				t.Errorf("%d bytes written, error %v", b.Len(), err)
			}
		})
	}
}

func TestReadChargesRefuses(t *testing.T) {
	const row = "Habitat;2026-11;FA-2026-000123;R;0001;A;bail;B1;2026-11-01;2026-11-15;15;0,60;Internet"
	header := strings.Join(columns, ";") + "\n"
	for name, c := range map[string]struct{ in, want string }{
		"empty":          {"", "header"},
		"other header":   {strings.Replace(header, "lease", "bail", 1), "header"},
		"month":          {header + strings.Replace(row, "2026-11;", "11/2026;", 1), "line 2"},
		"party":          {header + strings.Replace(row, "bail", "lease", 1), "party"},
		"dot":            {header + strings.Replace(row, "0,60", "0.60", 1), "amount"},
		"minus zero":     {header + strings.Replace(row, "0,60", "-0,00", 1), "amount"},
		"plus":           {header + strings.Replace(row, "0,60", "+0,60", 1), "amount"},
		"days":           {header + strings.Replace(row, ";15;", ";+15;", 1), "days"},
		"dates":          {header + strings.Replace(row, "2026-11-15", "2026-10-15", 1), "no days"},
		"a column short": {header + strings.TrimSuffix(row, ";Internet"), "fields"},
	} {
		if _, err := ReadCharges(strings.NewReader(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	s, err := ReadCharges(strings.NewReader("\uFEFF" + header + row + "\r\n"))
	if err != nil || len(s.Rows) != 1 || s.Total != 60 {
		t.Errorf("with a byte order mark: %+v, %v", s, err)
	}
}

// Invariant 23: parse(export(x)) = x; invariant 30: the file is the documents' total.
func TestChargesRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[=+\-@'";é 0-9a-z＝]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		d := example()
		d.Lines, d.Total = nil, 0
		d.Operator = text.Draw(t, "operator")
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			l := billing.Line{Charge: billing.Charge{
				DwellingRef: text.Draw(t, "dwelling"), Residence: text.Draw(t, "residence"), Door: text.Draw(t, "door"),
				From: november(1), Until: november(rapid.IntRange(2, 31).Draw(t, "until")), Days: rapid.IntRange(0, 30).Draw(t, "days"),
				Amount: directory.Cents(rapid.Int64Range(-1e10, 1e10).Draw(t, "amount")), Label: text.Draw(t, "label"),
			}}
			if rapid.Bool().Draw(t, "let") {
				l.LeaseID, l.LeaseRef = "l", text.Draw(t, "lease")
			}
			d.Lines = append(d.Lines, l)
			d.Total += l.Amount
		}
		s, err := NewStatement(d, d)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteCharges(&b, s); err != nil {
			t.Fatal(err)
		}
		// As a spreadsheet sees it: no cell but a number begins like a formula.
		in := csv.NewReader(bytes.NewReader(b.Bytes()))
		in.Comma = ';'
		cells, err := in.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range cells {
			for i, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t") && columns[i] != "amount" {
					t.Fatalf("a formula: %q", cell)
				}
			}
		}
		back, err := ReadCharges(&b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, back); diff != "" || back.Total != 2*d.Total {
			t.Fatalf("-want +got\n%s", diff)
		}
	})
}

func FuzzReadCharges(f *testing.F) {
	s, err := NewStatement(example())
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteCharges(&b, s); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(strings.Join(columns, ";") + "\na;2026-11;FA;r;d;\"''=x\";vacance;;2026-11-01;2026-11-30;0;-1,19;=1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ReadCharges(bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteCharges(&b, s); err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		back, err := ReadCharges(&b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, back); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
	})
}
