package proxy

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"parvis/radius/client"
)

// fake is a server that answers, or is silent until the tries are over.
type fake struct {
	mu       sync.Mutex
	silent   bool // to requests
	noStatus bool // to Status-Server
	requests int
	statuses int
	hold     chan struct{} // when set, a request waits for it
	done     chan struct{}
}

func (f *fake) Exchange(ctx context.Context, r *client.Request) (*client.Reply, error) {
	f.mu.Lock()
	status := reflect.DeepEqual(r, client.Status())
	silent := f.silent
	if status {
		f.statuses++
		silent = f.noStatus
	} else {
		f.requests++
	}
	hold := f.hold
	f.mu.Unlock()
	if hold != nil && !status {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if !silent {
		return &client.Reply{Code: client.AccessAccept}, nil
	}
	select {
	case <-time.After(2 * time.Second):
		return nil, client.ErrNoReply
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.done:
		return nil, client.ErrClosed
	}
}

func (f *fake) Close() error { return nil }

func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

type town struct {
	*Proxy
	registry *prometheus.Registry
	servers  map[string]*fake
}

// partner makes a proxy with one realm of two servers, "a:1" and "b:1".
func partner(t *testing.T, change func(*Options)) *town {
	t.Helper()
	w := &town{registry: prometheus.NewRegistry(), servers: map[string]*fake{}}
	o := Options{
		Realms:     []RealmOptions{{Name: "Partner.Example", Servers: []Server{{Address: "a:1"}, {Address: "b:1"}}, Accounting: true}},
		Registerer: w.registry,
	}
	if change != nil {
		change(&o)
	}
	var err error
	w.Proxy, err = open(o, func(_ Server, addr string, _ *Options) (exchanger, error) {
		w.servers[addr] = &fake{}
		return w.servers[addr], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// state reads it off the metric.
func (w *town) state(t *testing.T, addr string) State {
	t.Helper()
	for _, h := range w.realms["partner.example"].auth {
		if h.addr == addr {
			return h.now()
		}
	}
	t.Fatalf("no server %s", addr)
	return 0
}

func (w *town) access() error {
	ctx, cancel := context.WithTimeout(context.Background(), w.o.Budget)
	defer cancel()
	_, err := w.Find("x@partner.example").Access(ctx, client.NewRequest(client.AccessRequest))
	return err
}

func TestFind(t *testing.T) {
	w := partner(t, nil)
	defer w.Close()
	for user, want := range map[string]bool{
		"x@partner.example": true, "X@PARTNER.EXAMPLE": true, "@partner.example": true, "a@b@partner.example": true,
		"partner.example": false, "x@partner.example.org": false, "x@sub.partner.example": false, "x@": false, "": false,
		"partner.example@": false, "x@partner.example@other": false, "x@partner.example ": false,
	} {
		if got := w.Find(user) != nil; got != want {
			t.Errorf("%q: %v", user, got)
		}
	}
	var none *Proxy
	if none.Find("x@partner.example") != nil {
		t.Error("no proxy has a realm")
	}
}

func TestFailOverAndRevival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := partner(t, nil)
		defer w.Close()
		a, b := w.servers["a:1"], w.servers["b:1"]
		if err := w.access(); err != nil || a.asked() != 1 || b.asked() != 0 {
			t.Fatalf("both alive: %v, %d, %d", err, a.asked(), b.asked())
		}
		a.set(func(f *fake) { f.silent, f.noStatus = true, true })
		began := time.Now()
		if err := w.access(); err != nil || time.Since(began) != 2*time.Second || b.asked() != 1 {
			t.Fatalf("the first is silent: %v after %v, %d", err, time.Since(began), b.asked())
		}
		if got := w.state(t, "a:1"); got != Zombie {
			t.Errorf("a server that owes an answer is %s", got)
		}
		began = time.Now()
		if err := w.access(); err != nil || time.Since(began) != 0 || a.asked() != 2 {
			t.Errorf("while it is a zombie: %v after %v", err, time.Since(began))
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := w.state(t, "a:1"); got != Dead {
			t.Errorf("after 30 s of silence it is %s", got)
		}
		a.set(func(f *fake) { f.silent, f.noStatus = false, false })
		time.Sleep(7 * time.Second)
		synctest.Wait()
		if got := w.state(t, "a:1"); got != Dead {
			t.Errorf("after one Status-Server it is %s already", got)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if err := w.access(); err != nil || w.state(t, "a:1") != Alive || a.asked() != 3 {
			t.Errorf("after three Status-Servers: %v, %s, %d", err, w.state(t, "a:1"), a.asked())
		}
		checks := a.statuses
		time.Sleep(time.Minute)
		if a.statuses != checks {
			t.Error("a server that is alive is asked for its status")
		}
		if got := testutil.ToFloat64(w.realms["partner.example"].count.failovers); got != 1 {
			t.Errorf("%v fail-overs", got)
		}
	})
}

func TestAllSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := partner(t, nil)
		defer w.Close()
		for _, f := range w.servers {
			f.set(func(f *fake) { f.silent, f.noStatus = true, true })
		}
		began := time.Now()
		if err := w.access(); !errors.Is(err, ErrUnreachable) || time.Since(began) > w.o.Budget {
			t.Fatalf("%v after %v", err, time.Since(began))
		}
		time.Sleep(40 * time.Second)
		synctest.Wait()
		// Both are dead: nobody waits for them.
		began = time.Now()
		if err := w.access(); !errors.Is(err, ErrUnreachable) || time.Since(began) != 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		// A server without Status-Server gets its chance in time.
		w.servers["b:1"].set(func(f *fake) { f.silent = false })
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := w.access(); err != nil || w.state(t, "b:1") != Alive {
			t.Errorf("a server without Status-Server: %v, %s", err, w.state(t, "b:1"))
		}
	})
}

// A request that a server drops says nothing of the server while it answers others.
func TestOneDroppedRequestIsNoDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := partner(t, nil)
		defer w.Close()
		a := w.servers["a:1"]
		a.set(func(f *fake) { f.silent = true })
		go w.access()
		time.Sleep(time.Second)
		a.set(func(f *fake) { f.silent = false })
		if err := w.access(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := w.state(t, "a:1"); got != Alive || a.statuses != 0 {
			t.Errorf("it is %s", got)
		}
	})
}

func TestInFlightIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := partner(t, func(o *Options) { o.InFlight = 2 })
		hold := make(chan struct{})
		for i, want := range []bool{true, true, false} {
			if got := w.Begin(func(context.Context) { <-hold }); got != want {
				t.Errorf("request %d: %v", i, got)
			}
		}
		close(hold)
		synctest.Wait()
		if !w.Begin(func(ctx context.Context) { <-ctx.Done() }) {
			t.Error("there is room again")
		}
		w.Close() // ends what is under way
		if w.Begin(func(context.Context) {}) {
			t.Error("it is closed")
		}
	})
}

func TestPerServerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := partner(t, nil)
		defer w.Close()
		hold := make(chan struct{})
		w.servers["a:1"].set(func(f *fake) { f.hold = hold })
		for range perServer {
			go w.access()
		}
		synctest.Wait()
		if err := w.access(); err != nil || w.servers["b:1"].asked() != 1 {
			t.Errorf("beyond what the first may have: %v", err)
		}
		close(hold)
	})
}

func TestAccounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := partner(t, func(o *Options) { o.Queue = 4 })
		realm := w.Find("x@partner.example")
		a, b := w.servers["a:2"], w.servers["b:2"]
		realm.Account(client.NewRequest(client.AccountingRequest))
		synctest.Wait()
		if a.asked() != 1 {
			t.Fatal("it goes to the port behind")
		}
		for _, f := range []*fake{a, b} {
			f.set(func(f *fake) { f.silent, f.noStatus = true, true })
		}
		for range acctWorkers {
			realm.Account(client.NewRequest(client.AccountingRequest))
			synctest.Wait()
		}
		for range 6 { // four wait, two are too many
			realm.Account(client.NewRequest(client.AccountingRequest))
		}
		b.set(func(f *fake) { f.silent, f.noStatus = false, false })
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		var got []float64
		for _, c := range realm.count.accounting {
			got = append(got, testutil.ToFloat64(c))
		}
		if want := []float64{1 + acctWorkers + 4, 0, 2}; !slices.Equal(got, want) {
			t.Errorf("sent, failed, dropped: %v, want %v", got, want)
		}
		b.set(func(f *fake) { f.silent, f.noStatus = true, true })
		realm.Account(client.NewRequest(client.AccountingRequest))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if got := testutil.ToFloat64(realm.count.accounting[acctFailed]); got != 1 {
			t.Errorf("%v failed", got)
		}
		w.Close()
	})
}

func TestOptionsThatCannotBe(t *testing.T) {
	a := []Server{{Address: "a:1"}}
	for name, realms := range map[string][]RealmOptions{
		"no name":      {{Servers: a}},
		"no server":    {{Name: "x.example"}},
		"twice":        {{Name: "x.example", Servers: a}, {Name: "X.example", Servers: a}},
		"no next port": {{Name: "x.example", Servers: []Server{{Address: "a:65535"}}, Accounting: true}},
	} {
		p, err := open(Options{Realms: realms}, func(Server, string, *Options) (exchanger, error) { return &fake{}, nil })
		if err == nil || p != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMetricsAreClean(t *testing.T) {
	w := partner(t, nil)
	defer w.Close()
	problems, err := testutil.GatherAndLint(w.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	for name, want := range map[string]int{
		"parvis_radius_proxy_requests_total": 4, "parvis_radius_proxy_failovers_total": 1,
		"parvis_radius_proxy_accounting_total": 3, "parvis_radius_home_server_state": 4 * 3,
	} {
		if n, err := testutil.GatherAndCount(w.registry, name); err != nil || n != want {
			t.Errorf("%s: %d series, want %d (%v)", name, n, want, err)
		}
	}
}
