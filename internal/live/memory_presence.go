package live

import (
	"context"
	"maps"
	"time"

	"parvis/internal/directory"
)

// Present notes that the device is on in the dwelling, until then unless it is
// noted again. A reordered record does not shorten that. ErrFull when there is
// no room for it.
func (m *Memory) Present(_ context.Context, dwellingID string, mac directory.MAC, until time.Time) error {
	now, end := m.now().UnixMilli(), until.UnixMilli()
	crowded := false
	ok := m.presence.update(boundKey(dwellingID), now, func(on map[directory.MAC]int64, there bool) (map[directory.MAC]int64, int64, bool) {
		maps.DeleteFunc(on, func(_ directory.MAC, until int64) bool { return until <= now })
		if on == nil {
			on = map[directory.MAC]int64{}
		}
		_, known := on[mac]
		switch {
		case end <= now:
		case !known && len(on) >= maxPresence:
			crowded = true
		default:
			on[mac] = max(on[mac], end)
		}
		return on, latest(on), len(on) > 0
	})
	if !ok || crowded {
		m.dropped.WithLabelValues(kindPresence).Inc()
		return ErrFull
	}
	return nil
}

// Absent notes that the device is off.
func (m *Memory) Absent(_ context.Context, dwellingID string, mac directory.MAC) error {
	now := m.now().UnixMilli()
	m.presence.update(boundKey(dwellingID), now, func(on map[directory.MAC]int64, there bool) (map[directory.MAC]int64, int64, bool) {
		delete(on, mac)
		return on, latest(on), len(on) > 0
	})
	return nil
}

// Others counts the devices that are on in the dwelling, without mac.
func (m *Memory) Others(_ context.Context, dwellingID string, mac directory.MAC) (int, error) {
	n, now := 0, m.now().UnixMilli()
	m.presence.view(boundKey(dwellingID), now, func(on map[directory.MAC]int64) {
		for device, until := range on {
			if device != mac && until > now {
				n++
			}
		}
	})
	return n, nil
}

func latest(on map[directory.MAC]int64) int64 {
	var end int64
	for _, until := range on {
		end = max(end, until)
	}
	return end
}
