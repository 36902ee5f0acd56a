package live

import (
	"context"
	"time"
)

// Allow counts one request under key. When it is refused, retry says after how
// long one would be allowed; a refused request costs nothing. An error means
// that nothing is known: ErrFull when a new key does not fit, or a limit that
// makes no sense. The caller decides whether to go on without a limit.
func (m *Memory) Allow(_ context.Context, key string, l Limit) (ok bool, retry time.Duration, err error) {
	every, burst, err := l.micros()
	if err != nil {
		return false, 0, err
	}
	now := m.now()
	fits := m.limits.update(boundKey(key), now.UnixMilli(), func(tat int64, _ bool) (int64, int64, bool) {
		var next, wait int64
		ok, next, wait = gcra(tat, now.UnixMicro(), every, burst)
		retry = time.Duration(wait) * time.Microsecond
		return next, next/1000 + 1, true
	})
	if !fits {
		m.dropped.WithLabelValues(kindLimit).Inc()
		return false, 0, ErrFull
	}
	return ok, retry, nil
}
