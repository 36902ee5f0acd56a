package peers

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Radclient runs FreeRADIUS' radclient and returns all that it printed and its
// exit code, which is 1 when a reply is missing or a reject.
func Radclient(t testing.TB, args []string, stdin string) (output string, exitCode int) {
	t.Helper()
	return run(t, need(t, "freeradius-utils", []string{"radclient"}), args, stdin)
}

// Promtool runs Prometheus' promtool and returns all that it printed and its exit code.
func Promtool(t testing.TB, args []string, stdin string) (output string, exitCode int) {
	t.Helper()
	return run(t, need(t, "prometheus", []string{"promtool"}), args, stdin)
}

func run(t testing.TB, bin string, args []string, stdin string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s: %v\n%s", bin, err, out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}
