package directory

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func macOf(n int) MAC {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	return MAC(b[2:])
}

// The oracle is one plain map.
func TestDevicesAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			mac   MAC
			terms string
		}
		const limit = 12
		d, model, dropped := NewDevices(limit), map[key]time.Time{}, uint64(0)
		draw := func(t *rapid.T) key {
			return key{macOf(rapid.IntRange(0, 20).Draw(t, "mac")), rapid.SampledFrom([]string{"", "v1", "v2"}).Draw(t, "terms")}
		}
		at := func(t *rapid.T) time.Time {
			return noon.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "hours")) * time.Hour)
		}
		t.Repeat(map[string]func(*rapid.T){
			"remember": func(t *rapid.T) {
				k, until := draw(t), at(t)
				_, there := model[k]
				room := there || len(model) < limit
				if got := d.Remember(k.mac, k.terms, until); got != room {
					t.Fatalf("Remember = %v with %d of %d", got, len(model), limit)
				}
				if room {
					model[k] = until
				} else {
					dropped++
				}
			},
			"forget": func(t *rapid.T) {
				k := draw(t)
				d.Forget(k.mac, k.terms)
				delete(model, k)
			},
			"sweep": func(t *rapid.T) {
				now, n := at(t), 0
				for k, until := range model {
					if !now.Before(until) {
						delete(model, k)
						n++
					}
				}
				if got := d.Sweep(now); got != n {
					t.Fatalf("Sweep = %d, want %d", got, n)
				}
			},
			"": func(t *rapid.T) {
				k := draw(t)
				want, there := model[k]
				if got, ok := d.Until(k.mac, k.terms); ok != there || there && !got.Equal(want) {
					t.Fatalf("Until = %s, %v; want %s, %v", got, ok, want, there)
				}
				if d.Len() != len(model) || d.Dropped() != dropped {
					t.Fatalf("Len %d and Dropped %d, want %d and %d", d.Len(), d.Dropped(), len(model), dropped)
				}
			},
		})
	})
}

func TestDevicesBounded(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 7, 1000} {
		d := NewDevices(limit)
		for i := range 3000 {
			d.Remember(macOf(i), "v1", noon)
		}
		want := max(1, limit)
		if d.Len() != want || d.Dropped() != uint64(3000-want) {
			t.Errorf("limit %d: %d devices, %d dropped", limit, d.Len(), d.Dropped())
		}
		if d.Sweep(noon) != want || d.Len() != 0 || !d.Remember(macOf(1), "v1", noon) {
			t.Errorf("limit %d: no room after the sweep", limit)
		}
	}
}

func TestDevicesTermsBounded(t *testing.T) {
	d := NewDevices(1 << 20)
	terms := make(map[string]uint16, maxTerms)
	for i := range maxTerms {
		terms[fmt.Sprint("v", i)] = uint16(i)
	}
	d.terms.Store(&terms)
	if !d.Remember(macOf(1), "v65535", noon) || d.Remember(macOf(1), "one more", noon) || d.Dropped() != 1 {
		t.Error("the number of terms is not bounded")
	}
	if _, ok := d.Until(macOf(1), "one more"); ok {
		t.Error("terms that found no room are remembered as others")
	}
}

func TestDevicesConcurrent(t *testing.T) {
	const limit = 2000
	d := NewDevices(limit)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 3000 {
				mac, terms := macOf(i), fmt.Sprint("v", i%5)
				switch (i + w) % 4 {
				case 0, 1:
					d.Remember(mac, terms, noon.Add(time.Duration(i%7)*time.Minute))
				case 2:
					if _, ok := d.Until(mac, terms); ok && d.Len() == 0 {
						continue // may be: swept in between
					}
				case 3:
					d.Forget(mac, terms)
				}
				if i%1000 == 0 {
					d.Sweep(noon.Add(time.Minute))
				}
				if n := d.Len(); n > limit {
					t.Errorf("%d devices, limit %d", n, limit)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for i := range d.shards {
		n += len(d.shards[i].until)
	}
	if n != d.Len() || n > limit {
		t.Errorf("%d devices are there, %d are counted", n, d.Len())
	}
}
