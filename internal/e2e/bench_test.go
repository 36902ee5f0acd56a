package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

const (
	benchFor      = 3 * time.Second // one run of one server
	benchPassword = "parvis-demo-password"
	benchSecret   = "parvis-demo-secret"
	benchLogin    = "logement-%06d"
	few, many     = 10_000, 100_000 // dwellings
	devices       = 1_000_000
)

// BenchmarkServers holds Parvis against FreeRADIUS: the same requests, one
// server after the other, as many rounds as -benchtime says; `make bench` runs
// it. The other servers are there meanwhile, but idle. What counts is the ratio
// of medians within one run, because machines differ and are never quite idle.
func BenchmarkServers(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("the processor time of another process is read from /proc")
	}
	files, sql := freeRADIUSFiles(b), freeRADIUSPostgres(b)
	small, large := benchTown(b, few, few), benchTown(b, many, devices)
	all := []*subject{
		{name: "FreeRADIUS, files, 10,000 users", process: files, users: few},
		{name: "FreeRADIUS, PostgreSQL, 10,000 users", process: sql, users: few},
		{name: "Parvis, 10,000 dwellings", process: small, users: few},
		{name: "Parvis, 100,000 dwellings, 1,000,000 devices", process: large, users: many},
		{name: "  the same, asked by MAC address", process: large, devices: devices},
	}
	generator := newGenerator(b)
	for _, s := range all {
		generator.run(b, s, time.Second, 0) // warm, and right
	}
	for b.Loop() {
		for _, s := range all {
			s.runs = append(s.runs, generator.run(b, s, benchFor, 0))
		}
	}
	fmt.Printf("\n%d rounds of %v each on %s\n\n", len(all[0].runs), benchFor, machine())
	printTable(all)
	for _, s := range all[2:4] {
		half := generator.run(b, s, benchFor, int(s.median(perSecond)/2))
		fmt.Printf("%s, asked at half of its peak, %.0f a second: %d lost\n", s.name, half.PerSecond, half.Lost)
	}
	printGoals(all, large)
}

// subject is one server with the requests that it is asked.
type subject struct {
	name           string
	process        *bencher
	users, devices int
	runs           []run
}

// bencher is a running server.
type bencher struct {
	auth  string // host:port
	pid   int
	ready time.Duration // from its start to its first answer
}

// run is what one run of the load test said, and what it cost the server.
type run struct {
	Answered  uint64  `json:"answered"`
	PerSecond float64 `json:"per_second"`
	Rejected  uint64  `json:"rejected"`
	Lost      uint64  `json:"lost"`
	Forged    uint64  `json:"forged"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Generator float64 `json:"generator_us"`
	Server    float64 // µs of processor time for each answer
}

func perSecond(r run) float64 { return r.PerSecond }
func server(r run) float64    { return r.Server }
func generatorCPU(r run) float64 {
	return r.Generator
}

func (s *subject) median(of func(run) float64) float64 {
	values := make([]float64, len(s.runs))
	for i, r := range s.runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}

// generator is parvis loadtest with its secrets in files.
type generator struct{ secret, password string }

func newGenerator(b *testing.B) generator {
	dir := b.TempDir()
	g := generator{filepath.Join(dir, "secret"), filepath.Join(dir, "password")}
	for path, text := range map[string]string{g.secret: benchSecret, g.password: benchPassword} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return g
}

func (g generator) run(b *testing.B, s *subject, d time.Duration, rate int) run {
	b.Helper()
	args := []string{
		"loadtest", "--server", s.process.auth, "--secret-file", g.secret, "--password-file", g.password,
		"--login-format", benchLogin, "--for", d.String(), "--rate", strconv.Itoa(rate), "--json",
		"--users", strconv.Itoa(s.users), "--devices", strconv.Itoa(s.devices), "--called", benchBSSID.String() + ":Parvis",
	}
	before := processorTime(b, s.process.pid)
	stdout, stderr, code := command(b, "", args...)
	used := processorTime(b, s.process.pid) - before
	var r run
	if err := json.Unmarshal([]byte(stdout), &r); code != 0 || err != nil {
		b.Fatalf("%s: %v\n%s%s", s.name, err, stdout, stderr)
	}
	if r.Answered == 0 || r.Rejected > 0 || r.Forged > 0 {
		b.Fatalf("%s does not answer as it should: %+v", s.name, r)
	}
	r.Server = float64(used.Microseconds()) / float64(r.Answered)
	return r
}

// processorTime is what all threads of a process have used so far: fields 14
// and 15 of proc_pid_stat(5), in hundredths of a second.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatalf("a server has ended: %v", err)
	}
	// The second field, the name, may hold anything and ends with the last ")".
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.Atoi(fields[14-3])
	system, err2 := strconv.Atoi(fields[15-3])
	if err1 != nil || err2 != nil {
		b.Fatalf("not a process: %s", text)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is the memory of a process in MB.
func resident(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return kb / 1000
}

func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, model, _ := strings.Cut(string(text), "model name")
	model, _, _ = strings.Cut(strings.TrimLeft(model, "\t :"), "\n")
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), model, runtime.Version())
}

func printTable(all []*subject) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "median of the rounds\tanswered/s\tp50 ms\tp99 ms\tserver µs\tgenerator µs\tlost in all\t")
	for _, s := range all {
		lost := uint64(0)
		for _, r := range s.runs {
			lost += r.Lost
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.2f\t%.1f\t%.1f\t%d\t\n", s.name, s.median(perSecond),
			s.median(func(r run) float64 { return r.P50 }), s.median(func(r run) float64 { return r.P99 }),
			s.median(server), s.median(generatorCPU), lost)
	}
	w.Flush()
	fmt.Println()
}

func printGoals(all []*subject, large *bencher) {
	files, sql, small := all[0], all[1], all[2]
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	goal := func(what string, got, goal float64, most bool) {
		word, bound := "missed", "at least"
		if most {
			bound = "at most"
		}
		if most && got <= goal || !most && got >= goal {
			word = "met"
		}
		fmt.Fprintf(w, "%s\t%.2f\t%s %.2f\t%s\n", what, got, bound, goal, word)
	}
	fmt.Fprintln(w, "\ngoal\tmeasured")
	goal("processor time, Parvis to FreeRADIUS with files", small.median(server)/files.median(server), 0.5, true)
	goal("processor time, Parvis to FreeRADIUS with PostgreSQL", small.median(server)/sql.median(server), 0.15, true)
	goal("rate, Parvis to FreeRADIUS with files", small.median(perSecond)/files.median(perSecond), 1.5, false)
	goal("rate, Parvis to FreeRADIUS with PostgreSQL", small.median(perSecond)/sql.median(perSecond), 6, false)
	goal("processor time, 1,000,000 devices to 10,000", all[3].median(server)/small.median(server), 1.15, true)
	goal("rate, 1,000,000 devices to 10,000", all[3].median(perSecond)/small.median(perSecond), 0.85, false)
	goal("GB resident with 1,000,000 devices", float64(resident(large.pid))/1000, 1, true)
	goal("seconds until ready with 1,000,000 devices", large.ready.Seconds(), 5, true)
	w.Flush()
	fmt.Println()
}
