package e2e

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/billing"
	"parvis/internal/directory"
)

// bookkeeper runs `parvis bill` on a running demo.
type bookkeeper struct {
	t        *testing.T
	dir      string
	operator string
	month    directory.Month
}

// bill returns what the step printed.
func (b bookkeeper) bill(code int, step string, flags ...string) (stdout, stderr string) {
	b.t.Helper()
	args := append([]string{"bill", step, "--dir", b.dir, "--operator", b.operator, "--month", b.month.String()}, flags...)
	stdout, stderr, got := command(b.t, "", args...)
	if got != code {
		b.t.Fatalf("bill %s %s: exit code %d, want %d\n%s%s", step, strings.Join(flags, " "), got, code, stdout, stderr)
	}
	return stdout, stderr
}

// read is bill with --json.
func (b bookkeeper) read(to any, step string, flags ...string) {
	b.t.Helper()
	out, _ := b.bill(0, step, append(flags, "--json")...)
	d := json.NewDecoder(strings.NewReader(out))
	if err := d.Decode(to); err != nil {
		b.t.Fatalf("bill %s --json: %v\n%s", step, err, out)
	}
}

// file exports the charges file and returns its rows by column, and their sum.
func (b bookkeeper) file() ([]map[string]string, directory.Cents) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "charges.csv")
	b.bill(0, "export", "--out", path)
	text, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comma = ';'
	all, err := r.ReadAll()
	if err != nil || len(all) < 2 {
		b.t.Fatalf("%v in\n%s", err, text)
	}
	var sum directory.Cents
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
		sum += cents(b.t, row["amount"])
	}
	return rows, sum
}

// TestCharges takes a month from its preview to its charges file on the command
// line, while the demo runs, and then corrects it.
func TestCharges(t *testing.T) {
	dir := t.TempDir()
	p := startDemo(t, dir)
	month := directory.MonthOf(directory.DateOf(time.Now())) - 1
	b := bookkeeper{t, dir, "habitat littoral", month}

	var preview billing.Preview
	b.read(&preview, "preview", "--by", "admin")
	// 420 dwellings at 1.24 €, tax included.
	if preview.Total != 420*124 || preview.Dwellings != 420 || preview.Run == nil {
		t.Fatalf("%d dwellings for %s €, want 420 for 520.80 €: %+v", preview.Dwellings, preview.Total, preview.Run)
	}
	if _, stderr := b.bill(1, "issue", "--by", "admin"); !strings.Contains(stderr, "approve") {
		t.Errorf("issue before approval: %s", stderr)
	}
	b.bill(2, "approve")
	b.bill(1, "approve", "--by", "admin") // who drafted it
	b.bill(2, "approve", "--by", "bailleur2")
	b.bill(2, "approve", "--by", "reseau")
	b.bill(0, "approve", "--by", "bailleur")
	var invoice billing.Document
	b.read(&invoice, "issue", "--by", "admin")
	if invoice.Total != preview.Total {
		t.Errorf("issued %s €, previewed %s €", invoice.Total, preview.Total)
	}
	rows, sum := b.file()
	if sum != invoice.Total || len(rows) < 420 {
		t.Errorf("the file has %d rows of %s €, the invoice is %s €", len(rows), sum, invoice.Total)
	}
	b.bill(0, "verify")
	b.bill(1, "issue", "--by", "admin") // nothing is left
	if again, total := b.file(); len(again) != len(rows) || total != sum {
		t.Errorf("issuing again changed the file to %d rows of %s €", len(again), total)
	}

	b.late(rows)
	b.correct(invoice.Total, len(rows))
	b.shown(p, invoice.Name())
}

// late is what a month is never safe from: a tenant had left a week before the
// month's end, and a dwelling had been sold before it began.
func (b bookkeeper) late(rows []map[string]string) {
	b.t.Helper()
	db := openStore(b.t, filepath.Join(b.dir, "parvis.toml"))
	operators, err := db.Operators(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	var operator string
	for _, o := range operators {
		if strings.EqualFold(o.Name, b.operator) {
			operator = o.ID
		}
	}
	period := b.month.Period()
	residences, err := db.Residences(b.t.Context(), operator, period.From)
	if err != nil {
		b.t.Fatal(err)
	}
	changed := 0
	for _, r := range residences {
		dwellings, err := db.Dwellings(b.t.Context(), operator, r.Residence.ID, period.From)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, d := range dwellings {
			if d.Lease == nil || !d.Lease.Period.Until.IsZero() {
				continue
			}
			switch changed {
			case 0:
				lease := *d.Lease
				lease.Period.Until = period.Until - 7
				err = db.PutLeases(b.t.Context(), []directory.Lease{lease})
			case 1:
				dwelling := d.Dwelling
				dwelling.Stock.Until = period.From
				lease := *d.Lease
				lease.Period.Until = period.From
				err = db.PutLeases(b.t.Context(), []directory.Lease{lease})
				if err == nil {
					err = db.PutDwellings(b.t.Context(), []directory.Dwelling{dwelling})
				}
			}
			if err != nil {
				b.t.Fatal(err)
			}
			changed++
		}
	}
	if changed < 2 {
		b.t.Fatalf("only %d leases to change", changed)
	}
}

// correct issues the difference.
func (b bookkeeper) correct(issued directory.Cents, rows int) {
	b.t.Helper()
	var preview billing.Preview
	b.read(&preview, "preview", "--by", "bailleur")
	if preview.Total != -124 {
		b.t.Errorf("the difference is %s €, want one dwelling less: -1.24 €", preview.Total)
	}
	b.bill(0, "approve", "--by", "admin")
	var note billing.Document
	b.read(&note, "issue", "--by", "bailleur")
	if note.Total != preview.Total {
		b.t.Errorf("issued %s €, want %s €", note.Total, preview.Total)
	}
	all, sum := b.file()
	if sum != issued+note.Total || len(all) <= rows {
		b.t.Errorf("after the correction the file has %d rows of %s €, before %d of %s €", len(all), sum, rows, issued)
	}
	b.bill(0, "verify")
	b.bill(1, "issue", "--by", "bailleur")
}

// shown looks at the month in the console, as each of the two operators.
func (b bookkeeper) shown(p *process, document string) {
	b.t.Helper()
	month := b.month.String()
	own := signIn(b.t, p, "bailleur").get(p.console + "/charges?month=" + month)
	mustContain(b.t, "the operator's page", own.body, document, "Habitat Littoral")
	operator := regexpOperator.FindStringSubmatch(own.body)
	if operator == nil {
		b.t.Fatalf("no operator in\n%s", own.body)
	}
	stranger := signIn(b.t, p, "bailleur2")
	for _, path := range []string{"/charges", "/charges/file"} {
		got := stranger.get(p.console + path + "?" + url.Values{"operator": {operator[1]}, "month": {month}}.Encode())
		if got.status == http.StatusOK && strings.Contains(got.body, "Habitat Littoral") || strings.Contains(got.body, document) {
			b.t.Errorf("another operator's user sees %s: %d\n%s", path, got.status, got.body)
		}
	}
}

var regexpOperator = regexp.MustCompile(`name="operator" value="([^"]+)"`)

// cents reads an amount of the file, independently of the program.
func cents(t testing.TB, text string) directory.Cents {
	t.Helper()
	euros, rest, ok := strings.Cut(text, ",")
	n, err := strconv.ParseInt(euros+rest, 10, 64)
	if !ok || err != nil || len(rest) != 2 {
		t.Fatalf("%q is not an amount with two decimals", text)
	}
	return directory.Cents(n)
}
