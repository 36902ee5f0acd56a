// Command parvis gives a city's people internet: a RADIUS server, a captive
// portal, a billing engine and an exporter of access-point metrics in one
// program. `parvis help` lists what it can do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes. A wrong command line or configuration is not a crash: systemd
// must not start the program again (RestartPreventExitStatus).
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	now, err := communeClock()
	if err != nil {
		fmt.Fprintln(os.Stderr, "parvis: the commune's time zone:", err)
		os.Exit(exitFailure)
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: now}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is what a command may touch of the world around it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
}

// command is one entry of the table; run gets the arguments behind its name.
type command struct {
	name, args, help string
	run              func(*app, context.Context, []string) error
}

func commands() []command {
	return []command{
		{"demo", "[--dir D] [--for 60s]", "show a small city in which everything moves", (*app).demo},
		{"serve", "--config F", "run the server", (*app).serve},
		{"check", "--config F", "say all that is wrong with a configuration", (*app).check},
		{"migrate", "--config F", "make or update the database and the key file", (*app).migrate},
		{"import", "--file commune.toml", "make the database say what a file says of the commune", (*app).importCommune},
		{"nas", "add|change|rotate|remove|list", "keep the RADIUS clients", (*app).nas},
		{"session", "list|disconnect|change", "list who is on; ask access points to end or change a session", (*app).session},
		{"explain", "--mac M | --login L", "say why somebody does not get in, and what to do", (*app).explain},
		{"user", "add|list|password|disable|enable", "keep the people who sign in to the console", (*app).user},
		{"card", "add", "make paper cards for a zone", (*app).card},
		{"bill", "preview|approve|issue|export|verify", "charge a month to a housing operator", (*app).bill},
		{"loadtest", "--server A --secret-file F", "ask a RADIUS server of one's own as often as it answers", (*app).loadtest},
		{"version", "", "print the version", (*app).version},
	}
}

// usageError is a wrong command line or configuration: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func (a *app) run(ctx context.Context, args []string) int {
	err := a.dispatch(ctx, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	fmt.Fprintf(a.stderr, "parvis: %v\n", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailure
}

func (a *app) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		a.usage()
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(a, ctx, args[1:])
		}
	}
	return usagef("there is no command %q: parvis help lists them", args[0])
}

func (a *app) usage() {
	fmt.Fprint(a.stdout, "Parvis gives a city's people internet.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(a.stdout, "  %-44s %s\n", "parvis "+c.name+" "+c.args, c.help)
	}
	fmt.Fprint(a.stdout, "\nEach command explains its flags with --help.\n")
}

// flags returns a flag set whose errors are one sentence, and whose --help goes
// to standard output.
func (a *app) flags(name, args string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {
		f.SetOutput(a.stdout)
		fmt.Fprintf(a.stdout, "usage: parvis %s %s\n", name, args)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
	return f
}

// parse reads the flags and refuses anything behind them.
func parse(f *flag.FlagSet, args []string) error {
	// The flag package would print the help at each mistake; one sentence says it.
	help := f.Usage
	f.Usage = func() {}
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		help()
		return err
	}
	if err != nil {
		return usagef("%s: %w (parvis %s --help lists the flags)", f.Name(), err, f.Name())
	}
	if f.NArg() > 0 {
		return usagef("%s: %q is not understood (parvis %s --help lists the flags)", f.Name(), f.Arg(0), f.Name())
	}
	return nil
}

// subcommand picks the function for args[0].
func subcommand(name string, args []string, table map[string]func([]string) error) error {
	if len(args) > 0 {
		if run := table[args[0]]; run != nil {
			return run(args[1:])
		}
	}
	names := make([]string, 0, len(table))
	for n := range table {
		names = append(names, n)
	}
	return usagef("parvis %s wants one of: %s", name, joinSorted(names))
}
