//go:build unix && !race

package directory

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A city of 1,000,000 devices and 100,000 dwellings fits in 1 GB and is ready
// in seconds: of processor time, so that a busy machine does not fail it. The
// race detector multiplies both, hence the build tag.
func TestRegisterOfACity(t *testing.T) {
	if testing.Short() {
		t.Skip("fills 1,000,000 devices")
	}
	const devices, dwellings, maxBytes, maxTime = 1_000_000, 100_000, 1 << 30, 10 * time.Second
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	processor := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before, start, spent := heap(), time.Now(), processor()
	r := NewRegister(devices)
	c := Catalog{Plans: []Plan{{ID: NewID(start)}}}
	for i := range 500 {
		c.Residences = append(c.Residences, Residence{ID: NewID(start), Name: fmt.Sprint("residence ", i), PlanID: c.Plans[0].ID})
	}
	for i := range dwellings {
		c.Dwellings = append(c.Dwellings, Dwelling{
			ID: NewID(start), ResidenceID: c.Residences[i%500].ID, Ref: fmt.Sprintf("ref-%06d", i), Door: fmt.Sprintf("Bâtiment A, escalier 2, porte %d", i),
			Login: fmt.Sprintf("logement-%06d", i), Password: NewSecret(rand.Text()), Stock: Period{From: 20000},
		})
	}
	for i := range 10_000 {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		c.NASes = append(c.NASes, NAS{ID: NewID(start), Name: fmt.Sprint("nas ", i), Prefix: netip.PrefixFrom(a, 32), Secret: NewSecret(rand.Text())})
		c.AccessPoints = append(c.AccessPoints, AccessPoint{ID: NewID(start), Name: fmt.Sprint("ap ", i), BSSID: macOf(i + 1), NASID: c.NASes[i].ID, ResidenceID: c.Residences[i%500].ID})
	}
	made := time.Now()
	s, err := NewSnapshot(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Swap(s)
	indexed := time.Now()
	for i := range devices {
		if !r.Devices.Remember(macOf(0x020000000000|i*7919), "terms-2026", noon) {
			t.Fatalf("device %d found no room", i)
		}
	}
	ready := time.Since(start)
	spent = processor() - spent
	used := heap() - before
	t.Logf("%d devices, %d dwellings, 10000 access points: %d MiB; index %s, devices %s, all %s, processor %s",
		devices, dwellings, used>>20, indexed.Sub(made).Round(time.Millisecond), time.Since(indexed).Round(time.Millisecond), ready.Round(time.Millisecond), spent.Round(time.Millisecond))
	if used > maxBytes || spent > maxTime {
		t.Errorf("%d bytes in %s, limit %d in %s", used, spent, maxBytes, maxTime)
	}
	runtime.KeepAlive(r)
}

func BenchmarkDevicesUntil(b *testing.B) {
	d := NewDevices(1 << 20)
	for i := range 1 << 20 {
		d.Remember(macOf(i), "v1", noon)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			d.Until(macOf(i&(1<<20-1)), "v1")
		}
	})
}

func BenchmarkNASByAddr(b *testing.B) {
	s, err := NewSnapshot(town())
	if err != nil {
		b.Fatal(err)
	}
	addr := netip.MustParseAddr("192.0.2.200")
	b.ReportAllocs()
	for b.Loop() {
		s.NASByAddr(addr)
	}
}
