package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/directory"
)

func intend(t *testing.T, s *Store, i Intent) Intent {
	t.Helper()
	i.At, i.By = s.now(), "reseau"
	if i.Kind == "" {
		i.Kind = IntentDisconnect
	}
	must(t, s.Intend(t.Context(), i, directory.AuditEntry{At: s.now(), Actor: i.By, Action: "session.disconnect", Subject: i.SessionKey}))
	i.State = IntentWanted
	return i
}

func wantIntent(t *testing.T, s *Store, want Intent) {
	t.Helper()
	got, ok, err := s.Intent(t.Context(), want.ID)
	if err != nil || !ok {
		t.Errorf("%s: %v %v", want.ID, ok, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", want.ID, diff)
	}
}

func testIntents(t *testing.T, s *Store) {
	ctx := t.Context()
	now := testNow
	s.now = func() time.Time { return now }
	if list, err := s.TakeIntents(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("of nothing: %v %v", list, err)
	}
	first := intend(t, s, Intent{ID: "i-1", SessionKey: "n/nas/1"})
	now = now.Add(time.Second)
	second := intend(t, s, Intent{ID: "i-2", Kind: IntentChange, SessionKey: "n/nas/2", DownKbps: 5000, UpKbps: 4294967295})
	third := intend(t, s, Intent{ID: "i-3", SessionKey: "n/nas/3"})
	wantIntent(t, s, second)

	// The oldest first, each given away once.
	list, err := s.TakeIntents(ctx, 1)
	first.State, first.SentAt = IntentSent, now
	if diff := cmp.Diff([]Intent{first}, list); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if list, err = s.TakeIntents(ctx, 1); err != nil || len(list) != 1 || list[0].ID != "i-2" {
		t.Errorf("the second: %v %v", list, err)
	}
	// What was taken up cannot be withdrawn any more, nor twice.
	for id, want := range map[string]bool{"i-1": false, "i-3": true, "i-9": false} {
		if withdrawn, err := s.WithdrawIntent(ctx, id); err != nil || withdrawn != want {
			t.Errorf("%s withdrawn: %v %v", id, withdrawn, err)
		}
	}
	if list, err = s.TakeIntents(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("a withdrawn one was taken: %v %v", list, err)
	}
	third.State, third.EndedAt, third.Detail = IntentExpired, now, "withdrawn, because no running server took it up"
	wantIntent(t, s, third)

	// The first result stays, whatever comes after it.
	now = now.Add(2 * time.Second)
	first.State, first.EndedAt, first.Cause, first.Instead, first.Detail = IntentNAK, now, 503, true, "no such session"
	must(t, s.EndIntent(ctx, first))
	must(t, s.EndIntent(ctx, Intent{ID: "i-1", State: IntentACK}))
	wantIntent(t, s, first)
	if err := s.EndIntent(ctx, Intent{ID: "i-2", State: IntentSent}); err == nil {
		t.Error("an intent ended as sent")
	}

	// Its node was killed: unknown after a minute, first shown and then written.
	second.State, second.SentAt = IntentSent, testNow.Add(time.Second)
	now = second.SentAt.Add(intentUnknown)
	wantIntent(t, s, second)
	now = now.Add(time.Millisecond)
	second.State, second.Detail = IntentUnknown, unknownDetail
	wantIntent(t, s, second)
	if list, err = s.TakeIntents(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("sent again after a crash: %v %v", list, err)
	}
	second.EndedAt = now
	wantIntent(t, s, second)

	// What nobody took up in time is not carried out later.
	late := intend(t, s, Intent{ID: "i-4", SessionKey: "n/nas/4"})
	now = now.Add(IntentLife + time.Millisecond)
	if list, err = s.TakeIntents(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("taken late: %v %v", list, err)
	}
	late.State, late.EndedAt, late.Detail = IntentExpired, now, "no running server took it up in time; nothing was sent"
	wantIntent(t, s, late)

	all, err := s.Intents(ctx, testNow.Add(time.Second), 2)
	if diff := cmp.Diff([]Intent{late, third}, all); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, ok, err := s.Intent(ctx, "i-9"); ok || err != nil {
		t.Errorf("one that is not there: %v %v", ok, err)
	}
	var audited int
	must(t, s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM audit WHERE action = 'session.disconnect'`).Scan(&audited))
	if audited != 4 {
		t.Errorf("%d audit entries, want 4", audited)
	}
	deleted, err := s.DeleteExpired(ctx, second.At.AddDate(1, 0, 0))
	if err != nil || deleted.Intents != 3 {
		t.Errorf("%+v %v", deleted, err)
	}
}

// An intent that cannot be written leaves no audit entry, and the other way round.
func testIntentWithAudit(t *testing.T, s *Store) {
	for name, c := range map[string]struct {
		i Intent
		a directory.AuditEntry
	}{
		"no kind":  {Intent{ID: "i", SessionKey: "k", By: "u", At: testNow}, directory.AuditEntry{Actor: "u", Action: "a"}},
		"nobody":   {Intent{ID: "i", Kind: IntentChange, SessionKey: "k", At: testNow}, directory.AuditEntry{Actor: "u", Action: "a"}},
		"no actor": {Intent{ID: "i", Kind: IntentChange, SessionKey: "k", By: "u", At: testNow}, directory.AuditEntry{Action: "a"}},
	} {
		if err := s.Intend(t.Context(), c.i, c.a); err == nil {
			t.Errorf("%s: written", name)
		}
		var rows int
		must(t, s.reader.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM intent)`).Scan(&rows))
		if rows != 0 {
			t.Errorf("%s: %d rows", name, rows)
		}
	}
}

// Several nodes: each intent goes to one of them.
func testIntentsRace(t *testing.T, s *Store) {
	const nodes, intents = 4, 20
	for i := range intents {
		intend(t, s, Intent{ID: fmt.Sprint("i-", i), SessionKey: "k"})
	}
	var mu sync.Mutex
	taken := map[string]int{}
	var group sync.WaitGroup
	for range nodes {
		group.Go(func() {
			for {
				list, err := s.TakeIntents(t.Context(), 3)
				if err != nil {
					t.Error(err)
				}
				if len(list) == 0 {
					return
				}
				mu.Lock()
				for _, i := range list {
					taken[i.ID]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range taken {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	if len(taken) != intents {
		t.Errorf("%d were taken", len(taken))
	}
}
