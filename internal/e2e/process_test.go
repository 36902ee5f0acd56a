package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWithin = 60 * time.Second // with the race detector, on a busy machine
	stopWithin  = 10 * time.Second // before it is killed
)

// stopPromise is how soon after SIGTERM it has ended. With the race detector it
// runs several times slower, beside other tests on the same processors.
func stopPromise() time.Duration {
	if raceEnabled {
		return 6 * time.Second
	}
	return 3 * time.Second
}

// guard starts the program under a watch that ends it when the test binary is
// gone: then nobody holds the other end of descriptor 3, and read fails. A line
// there sends the watch home.
const guard = `(read -r _ <&3 || kill -s KILL $$) >/dev/null 2>&1 &
exec "$@" 3<&-`

// process is a running parvis.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	watch *os.File
	out   output
	gone  chan struct{} // closed when it has ended
	err   error         // how it ended

	auth, acct                        string // host:port
	portal, console, metrics, gateway string // http://host:port
}

// start runs the program and waits until it serves; last is the line that it
// prints last before it does.
func start(t testing.TB, last string, args ...string) *process {
	t.Helper()
	p := &process{t: t, gone: make(chan struct{})}
	p.out.grown = make(chan struct{})
	theirs, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.watch = ours
	p.cmd = exec.Command("/bin/sh", append([]string{"-c", guard, "guard", program(t)}, args...)...)
	p.cmd.ExtraFiles = []*os.File{theirs}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	// A group of its own, so that Ctrl-C reaches the test first.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = errors.Join(p.cmd.Start(), theirs.Close())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		fmt.Fprintln(p.watch)
		p.watch.Close()
		close(p.gone)
	}()
	t.Cleanup(p.end)
	p.await(last)
	p.addresses()
	return p
}

func startServe(t testing.TB, config string) *process {
	t.Helper()
	return start(t, "/metrics\n", "serve", "--config", config)
}

// startDemo runs a demo in dir, all on free ports.
func startDemo(t testing.TB, dir string) *process {
	t.Helper()
	args := []string{"demo", "--dir", dir}
	for _, flag := range []string{"--radius-auth", "--radius-acct", "--portal", "--console", "--metrics", "--gateway"} {
		args = append(args, flag, "127.0.0.1:0")
	}
	return start(t, "Ctrl-C stops everything.\n", args...)
}

// await waits until the program has printed text.
func (p *process) await(text string) {
	p.t.Helper()
	timeout := time.After(readyWithin)
	for {
		got, grown := p.out.read()
		if strings.Contains(got, text) {
			return
		}
		select {
		case <-grown:
		case <-p.gone:
			p.t.Fatalf("it ended before it said %q: %v", text, p.err)
		case <-timeout:
			p.t.Fatalf("it did not say %q within %v", text, readyWithin)
		}
	}
}

// addresses reads where it listens, and waits for its first answer.
func (p *process) addresses() {
	p.t.Helper()
	text, _ := p.out.read()
	for name, to := range map[string]*string{
		"RADIUS authentication": &p.auth, "RADIUS accounting": &p.acct,
		"portal": &p.portal, "console": &p.console, "metrics": &p.metrics, "simulated gateway": &p.gateway,
	} {
		line := regexp.MustCompile(`(?m)^` + name + ` +((?:http://)?127\.0\.0\.1:\d+)`).FindStringSubmatch(text)
		if line != nil {
			*to = line[1]
		} else if name != "simulated gateway" {
			p.t.Fatalf("it did not say where the %s is", name)
		}
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), readyWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.portal+"/healthz", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatalf("it is not ready: %v", err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		p.t.Fatalf("it is not ready: %s", answer.Status)
	}
}

// kill ends it as a power cut would.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.gone
}

// stop asks it to end and returns how long it took.
func (p *process) stop() time.Duration {
	p.t.Helper()
	began := time.Now()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(stopWithin):
		p.kill()
		p.t.Errorf("it did not stop within %v of SIGTERM", stopWithin)
	}
	return time.Since(began)
}

// end is the cleanup: stop it, and show what it said when the test failed.
func (p *process) end() {
	select {
	case <-p.gone:
	default:
		p.stop()
	}
	said, _ := p.out.read()
	if strings.Contains(said, "DATA RACE") || strings.Contains(said, "panic") {
		p.t.Error("it raced or panicked")
	}
	if p.t.Failed() {
		p.t.Logf("parvis %s, ended %v:\n%s", strings.Join(p.cmd.Args[5:], " "), p.err, said)
	}
}

// output keeps what a program says.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed, and made anew, at each write
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.grown)
	o.grown = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.grown
}

// command runs one command to its end.
func command(t testing.TB, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("parvis %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// poll asks until it is true. It is for what happens in another process, where
// nobody can be told; within is generous, except where it is the promise.
func poll(t testing.TB, within time.Duration, what string, ask func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
		<-tick.C
	}
}
