package store

import (
	"fmt"
	"testing"
	"time"

	"parvis/internal/accounting"
	"parvis/internal/directory"
)

func testRetention(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.Import(ctx, sample()))
	must(t, s.CreateLogin(ctx, "token", "user-1", testNow, testNow.Add(time.Hour)))
	for i := range 3 {
		must(t, s.Accept(ctx, consent(byte(i), testNow.Add(time.Duration(i)*time.Hour))))
	}
	for i, action := range []string{"console.login", "console.logout", "charges.issue"} {
		must(t, s.Audit(ctx, directory.AuditEntry{At: testNow.Add(time.Duration(i)), Actor: "bailleur", Action: action, Detail: "from 192.0.2.1"}))
	}
	var batch []accounting.Record
	add := func(kind accounting.Kind, acct string, at time.Time) {
		one := uint64(1)
		batch = append(batch, accounting.Record{Seq: int64(len(batch) + 1), Event: accounting.Event{
			Kind: kind, At: at, Received: at, NASID: "nas", AcctSessionID: acct, AccessPointID: "ap", In: &one, Out: &one,
		}})
	}
	yearAgo := testNow.AddDate(-1, 0, 0)
	for i := range deleteChunk + 5 { // more than a chunk
		add(accounting.Stop, fmt.Sprint("old", i), yearAgo)
	}
	add(accounting.Stop, "recent", yearAgo.Add(time.Millisecond))
	add(accounting.Start, "open", yearAgo) // still on: it goes once it has ended
	_, err := s.ApplyEvents(ctx, "node", batch)
	must(t, err)
	before, err := s.Usage(ctx)
	must(t, err)

	steps := []struct {
		at   time.Time
		want Deleted
	}{
		{testNow, Deleted{Devices: 1, Sessions: deleteChunk + 5}},
		{testNow, Deleted{}},
		{testNow.Add(time.Hour), Deleted{Devices: 1, Logins: 1, Sessions: 1}},
		{testNow.Add(changeAge), Deleted{Devices: 1, Changes: 4}},
		{testNow.AddDate(1, 0, 0).Add(time.Hour), Deleted{Consents: 2, Audit: 2}},
		{testNow.AddDate(10, 0, 0).Add(-time.Hour), Deleted{Consents: 1}},
		{testNow.AddDate(10, 0, 0).Add(time.Hour), Deleted{Audit: 1}},
	}
	for _, step := range steps {
		got, err := s.DeleteExpired(ctx, step.at)
		if err != nil || got != step.want {
			t.Errorf("at %s: %+v, %v, want %+v", step.at, got, err, step.want)
		}
	}
	after, err := s.Usage(ctx)
	must(t, err)
	if len(after) != 1 || after[0] != before[0] {
		t.Errorf("usage was %+v and is %+v", before, after)
	}
}
