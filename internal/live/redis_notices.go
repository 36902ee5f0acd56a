package live

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

func channelOf(topic string) string { return prefix + "notice:" + topic }

// Publish is as in Memory.
func (r *Redis) Publish(ctx context.Context, topic string) error {
	ctx, cancel := r.deadline(ctx)
	defer cancel()
	if err := r.client.Publish(ctx, channelOf(topic), "").Err(); err != nil {
		return fmt.Errorf("live: publish %s: %w", topic, err)
	}
	return nil
}

// Subscribe is as in Memory. It survives a restart of Redis, and one that is
// away at first; after each new connection there is a token, because notices
// may have been missed.
func (r *Redis) Subscribe(ctx context.Context, topic string) (<-chan struct{}, error) {
	out := make(chan struct{}, 1)
	if !r.join() {
		close(out)
		return out, nil
	}
	sub := r.client.Subscribe(ctx, channelOf(topic))
	// Of the messages only their being there counts, so a short queue is enough.
	in := sub.ChannelWithSubscriptions(redis.WithChannelSize(1))

	// Once the subscription is confirmed, no notice that follows is missed.
	patience := time.NewTimer(dialTimeout)
	defer patience.Stop()
	select {
	case <-in:
	case <-ctx.Done():
	case <-r.closing:
	case <-patience.C:
		r.log.Warn("live: Redis does not answer; notices will come when it does", "topic", topic)
	}
	go func() {
		defer r.running.Done()
		defer close(out)
		defer sub.Close()
		for {
			select {
			case _, ok := <-in: // a notice, or a subscription made anew
				if !ok {
					return
				}
				notify(out)
			case <-ctx.Done():
				return
			case <-r.closing:
				return
			}
		}
	}()
	return out, nil
}

// join counts one more for Close to wait for; false after Close.
func (r *Redis) join() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closing:
		return false
	default:
		r.running.Add(1)
		return true
	}
}
