package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"parvis/billing"
	"parvis/billing/document"
	"parvis/internal/config"
	"parvis/internal/directory"
	"parvis/internal/store"
)

// billing's command line: a month of an operator, step by step.
type billCommand struct {
	app    *app
	source source
	name   string // of the step
	// What the flags say.
	operator, month, out, by string
	json                     bool

	db     *store.Store
	engine billing.Engine
	op     directory.Operator
	m      directory.Month
}

const billUsage = "--operator O --month 2026-10 (--config F | --dir D) [--out F] [--by USER] [--json]"

func (a *app) bill(ctx context.Context, args []string) error {
	step := func(run func(*billCommand, context.Context) error) func([]string) error {
		return func(rest []string) error {
			c := &billCommand{app: a, name: args[0]}
			return c.run(ctx, rest, run)
		}
	}
	return subcommand("bill", args, map[string]func([]string) error{
		"preview": step((*billCommand).preview),
		"approve": step((*billCommand).approve),
		"issue":   step((*billCommand).issue),
		"export":  step((*billCommand).export),
		"verify":  step((*billCommand).verify),
	})
}

func (c *billCommand) run(ctx context.Context, args []string, step func(*billCommand, context.Context) error) error {
	f := c.app.flags("bill "+c.name, billUsage)
	c.source.flags(f)
	f.StringVar(&c.operator, "operator", "", "`operator`: its name or id")
	f.StringVar(&c.month, "month", "", "`month`, for example 2026-10")
	f.StringVar(&c.out, "out", "", "`file` to write, instead of standard output")
	f.StringVar(&c.by, "by", "", "console `user` who takes this step")
	f.BoolVar(&c.json, "json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if c.operator == "" {
		return usagef("bill %s: say which operator: --operator O", c.name)
	}
	if c.month == "" && c.name != "verify" { // verify looks at every month
		return usagef("bill %s: say which month: --month 2026-10", c.name)
	}
	if c.month != "" {
		m, err := directory.ParseMonth(c.month)
		if err != nil {
			return usagef("bill %s: --month: %w", c.name, err)
		}
		c.m = m
	}
	return c.app.withStore(ctx, c.source, func(_ config.Config, db *store.Store) error {
		c.db, c.engine = db, billing.Engine{Ledger: db, Now: c.app.now}
		var err error
		if c.op, err = findOperator(ctx, db, c.operator); err != nil {
			return err
		}
		if err := c.person(ctx); err != nil {
			return err
		}
		return step(c, ctx)
	})
}

// findOperator accepts an id, or a name in any case that only one has.
func findOperator(ctx context.Context, db *store.Store, name string) (directory.Operator, error) {
	all, err := db.Operators(ctx)
	if err != nil {
		return directory.Operator{}, err
	}
	var names []string
	var found []directory.Operator
	for _, o := range all {
		if o.ID == name {
			return o, nil
		}
		if strings.EqualFold(o.Name, strings.TrimSpace(name)) {
			found = append(found, o)
		}
		names = append(names, strconv.Quote(o.Name))
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1: // none of them is charged for the other
		return directory.Operator{}, usagef("%d operators are called %q: say the id, %s or %s", len(found), name, found[0].ID, found[1].ID)
	case len(names) == 0:
		return directory.Operator{}, usagef("there is no operator %q: there is none at all yet", name)
	}
	return directory.Operator{}, usagef("there is no operator %q: there are %s", name, joinSorted(names))
}

// person checks that --by names somebody who may charge this operator.
func (c *billCommand) person(ctx context.Context) error {
	if c.by == "" {
		return nil
	}
	u, ok, err := c.db.UserByName(ctx, c.by)
	if err != nil {
		return err
	}
	if !ok || u.Disabled {
		return usagef("--by: there is no console user %q", c.by)
	}
	if u.Role != directory.RoleAdmin && (u.Role != directory.RoleOperator || u.OperatorID != c.op.ID) {
		return usagef("--by: the user %q may not charge %s: an administrator or one of its own users may", c.by, c.op.Name)
	}
	c.by = u.Name
	return nil
}

// preview computes the month and puts it forward as a draft: of the person
// named by --by, else of the program itself.
func (c *billCommand) preview(ctx context.Context) error {
	by := c.by
	if by == "" {
		by = billing.Program
	}
	_, err := c.engine.Draft(ctx, c.op.ID, c.m, by)
	if err != nil && !errors.Is(err, billing.ErrNothing) {
		return err
	}
	p, err := c.engine.Preview(ctx, c.op.ID, c.m)
	if err != nil {
		return err
	}
	if c.json {
		return c.write(func(w io.Writer) error { return writeJSON(w, p) })
	}
	return c.write(func(w io.Writer) error { return printPreview(w, p) })
}

func printPreview(w io.Writer, p billing.Preview) error {
	fmt.Fprintf(w, "%s, %s: %d dwellings, %d leases, %d vacancy shares\n\n", p.Operator, p.Month, p.Dwellings, p.Leases, p.Vacant)
	err := table(w, [][]string{
		{"the month as computed", p.MonthTotal.String() + " €"},
		{"issued before, in " + strconv.Itoa(p.Documents) + " documents", p.IssuedTotal.String() + " €"},
		{"left to issue, tax included", p.Total.String() + " €"},
		{"  of which VAT", p.VAT.String() + " €"},
		{"  in lines", strconv.Itoa(len(p.Lines))},
	})
	if err != nil {
		return err
	}
	switch {
	case p.Nothing():
		fmt.Fprintln(w, "\nThere is nothing to issue.")
	case p.Run != nil && p.Run.State == billing.Approved:
		fmt.Fprintf(w, "\nApproved by %s. Next: parvis bill issue … --by USER\n", p.Run.ApprovedBy)
	case p.Run != nil && p.Run.State == billing.Draft:
		fmt.Fprintf(w, "\nDrafted by %s. Next: parvis bill approve … --by USER, by somebody else.\n", p.Run.DraftedBy)
	}
	return nil
}

func (c *billCommand) approve(ctx context.Context) error {
	run, err := c.engine.Approve(ctx, c.op.ID, c.m, c.by)
	if err != nil {
		return c.refused(err)
	}
	if err := c.app.audit(ctx, c.db, "charges.approve", c.op.ID, c.m.String()+" by "+c.by); err != nil {
		return err
	}
	if c.json {
		return c.write(func(w io.Writer) error { return writeJSON(w, run) })
	}
	fmt.Fprintf(c.app.stdout, "%s, %s: %s € approved by %s. Next: parvis bill issue … --by USER\n", c.op.Name, c.m, run.Total, run.ApprovedBy)
	return nil
}

func (c *billCommand) issue(ctx context.Context) error {
	d, err := c.engine.Issue(ctx, c.op.ID, c.m, c.by)
	if err != nil {
		return c.refused(err)
	}
	if err := c.app.audit(ctx, c.db, "charges.issue", d.ID, d.Name()+" by "+c.by); err != nil {
		return err
	}
	if c.json {
		d.Lines, d.Postings = nil, nil // export has them
		return c.write(func(w io.Writer) error { return writeJSON(w, d) })
	}
	fmt.Fprintf(c.app.stdout, "%s: %s for %s, %s, %s € tax included. Next: parvis bill export … --out F\n", d.Name(), d.Kind, d.Operator, d.Month, d.Total)
	return nil
}

// refused adds who has to say what, where billing cannot know the flags.
func (c *billCommand) refused(err error) error {
	if errors.Is(err, billing.ErrNobody) {
		return usagef("%w: add --by USER", err)
	}
	return err
}

func (c *billCommand) export(ctx context.Context) error {
	documents, err := c.db.Documents(ctx, c.op.ID, c.m)
	if err != nil {
		return err
	}
	if len(documents) == 0 {
		return fmt.Errorf("nothing was issued for %s, %s yet: there is no charges file", c.op.Name, c.m)
	}
	if c.json {
		return c.write(func(w io.Writer) error { return writeJSON(w, documents) })
	}
	statement, err := document.NewStatement(documents...)
	if err != nil {
		return err
	}
	return c.write(func(w io.Writer) error { return document.WriteCharges(w, statement) })
}

func (c *billCommand) verify(ctx context.Context) error {
	v, err := c.engine.Verify(ctx, c.op.ID)
	if err != nil {
		return err
	}
	if c.json {
		err = c.write(func(w io.Writer) error { return writeJSON(w, v) })
	} else {
		err = c.write(func(w io.Writer) error { return printVerification(w, c.op, v) })
	}
	if err == nil && !v.OK() {
		err = fmt.Errorf("%d things are wrong in the documents of %s", len(v.Broken), c.op.Name)
	}
	return err
}

func printVerification(w io.Writer, op directory.Operator, v billing.Verification) error {
	for _, s := range v.Broken {
		fmt.Fprintln(w, "WRONG:", s)
	}
	for _, s := range v.Pending {
		fmt.Fprintln(w, "pending:", s)
	}
	_, err := fmt.Fprintf(w, "%s: %d documents with %d lines checked, %d things wrong, %d months would change\n",
		op.Name, v.Documents, v.Lines, len(v.Broken), len(v.Pending))
	return err
}

// write sends the result to --out, or to standard output. A file is complete or
// not there: it is written beside its place and then renamed.
func (c *billCommand) write(f func(io.Writer) error) (err error) {
	if c.out == "" {
		return f(c.app.stdout)
	}
	part := c.out + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	if err := errors.Join(f(file), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", c.out, err)
	}
	if err := os.Rename(part, c.out); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	fmt.Fprintf(c.app.stderr, "written: %s\n", c.out)
	return nil
}
