package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// loadtest asks a RADIUS server as often as it answers, and says how often that is.
func (a *app) loadtest(ctx context.Context, args []string) error {
	f := a.flags("loadtest", "--server A --secret-file F (--users N --password-file F | --devices N) [flags]")
	var l loadtest
	l.flags(f)
	if err := parse(f, args); err != nil {
		return err
	}
	o, err := l.options(ctx)
	if err != nil {
		return usagef("loadtest: %w", err)
	}
	r, err := client.Load(ctx, o)
	if err != nil {
		return err
	}
	report := newLoadReport(&r)
	if l.json {
		return writeJSON(a.stdout, report)
	}
	report.print(a)
	return nil
}

// loadtest is the command's flags.
type loadtest struct {
	server, secretFile   string
	users, devices       int
	format, passwordFile string
	called               string
	sockets, window      int
	rate                 int
	forTime, timeout     time.Duration
	json                 bool
}

func (l *loadtest) flags(f *flag.FlagSet) {
	f.StringVar(&l.server, "server", "", "`address` of the RADIUS server, on this machine or a private network")
	f.StringVar(&l.secretFile, "secret-file", "", "`file` with the shared secret")
	f.IntVar(&l.users, "users", 0, "ask with this many dwelling logins, numbered from 1 `(N)`")
	f.StringVar(&l.format, "login-format", "logement-%06d", "how a login is made of its number")
	f.StringVar(&l.passwordFile, "password-file", "", "`file` with the password that all of them have")
	f.IntVar(&l.devices, "devices", 0, "ask with this many MAC addresses, 02-00-00-00-00-01 and on `(N)`")
	f.StringVar(&l.called, "called", "02-AA-BB-CC-DD-01:Parvis", "Called-Station-Id: the access `point` that asks")
	f.IntVar(&l.sockets, "sockets", 16, "how many sockets, each a NAS port of its own")
	f.IntVar(&l.window, "window", 0, "requests under way on each socket; 0 means 16, with --rate 256")
	f.IntVar(&l.rate, "rate", 0, "requests a `second`; 0 asks again as soon as an answer is there")
	f.DurationVar(&l.forTime, "for", 10*time.Second, "how long to ask")
	f.DurationVar(&l.timeout, "timeout", time.Second, "after this `time` without an answer a request is lost")
	f.BoolVar(&l.json, "json", false, "print JSON")
}

// maxRequests bounds the requests that are made before the start, about 150
// octets each.
const maxRequests = 2_000_000

func (l *loadtest) options(ctx context.Context) (client.LoadOptions, error) {
	o := client.LoadOptions{
		Server: l.server, Requests: l.users + l.devices, Sockets: l.sockets, Window: l.window,
		Rate: l.rate, For: l.forTime, Timeout: l.timeout,
	}
	switch {
	case l.users < 0 || l.devices < 0 || o.Requests == 0 || o.Requests > maxRequests:
		return o, fmt.Errorf("--users and --devices together are 1 to %d", maxRequests)
	case l.users > 0 && strings.Contains(fmt.Sprintf(l.format, 1), "%!"):
		return o, fmt.Errorf("--login-format: %q does not make a login of a number: use one %%d, for example logement-%%06d", l.format)
	case l.users > 0 && l.passwordFile == "":
		return o, errors.New("--password-file: say which")
	case l.secretFile == "":
		return o, errors.New("--secret-file: say which")
	}
	if err := nearby(ctx, l.server); err != nil {
		return o, fmt.Errorf("--server: %w", err)
	}
	var err error
	if o.Secret, err = secretFrom(l.secretFile); err != nil {
		return o, fmt.Errorf("--secret-file: %w", err)
	}
	password, err := secretFrom(l.passwordFile)
	if err != nil {
		return o, fmt.Errorf("--password-file: %w", err)
	}
	o.Request = func(n int) *client.Request {
		device := directory.MAC{2, 0, 0, byte((n + 1) >> 16), byte((n + 1) >> 8), byte(n + 1)}
		if n < l.users {
			return l.at(client.PAP(fmt.Sprintf(l.format, n+1), password).
				Uint32(client.ServiceType, client.ServiceLogin), device)
		}
		n -= l.users
		device = directory.MAC{2, 0, 0, byte((n + 1) >> 16), byte((n + 1) >> 8), byte(n + 1)}
		text := directory.NewSecret(device.String())
		return l.at(client.PAP(device.String(), text).Uint32(client.ServiceType, client.ServiceFramed), device)
	}
	return o, nil
}

// at adds what an access point says of itself and of the device, as hostapd does.
func (l *loadtest) at(r *client.Request, device directory.MAC) *client.Request {
	return r.Text(client.CalledStationID, l.called).
		Text(client.CallingStationID, device.String()).
		IPv4(client.NASIPAddress, netip.AddrFrom4([4]byte{127, 0, 0, 1})).
		Text(client.NASIdentifier, "loadtest").
		Uint32(client.NASPortType, client.PortWireless)
}

// nearby refuses a server out on the internet: a load test is an attack on
// whoever did not ask for it.
func nearby(ctx context.Context, server string) error {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return fmt.Errorf("%q is not host:port, for example 127.0.0.1:1812", server)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if addr = addr.Unmap(); !addr.IsLoopback() && !addr.IsPrivate() && !addr.IsLinkLocalUnicast() {
			return fmt.Errorf("%s is neither this machine nor on a private network: a load test is for a server of one's own", addr)
		}
	}
	return nil
}

// loadReport is what is told of a load test.
type loadReport struct {
	Answered  uint64  `json:"answered"`
	PerSecond float64 `json:"per_second"`
	Rejected  uint64  `json:"rejected"`
	Lost      uint64  `json:"lost"`
	Forged    uint64  `json:"forged"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	// OwnCPU is what asking cost this process itself, in µs for each answer.
	OwnCPU float64 `json:"generator_us"`
}

func newLoadReport(r *client.LoadResult) loadReport {
	ms := func(q float64) float64 { return float64(r.Latency.Quantile(q).Microseconds()) / 1000 }
	return loadReport{
		Answered: r.Answered(), PerSecond: r.PerSecond(), Rejected: r.Rejected, Lost: r.Lost, Forged: r.Forged,
		P50: ms(0.50), P99: ms(0.99), OwnCPU: float64(r.CPU.Microseconds()) / float64(max(1, r.Answered())),
	}
}

func (r loadReport) print(a *app) {
	fmt.Fprintf(a.stdout, "answered   %d, %.0f a second; %d of them rejects\n", r.Answered, r.PerSecond, r.Rejected)
	fmt.Fprintf(a.stdout, "waited     %.2f ms (median), %.2f ms (99 of 100 less)\n", r.P50, r.P99)
	fmt.Fprintf(a.stdout, "lost       %d\n", r.Lost)
	if r.Forged > 0 {
		fmt.Fprintf(a.stdout, "forged     %d answers did not fit: is the shared secret the same?\n", r.Forged)
	}
	fmt.Fprintf(a.stdout, "The load test itself used %.1f µs of processor time for each answer.\n", r.OwnCPU)
}
