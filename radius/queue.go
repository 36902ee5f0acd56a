package radius

// lane is a class of requests in a queue; lower ones go first.
type lane uint8

const (
	laneStatus    lane = iota // somebody asks whether we are alive
	laneContinued             // part of a conversation that costs much to begin again
	lanePlain                 // all else
	lanes
)

// String returns the end of the metric label.
func (l lane) String() string { return [lanes]string{"status", "continued", ""}[l] }

// statusLane is how many Status-Server may wait; each NAS asks seldom.
const statusLane = 64

// queue holds requests until a worker takes them, each lane with a bound of its
// own, so that a flood of new requests leaves room for the others.
type queue [lanes]chan *request

// newQueue makes a queue in which length plain requests may wait.
func newQueue(length int) queue {
	return queue{make(chan *request, min(statusLane, length)), make(chan *request, max(1, length/2)), make(chan *request, length)}
}

// size is how many requests may wait in all.
func (q *queue) size() int {
	n := 0
	for _, c := range q {
		n += cap(c)
	}
	return n
}

// close ends the queue: what waits is still given out.
func (q *queue) close() {
	for _, c := range q {
		close(c)
	}
}

// laneOf tells the class of a request by its code, and an Access-Request's by
// whether it carries State or EAP-Message. What is misshapen is plain.
func laneOf(r *request) lane {
	switch r.code() {
	case codeStatusServer:
		return laneStatus
	case codeAccessRequest:
		for p := r.attributes(); len(p) >= 2 && int(p[1]) >= 2 && int(p[1]) <= len(p); p = p[p[1]:] {
			if p[0] == typeState || p[0] == typeEAPMessage {
				return laneContinued
			}
		}
	}
	return lanePlain
}

// next waits for a request, and gives out the lowest lane first; ok is false
// once the queue is closed and empty.
func (q *queue) next() (r *request, ok bool) {
	for {
		ended := 0
		for _, c := range q {
			select {
			case r, ok = <-c:
				if ok {
					return r, true
				}
				ended++
			default:
			}
		}
		if ended == int(lanes) {
			return nil, false
		}
		select {
		case r, ok = <-q[laneStatus]:
		case r, ok = <-q[laneContinued]:
		case r, ok = <-q[lanePlain]:
		}
		if ok {
			return r, true
		}
	}
}

// put queues a datagram, or says why it is dropped. Under pressure, which is
// from half a lane on, a NAS may hold no more places than are free: one that
// floods gets half of the lane, two get a third each, and whoever asks little
// always finds a place. Nobody has to guess the rate of a NAS for that.
func (q *queue) put(r *request) discard {
	l := laneOf(r)
	c := q[l]
	waiting, places := len(c), cap(c)
	if waiting == places {
		return discardQueueFull
	}
	mine := r.client.waiting.Add(1)
	if l != laneStatus && waiting > places/2 && int(mine) > places-waiting {
		r.client.waiting.Add(-1)
		return discardRateLimited
	}
	r.counted = true
	select {
	case c <- r:
		return discardNone
	default:
		r.taken()
		return discardQueueFull
	}
}

// taken is to be called when a request leaves its queue.
func (r *request) taken() {
	if r.counted {
		r.counted = false
		r.client.waiting.Add(-1)
	}
}

// waiting is how many requests wait for a worker.
func (l *listener) waiting() int {
	n := 0
	for _, c := range l.queue {
		n += len(c)
	}
	return n
}
