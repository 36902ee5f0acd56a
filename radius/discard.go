package radius

import (
	"sync"
	"time"
)

// discard is why a packet gets no answer.
type discard uint8

const (
	discardNone discard = iota
	discardUnknownClient
	discardShort
	discardBadLength
	discardBadAttribute
	discardTooLong
	discardBadAuthenticator
	discardBadMessageAuthenticator
	discardMissingMessageAuthenticator
	discardProxyStateUnsigned
	discardBadCode
	discardRateLimited
	discardQueueFull
	discardTooOld
	discardStoreUnavailable
	discardCount
)

// String returns the metric label and log key.
func (d discard) String() string {
	return [discardCount]string{
		"", "unknown_client", "short", "bad_length", "bad_attribute", "too_long",
		"bad_authenticator", "bad_message_authenticator", "missing_message_authenticator",
		"proxy_state_unsigned", "bad_code", "rate_limited", "queue_full", "too_old",
		"store_unavailable",
	}[d]
}

// minuteLog lets one line a minute through and counts the others.
type minuteLog struct {
	mu   sync.Mutex
	next time.Time
	n    uint64
}

// allow reports whether a line may be written now, and how many events it stands for.
func (l *minuteLog) allow(now time.Time) (n uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	if now.Before(l.next) {
		return 0, false
	}
	n, l.n, l.next = l.n, 0, now.Add(time.Minute)
	return n, true
}
