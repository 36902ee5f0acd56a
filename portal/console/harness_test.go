package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/billing"
	"parvis/billing/document"
	"parvis/cmd/parvis/demo"
	"parvis/internal/accounting"
	"parvis/internal/directory"
	"parvis/internal/live"
	"parvis/internal/store"
	"parvis/portal/ui"
)

// clock is moved by the tests.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// limits fits live.Memory to Live, as the program does.
type limits struct{ *live.Memory }

func (l limits) Allow(ctx context.Context, key string, burst int, every time.Duration) (bool, time.Duration, error) {
	return l.Memory.Allow(ctx, key, live.Limit{Burst: burst, Every: every})
}

// ledger fits billing to Charges, as the program does.
type ledger struct{ engine billing.Engine }

func (l ledger) Month(ctx context.Context, operatorID string, m directory.Month) (MonthView, error) {
	p, err := l.engine.Preview(ctx, operatorID, m)
	if err != nil {
		return MonthView{}, asRefused(err)
	}
	v := MonthView{
		OperatorID: p.OperatorID, Operator: p.Operator, Month: m, Dwellings: p.Dwellings, Leases: p.Leases, Vacant: p.Vacant,
		MonthTotal: p.MonthTotal, IssuedTotal: p.IssuedTotal, Left: p.Total, Nothing: p.Nothing(), LeftLines: len(p.Lines),
		Stale: p.Stale, Fingerprint: p.InputHash,
	}
	for _, line := range p.Lines[:min(20, len(p.Lines))] {
		v.Lines = append(v.Lines, LineView{
			Residence: line.Residence, Dwelling: line.DwellingRef, Door: line.Door, Lease: line.LeaseRef,
			From: line.From, Until: line.Until, Days: line.Days, Amount: line.Amount, Correction: line.Correction,
		})
	}
	if r := p.Run; r != nil {
		v.Run = &RunView{
			State: string(r.State), DraftedBy: r.DraftedBy, DraftedAt: r.DraftedAt,
			ApprovedBy: r.ApprovedBy, ApprovedAt: r.ApprovedAt, Total: r.Total, Lines: r.Lines,
		}
	}
	docs, err := l.engine.Ledger.Documents(ctx, operatorID, m)
	for _, d := range docs {
		v.Documents = append(v.Documents, DocumentView{
			Name: d.Name(), Kind: string(d.Kind), IssuedOn: d.IssuedOn, Total: d.Total,
			DraftedBy: d.DraftedBy, ApprovedBy: d.ApprovedBy, IssuedBy: d.IssuedBy,
		})
	}
	return v, err
}

func (l ledger) Draft(ctx context.Context, operatorID string, m directory.Month, by string) error {
	_, err := l.engine.Draft(ctx, operatorID, m, by)
	return asRefused(err)
}

func (l ledger) Approve(ctx context.Context, operatorID string, m directory.Month, by string) error {
	_, err := l.engine.Approve(ctx, operatorID, m, by)
	return asRefused(err)
}

func (l ledger) Issue(ctx context.Context, operatorID string, m directory.Month, by string) error {
	_, err := l.engine.Issue(ctx, operatorID, m, by)
	return asRefused(err)
}

func (l ledger) File(ctx context.Context, operatorID string, m directory.Month, w io.Writer) error {
	docs, err := l.engine.Ledger.Documents(ctx, operatorID, m)
	if err != nil {
		return err
	}
	s, err := document.NewStatement(docs...)
	if err != nil {
		return err
	}
	return document.WriteCharges(w, s)
}

func asRefused(err error) error {
	for key, is := range map[string]error{
		RefusedNothing: billing.ErrNothing, RefusedSamePerson: billing.ErrSamePerson, RefusedNotApproved: billing.ErrNotApproved,
		RefusedNoRun: billing.ErrNoRun, RefusedNotOver: billing.ErrNotOver,
	} {
		if errors.Is(err, is) {
			return &Refused{Key: key}
		}
	}
	return err
}

// points says that the first access point is down, the second silent, the others up.
type points struct {
	register *directory.Register
	now      func() time.Time
}

func (p points) AccessPoint(id string) (string, time.Time, int, uint64, uint64) {
	for i, ap := range p.register.Snapshot().AccessPoints() {
		if ap.ID == id {
			switch i {
			case 0:
				return "down", p.now().Add(-12 * time.Minute), 3, 5e8, 4_200_000_000
			case 1:
				return "unknown", time.Time{}, 0, 0, 0
			}
			return "up", p.now().Add(-20 * time.Second), i % 7, uint64(i) * 31e6, uint64(i) * 420e6
		}
	}
	return "unknown", time.Time{}, 0, 0, 0
}

// demoHash is made once: it is meant to be slow.
var demoHash = sync.OnceValues(func() (string, error) { return HashPassword(demo.Secret) })

// town is a console over a real store with the sample commune.
type town struct {
	*console
	clock  *clock
	db     *store.Store
	live   *live.Memory
	sample demo.Sample
	reg    *prometheus.Registry
	http   http.Handler
	nas    *nasses
	seen   clientsSeen
}

const (
	other = "bailleur-deux" // a user of the second operator
	mate  = "bailleur-bis"  // a second user of the first operator
)

func newTown(t *testing.T) *town {
	t.Helper()
	ctx := t.Context()
	tw := &town{clock: &clock{t: time.Date(2026, 11, 17, 10, 30, 0, 0, time.UTC)}, reg: prometheus.NewRegistry(), nas: &nasses{}}
	var err error
	tw.db, err = store.Open(ctx, store.Options{
		Engine: store.SQLite, Path: filepath.Join(t.TempDir(), "parvis.db"), SealKey: [32]byte{1}, Now: tw.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tw.db.Close() })
	if err := tw.db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	hash, err := demoHash()
	if err != nil {
		t.Fatal(err)
	}
	s := demo.Commune(tw.clock.now())
	s.Users = append(
		s.Users,
		directory.User{ID: "u-2", Name: other, Role: directory.RoleOperator, OperatorID: s.Operators[1].ID},
		directory.User{ID: "u-3", Name: mate, Role: directory.RoleOperator, OperatorID: s.Operators[0].ID},
	)
	s.Complete(directory.Key{1}, hash)
	tw.sample = s
	err = tw.db.Import(ctx, store.Commune{
		Plans: s.Plans, Zones: s.Zones, NASes: s.NASes, Operators: s.Operators, Sectors: s.Sectors, Agreements: s.Agreements,
		Residences: s.Residences, AccessPoints: s.AccessPoints, Dwellings: s.Dwellings, Leases: s.Leases, Cards: s.Cards,
		Users: s.Users, Tariffs: s.Tariffs,
	})
	if err != nil {
		t.Fatal(err)
	}
	register := directory.NewRegister(100)
	catalog, err := tw.db.Catalog(ctx)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := directory.NewSnapshot(catalog)
	if err != nil {
		t.Fatal(err)
	}
	register.Swap(snapshot)
	tw.live = live.NewMemory(live.MemoryOptions{Now: tw.clock.now})
	t.Cleanup(func() { tw.live.Close() })
	web, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tw.console, err = newConsole(Options{
		UI: web, Store: tw.db, Logins: tw.db, Live: limits{tw.live}, Register: register,
		Charges: ledger{billing.Engine{Ledger: tw.db, Now: tw.clock.now}}, Health: points{register, tw.clock.now}, Sessions: tw.nas, Clients: &tw.seen,
		Now: tw.clock.now, Log: slog.New(slog.DiscardHandler), Registerer: tw.reg,
	})
	if err != nil {
		t.Fatal(err)
	}
	tw.http = tw.handler()
	tw.happen(t)
	return tw
}

// happen puts a few sessions and refusals in.
func (tw *town) happen(t *testing.T) {
	t.Helper()
	now := tw.clock.now()
	in, out := uint64(12_000_000), uint64(340_000_000)
	var batch []accounting.Record
	for i, ap := range []string{tw.ap(5).ID, tw.ap(5).ID, ""} {
		e := accounting.Event{
			Kind: accounting.Start, Received: now.Add(-time.Hour), At: now.Add(-time.Duration(i+1) * time.Hour), NASID: tw.sample.NASes[0].ID,
			AcctSessionID: string(rune('a' + i)), MAC: tenantMAC(i), AccessPointID: ap, In: &in, Out: &out,
		}
		if ap == "" {
			e.DwellingID = tw.sample.Dwellings[0].ID
		}
		batch = append(batch, accounting.Record{Seq: int64(i + 1), Event: e})
	}
	if _, err := tw.db.ApplyEvents(t.Context(), "node", batch); err != nil {
		t.Fatal(err)
	}
	for i, reason := range []string{"wrong_password", "unknown_device", "wrong_password", "device_slots", "from_a_newer_node"} {
		tw.live.Refused(directory.Refusal{
			At: now.Add(-time.Duration(50-10*i) * time.Minute), Reason: reason, Method: "pap", MAC: tenantMAC(i), Login: "logement-0042",
			NAS: "Passerelle centre", AccessPoint: tw.ap(i).Name, ZoneID: tw.sample.Zones[0].ID,
		})
	}
}

func tenantMAC(i int) directory.MAC { return directory.MAC{0x02, 0xAA, 0xBB, 0xCC, 0xDD, byte(i + 1)} }

func (tw *town) ap(i int) *directory.AccessPoint { return tw.Register.Snapshot().AccessPoints()[i] }

// browser keeps one cookie and follows nothing.
type browser struct {
	t      *testing.T
	tw     *town
	cookie string
	header map[string]string
	from   string
}

func (tw *town) browser(t *testing.T) *browser {
	return &browser{t: t, tw: tw, header: map[string]string{"Accept-Language": "en"}, from: "192.0.2.1:5000"}
}

func (b *browser) do(method, target string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, target, body)
	r.RemoteAddr = b.from
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range b.header {
		r.Header.Set(k, v)
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	w := httptest.NewRecorder()
	b.tw.http.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == b.tw.cookieName() {
			b.cookie = c.Name + "=" + c.Value
			if c.MaxAge < 0 {
				b.cookie = ""
			}
		}
	}
	return w
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do("GET", target, nil)
}

// as returns a browser in which that user has signed in.
func (tw *town) as(t *testing.T, name string) *browser {
	t.Helper()
	b := tw.browser(t)
	w := b.do("POST", "/login", url.Values{"name": {name}, "password": {demo.Secret}})
	if w.Code != http.StatusSeeOther || b.cookie == "" {
		t.Fatalf("%s does not get in: %d %s", name, w.Code, w.Body)
	}
	return b
}

// lacking is billing that finds a gap in the data.
type lacking struct{ Charges }

func (lacking) Month(context.Context, string, directory.Month) (MonthView, error) {
	return MonthView{}, &Refused{Key: RefusedFacts, Text: "no tariff on 2026-10-01"}
}
