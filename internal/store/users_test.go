package store

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"parvis/internal/directory"
)

func disable(u *directory.User) { u.Disabled = true }

func testChangeUser(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.Import(ctx, sample()))
	for _, id := range []string{"admin-2", "admin-1"} {
		must(t, s.PutUser(ctx, directory.User{ID: id, Name: id, Role: directory.RoleAdmin, PasswordHash: "$argon2id$" + id}))
	}
	list, err := s.Users(ctx)
	var names []string
	for _, u := range list {
		names = append(names, u.Name)
	}
	if err != nil || !slices.Equal(names, []string{"admin-1", "admin-2", "bailleur", "reseau"}) || list[2] != sample().Users[0] {
		t.Fatalf("the users are %+v, %v", list, err)
	}
	if _, ok, err := s.ChangeUser(ctx, "nobody", disable); ok || err != nil {
		t.Errorf("a user who is not there: %v, %v", ok, err)
	}
	before, err := s.LastChange(ctx)
	must(t, err)
	if _, ok, err := s.ChangeUser(ctx, "user-2", disable); !ok || err != nil { // it is disabled already
		t.Errorf("no change: %v, %v", ok, err)
	}
	if after, err := s.LastChange(ctx); err != nil || after != before {
		t.Errorf("no change is in the change feed: %v", err)
	}
	must(t, s.CreateLogin(ctx, "token", "user-1", testNow, testNow.Add(1e12)))
	u, ok, err := s.ChangeUser(ctx, "user-1", func(u *directory.User) { u.PasswordHash = "$argon2id$new" })
	if err != nil || !ok || u.PasswordHash != "$argon2id$new" || u.OperatorID != "op-1" {
		t.Errorf("a new password: %+v, %v, %v", u, ok, err)
	}
	if got, _, err := s.UserByName(ctx, u.Name); err != nil || got != u {
		t.Errorf("it is kept as %+v, %v", got, err)
	}
	if _, in, err := s.LoginUser(ctx, "token", testNow); in || err != nil {
		t.Errorf("the login after a new password: %v, %v", in, err)
	}
	onlyOneAdminGoes(t, s)
}

// onlyOneAdminGoes has two administrators disable each other at the same time.
func onlyOneAdminGoes(t *testing.T, s *Store) {
	var errs [2]error
	var wait sync.WaitGroup
	for i, id := range []string{"admin-1", "admin-2"} {
		wait.Go(func() { _, _, errs[i] = s.ChangeUser(t.Context(), id, disable) })
	}
	wait.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), ErrLastAdmin) {
		t.Errorf("two administrators disable each other: %v and %v", errs[0], errs[1])
	}
	left := "admin-1"
	if errs[0] == nil {
		left = "admin-2"
	}
	if _, _, err := s.ChangeUser(t.Context(), left, func(u *directory.User) { u.Role = directory.RoleDesk }); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("the last administrator gets another role: %v", err)
	}
	u, _, err := s.UserByName(t.Context(), left)
	if err != nil || !administers(u) {
		t.Errorf("the last administrator is %+v, %v", u, err)
	}
}
