package live

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"parvis/internal/directory"
)

const (
	refusalsKey   = prefix + "refusals"
	refusalQueue  = 1024
	refusalBatch  = 128
	refusalsPrune = 10 * time.Minute
)

// refusalEntry is a member of the sorted set, by the microsecond. ID keeps two
// equal refusals apart.
type refusalEntry struct {
	ID      string
	Refusal directory.Refusal
}

// Refused keeps r for a day, among the newest 1,000 of all nodes. It does not
// block: when Redis is slower than the refusals, they are dropped and counted.
func (r *Redis) Refused(refusal directory.Refusal) {
	select {
	case r.refusals <- heard{refusal, r.now()}:
	default:
		r.dropped.WithLabelValues(kindRefusal).Inc()
	}
}

// pushRefusals ends after Close, when it has handed over what waits.
func (r *Redis) pushRefusals() {
	tick := time.NewTicker(refusalsPrune)
	defer tick.Stop()
	var last int64
	push := func(first heard) bool {
		batch := []heard{first}
		for len(batch) < refusalBatch {
			select {
			case h := <-r.refusals:
				batch = append(batch, h)
				continue
			default:
			}
			break
		}
		entries := make([]redis.Z, 0, len(batch))
		for _, h := range batch {
			last = max(last+1, h.at.UnixMicro()) // in the order in which they came
			value, err := json.Marshal(refusalEntry{directory.NewID(h.at), h.refusal})
			if err != nil {
				r.dropped.WithLabelValues(kindRefusal).Inc()
				continue
			}
			entries = append(entries, redis.Z{Score: float64(last), Member: value})
		}
		if err := r.keepRefusals(entries); err != nil {
			r.dropped.WithLabelValues(kindRefusal).Add(float64(len(entries)))
			r.log.Debug("live: refusals not kept", "count", len(entries), "error", err)
			return false
		}
		return true
	}
	for {
		select {
		case h := <-r.refusals:
			push(h)
		case <-tick.C:
			// Also when nobody is refused any more, a refusal goes at its time.
			if err := r.keepRefusals(nil); err != nil {
				r.log.Debug("live: old refusals not cleared", "error", err)
			}
		case <-r.closing:
			for {
				select {
				case h := <-r.refusals:
					if !push(h) {
						return // Redis is away: do not hold up the end
					}
				default:
					return
				}
			}
		}
	}
}

// keepRefusals adds entries and clears what is too old or too many.
func (r *Redis) keepRefusals(entries []redis.Z) error {
	ctx, cancel := r.deadline(context.Background())
	defer cancel()
	_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		if len(entries) > 0 {
			p.ZAdd(ctx, refusalsKey, entries...)
			p.PExpire(ctx, refusalsKey, refusalLife)
		}
		p.ZRemRangeByScore(ctx, refusalsKey, "-inf", r.refusalHorizon())
		p.ZRemRangeByRank(ctx, refusalsKey, 0, -maxRefusals-1)
		return nil
	})
	return err
}

func (r *Redis) refusalHorizon() string {
	return strconv.FormatInt(r.now().Add(-refusalLife).UnixMicro(), 10)
}

// Refusals is as in Memory.
func (r *Redis) Refusals(ctx context.Context, limit int) ([]directory.Refusal, error) {
	if limit <= 0 {
		return nil, nil
	}
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	values, err := r.client.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: refusalsKey, ByScore: true, Rev: true,
		Start: "+inf", Stop: "(" + r.refusalHorizon(), Count: int64(min(limit, maxRefusals)),
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("live: read refusals: %w", err)
	}
	list := make([]directory.Refusal, 0, len(values))
	for _, v := range values {
		var e refusalEntry
		if err := json.Unmarshal([]byte(v), &e); err != nil {
			return nil, fmt.Errorf("live: read refusals: %w", err)
		}
		list = append(list, e.Refusal)
	}
	return list, nil
}
