package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parvis/internal/directory"
)

func consent(mac byte, until time.Time) directory.Consent {
	return directory.Consent{
		Device:   directory.Device{MAC: directory.MAC{2, 0, 0, 0, 1, mac}, Terms: "2026-1", ZoneID: "zone-1", AcceptedAt: testNow, Until: until},
		Language: "fr",
	}
}

func testDevices(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.Import(ctx, sample()))
	first := consent(1, testNow.Add(time.Hour))
	mac := first.Device.MAC
	_, ok, err := s.Device(ctx, mac, "2026-1")
	if ok || err != nil {
		t.Fatalf("a device before it accepted: %v, %v", ok, err)
	}
	want := func(d directory.Device, ok bool) {
		t.Helper()
		got, gotOK, err := s.Device(ctx, mac, "2026-1")
		if err != nil || gotOK != ok || ok && got != d {
			t.Errorf("got %+v, %v, %v; want %+v, %v", got, gotOK, err, d, ok)
		}
	}
	must(t, s.Accept(ctx, first))
	want(first.Device, true)

	later, sooner := consent(1, testNow.Add(2*time.Hour)), consent(1, testNow.Add(time.Minute))
	later.Device.ZoneID, later.CardID = "zone-2", "card-1"
	must(t, s.Accept(ctx, later))
	want(later.Device, true)
	must(t, s.Accept(ctx, sooner)) // a later until wins
	want(later.Device, true)
	must(t, s.Accept(ctx, consent(2, testNow)))

	var seen []directory.Device
	must(t, s.EachDevice(ctx, testNow, func(d directory.Device) error {
		seen = append(seen, d)
		return nil
	}))
	if len(seen) != 1 || seen[0] != later.Device { // the other one is over
		t.Errorf("the devices are %+v", seen)
	}
	stop := errors.New("enough")
	err = s.EachDevice(ctx, testNow, func(directory.Device) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("the end that the caller wants comes back as %v", err)
	}

	must(t, s.Forget(ctx, mac, "2026-1"))
	want(directory.Device{}, false)
	must(t, s.Forget(ctx, mac, "2026-1")) // nothing left to say
	changes, err := s.Changes(ctx, 1, 10)
	must(t, err)
	var kinds []string
	for _, c := range changes {
		_, terms, err := c.Device()
		if err != nil || terms != "2026-1" {
			t.Errorf("%+v is not read back: %v", c, err)
		}
		kinds = append(kinds, c.Kind)
	}
	if got, want := fmt.Sprint(kinds), "[device device device forget]"; got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
	must(t, s.read(ctx, func(q querier) error { // every consent stays as proof
		var n int
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM consent`).Scan(&n)
		if n != 4 {
			t.Errorf("%d consents, want 4", n)
		}
		return err
	}))
	bad := consent(3, testNow)
	bad.Device.ZoneID = "nowhere"
	if s.Accept(ctx, bad) == nil {
		t.Error("a consent in a zone that does not exist was kept")
	}
	_, ok, err = s.Device(ctx, bad.Device.MAC, "2026-1")
	if ok || err != nil {
		t.Errorf("a failed Accept left a device: %v, %v", ok, err)
	}
}

// Writers of several kinds and two connections at once, some of which fail; a
// follower reads all the while. It must see 1, 2, 3, … and each change's row.
func testFeedConcurrent(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.Import(ctx, sample()))
	const writers, each = 6, 20
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				var err error
				if w%2 == 0 {
					err = s.PutPlan(ctx, directory.Plan{Name: "x", ID: fmt.Sprintf("w%d-%d", w, i)})
				} else {
					c := consent(byte(i), testNow.Add(time.Hour))
					c.Device.MAC[4] = byte(w + 10)
					err = s.Accept(ctx, c)
				}
				if err != nil {
					t.Error(err)
				}
				// A write that is rolled back leaves no gap.
				err = s.PutZone(ctx, directory.Zone{ID: "bad", PlanID: "nothing", Entry: directory.EntryTap})
				if err == nil {
					t.Error("a zone without plan was written")
				}
			}
		})
	}
	after := int64(1)
	deadline, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for after < 1+writers*each && deadline.Err() == nil {
		changes, err := s.Changes(ctx, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Seq != after+1 {
				t.Fatalf("change %d came behind %d", c.Seq, after)
			}
			after = c.Seq
			if c.Kind != ChangeDevice {
				continue
			}
			mac, terms, err := c.Device()
			must(t, err)
			_, ok, err := s.Device(ctx, mac, terms)
			if err != nil || !ok {
				t.Fatalf("change %d is seen before its row: %v", c.Seq, err)
			}
		}
	}
	group.Wait()
	last, err := s.LastChange(ctx)
	must(t, err)
	if want := int64(1 + writers*each); after != want || last != want {
		t.Errorf("followed up to %d, last %d, want %d", after, last, want)
	}
}

// A command that writes while the server runs: both get through, and share one feed.
func testTwoPrograms(t *testing.T, o Options) {
	const each = 25
	var group sync.WaitGroup
	for p, s := range []*Store{openMigrated(t, o), openMigrated(t, o)} {
		group.Go(func() {
			for i := range each {
				err := s.PutPlan(t.Context(), directory.Plan{Name: "x", ID: fmt.Sprintf("%d-%d", p, i)})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	s := openRaw(t, o)
	changes, err := s.Changes(t.Context(), 0, 1000)
	if err != nil || len(changes) != 2*each {
		t.Errorf("%d changes, %v, want %d", len(changes), err, 2*each)
	}
}

func testFeedGone(t *testing.T, s *Store) {
	ctx := t.Context()
	for i := range 4 {
		must(t, s.PutPlan(ctx, directory.Plan{Name: "x", ID: fmt.Sprint(i)}))
	}
	exec(t, s, `DELETE FROM change WHERE seq <= 2`)
	for after, gone := range map[int64]bool{0: true, 1: true, 2: false, 3: false, 4: false, 5: true} {
		_, err := s.Changes(ctx, after, 10)
		if errors.Is(err, ErrChangesGone) != gone {
			t.Errorf("behind %d: %v, want gone %v", after, err, gone)
		}
	}
	exec(t, s, `DELETE FROM change`)
	for after, gone := range map[int64]bool{3: true, 4: false} {
		_, err := s.Changes(ctx, after, 10)
		if errors.Is(err, ErrChangesGone) != gone {
			t.Errorf("empty, behind %d: %v, want gone %v", after, err, gone)
		}
	}
}

func testUsers(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.Import(ctx, sample()))
	u, ok, err := s.UserByName(ctx, "bailleur")
	if err != nil || !ok || u != sample().Users[0] {
		t.Fatalf("got %+v, %v, %v", u, ok, err)
	}
	for _, name := range []string{"nobody", "", "\x00", "bailleur\x00", "\xff", "é"[:1]} {
		_, ok, err = s.UserByName(ctx, name)
		if ok || err != nil {
			t.Errorf("the user %q, who is not there: %v, %v", name, ok, err)
		}
	}
	in := func(token string, at time.Time) bool {
		t.Helper()
		got, ok, err := s.LoginUser(ctx, token, at)
		if err != nil || ok && got.ID != u.ID {
			t.Errorf("login %s: %+v, %v", token, got, err)
		}
		return ok
	}
	login := func(token string) {
		t.Helper()
		must(t, s.CreateLogin(ctx, token, u.ID, testNow, testNow.Add(time.Hour)))
	}
	login("one")
	login("two")
	if !in("one", testNow) || in("one", testNow.Add(time.Hour)) || in("three", testNow) {
		t.Error("a login counts from its creation until it expires")
	}
	must(t, s.DeleteLogin(ctx, "one"))
	must(t, s.DeleteLogin(ctx, "one"))
	if in("one", testNow) || !in("two", testNow) {
		t.Error("signing out ends one login")
	}
	u.Name = "bailleur-2"
	must(t, s.PutUser(ctx, u))
	if !in("two", testNow) {
		t.Error("a new name ended the login")
	}
	u.PasswordHash = "$argon2id$new"
	must(t, s.PutUser(ctx, u))
	if in("two", testNow) {
		t.Error("a new password left the login")
	}
	login("three")
	u.Disabled = true
	must(t, s.PutUser(ctx, u))
	if in("three", testNow) {
		t.Error("a disabled user is still signed in")
	}
	u.Disabled = false
	must(t, s.PutUser(ctx, u))
	if in("three", testNow) {
		t.Error("an old login lives again")
	}
	must(t, s.Audit(ctx, directory.AuditEntry{At: testNow, Actor: "admin", Action: "user.add", Subject: u.ID}))
	if s.Audit(ctx, directory.AuditEntry{At: testNow, Action: "user.add"}) == nil {
		t.Error("an audit entry by nobody was kept")
	}
}

func testDeadline(t *testing.T, s *Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Catalog(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	err = s.PutPlan(ctx, directory.Plan{Name: "x", ID: "p"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	must(t, s.read(t.Context(), func(q querier) error { return nil }))
}
