package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startWithin = 30 * time.Second // on a machine that is busy with other tests
	stopWithin  = 10 * time.Second
)

// guard runs a server and ends it when our end of the pipe on its standard input
// closes. The kernel does that even when the test binary is killed, panics or
// times out, when no Cleanup runs; a death signal to the server alone would
// leave its directory.
const guard = `dir=$1 signal=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
(read -r _ <&3; kill -s "$signal" $pid) &
guard=$!
wait $pid
kill $guard 2>/dev/null
rm -rf "$dir"`

// server is a running peer.
type server struct {
	cmd  *exec.Cmd
	pipe io.Closer
	out  *tail
	gone chan struct{} // closed when it has ended
}

// launch starts argv under a guard that ends it with signal ("TERM") and then
// removes dir. It runs as cred, or as ourselves when cred is nil.
func launch(cred *syscall.Credential, dir, signal string, argv ...string) (*server, error) {
	s := &server{out: &tail{}, gone: make(chan struct{})}
	s.cmd = exec.Command("/bin/sh", append([]string{"-c", guard, "guard", dir, signal}, argv...)...)
	// A session of its own, so that Ctrl-C reaches the test and not the guard.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: cred}
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	pipe, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("pipe to %s: %w", argv[0], err)
	}
	s.pipe = pipe
	err = s.cmd.Start()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	go func() {
		defer close(s.gone)
		s.cmd.Wait() // how it ended is in its output
	}()
	return s, nil
}

// ready asks probe until it is content. It gives up when the server has ended
// (its port was taken, for example) or after startWithin.
func (s *server) ready(probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.gone:
			return fmt.Errorf("%s ended: %s", s.cmd.Args[6], s.out)
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer within %v: %w\n%s", s.cmd.Args[6], startWithin, err, s.out)
		case <-tick.C:
		}
	}
}

// stop ends the server and waits until its directory is gone.
func (s *server) stop() error {
	s.pipe.Close()
	select {
	case <-s.gone:
		return nil
	case <-time.After(stopWithin):
		syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.gone
		return fmt.Errorf("%s did not stop within %v: %s", s.cmd.Args[6], stopWithin, s.out)
	}
}

// stopAfter ends the server when the test ends.
func (s *server) stopAfter(t testing.TB) {
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
}

// tries calls start until it succeeds: the free port that it chose may have
// been taken by somebody else before the server had it.
func tries(start func() (*server, error)) (*server, error) {
	var errs []error
	for range 3 {
		s, err := start()
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// tempDir makes a directory that the guard will remove. The path has no
// symbolic links, so that a server which names it says the same.
func tempDir(name string) (string, error) {
	dir, err := os.MkdirTemp("", "parvis-"+name+"-")
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// tail keeps the last 16 KB of what a server says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	if excess := len(w.text) - 16<<10; excess > 0 {
		w.text = w.text[excess:]
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.TrimSpace(string(w.text))
}
