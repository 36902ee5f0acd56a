package radius

import (
	"sync"
	"sync/atomic"
	"time"

	"parvis/internal/directory"
)

// Clients is told what was learnt of RADIUS clients. It must not block.
type Clients interface {
	// Signs says that a NAS with the signature auto has proved that it signs.
	Signs(nasID string)
	// OldSecret says that a NAS used its old secret; at most once a minute for each.
	OldSecret(nasID string, at time.Time)
}

// oldSecretEvery is how often Clients hears of the old secret of one NAS.
const oldSecretEvery = time.Minute

// clientFacts is what this process has learnt of one NAS. The fields are written on
// the way of a request, so none is behind a lock.
type clientFacts struct {
	// signs: it has sent a signed Access-Request that an attacker could not
	// have caused. Of consequence for directory.SignatureAuto only.
	signs atomic.Bool
	// renewed is the OldSecretUntil of the change of secrets in which a request
	// with the new one was seen, in Unix milliseconds.
	renewed atomic.Int64
	// told is when Clients last heard of the old secret, in Unix milliseconds.
	told atomic.Int64

	waiting atomic.Int32 // requests in a queue
	status  pace         // of Status-Server
	named   pace         // of lines in the log about its flood

	limited   atomic.Uint64
	unsigned  atomic.Uint64
	oldSecret atomic.Uint64

	// When it last happened, in Unix milliseconds; 0: never.
	heardAt, unsignedAt, refusedAt, limitedAt atomic.Int64
}

// spareClients may be kept besides those of the register.
const spareClients = 64

// clients holds the facts of each NAS of the register. It is read without a
// lock; NASes that are gone leave it in time.
type clients struct {
	mu   sync.Mutex
	byID atomic.Pointer[map[string]*clientFacts]
}

func newClients() *clients {
	c := &clients{}
	c.byID.Store(&map[string]*clientFacts{})
	return c
}

// of returns the facts of a NAS that is, or was a moment ago, in the register.
func (c *clients) of(snap *directory.Snapshot, nas *directory.NAS) *clientFacts {
	if known := (*c.byID.Load())[nas.ID]; known != nil {
		return known
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := *c.byID.Load()
	if known := old[nas.ID]; known != nil {
		return known
	}
	// All at once: copying for each of ten thousand NASes would be a hundred million steps.
	all := make(map[string]*clientFacts, len(snap.NASes())+1)
	for _, n := range snap.NASes() {
		all[n.ID] = &clientFacts{}
	}
	all[nas.ID] = &clientFacts{}
	for id, facts := range old {
		// A request that is under way may still be of the snapshot before: those
		// that are gone leave only once they are as many as those that are there.
		if _, there := all[id]; there || len(old) <= 2*len(snap.NASes())+spareClients {
			all[id] = facts
		}
	}
	c.byID.Store(&all)
	return all[nas.ID]
}

// ClientState is what this process has counted of one NAS since it started.
type ClientState struct {
	NASID string
	// Signs: a NAS whose signature is auto has proved that it signs.
	Signs bool
	// Unsigned counts Access-Requests that were answered without a
	// Message-Authenticator.
	Unsigned uint64
	// OldSecret counts requests that came with the old secret.
	OldSecret uint64
	// Limited counts requests that were dropped because it asked more than its
	// share while there was a queue.
	Limited uint64
	// Connections is how many RADIUS over TLS connections it has now.
	Connections int

	// When it last happened; zero: not since the start. HeardAt is of requests
	// whose signature fitted, of unsigned ones that were answered, and of what
	// came on a connection; RefusedAt of Access-Requests that were dropped because
	// they should have been signed, which anybody may have sent.
	HeardAt, UnsignedAt, RefusedAt, LimitedAt time.Time
}

// Clients lists what was counted, in no order. NASes that have not asked
// anything may be missing.
func (s *Server) Clients() []ClientState {
	known := *s.clients.byID.Load()
	at := make(map[string]int, len(known))
	list := make([]ClientState, 0, len(known))
	for id, c := range known {
		at[id] = len(list)
		list = append(list, ClientState{
			NASID: id, Signs: c.signs.Load(), Unsigned: c.unsigned.Load(), OldSecret: c.oldSecret.Load(),
			Limited: c.limited.Load(), HeardAt: instant(&c.heardAt), UnsignedAt: instant(&c.unsignedAt),
			RefusedAt: instant(&c.refusedAt), LimitedAt: instant(&c.limitedAt),
		})
	}
	if s.tls == nil {
		return list
	}
	for _, c := range s.tls.live() {
		i, there := at[c.owner]
		if !there {
			i = len(list)
			at[c.owner] = i
			list = append(list, ClientState{NASID: c.owner})
		}
		list[i].Connections++
		if heard := instant(&c.heard); heard.After(list[i].HeardAt) {
			list[i].HeardAt = heard
		}
	}
	return list
}

func instant(ms *atomic.Int64) time.Time {
	if at := ms.Load(); at != 0 {
		return time.UnixMilli(at).UTC()
	}
	return time.Time{}
}

// mark notes when something happened. Most of the time it only reads: what many
// workers write in turn goes from core to core.
func mark(at *atomic.Int64, now time.Time) {
	if ms := now.UnixMilli(); ms-at.Load() >= time.Second.Milliseconds() {
		at.Store(ms)
	}
}

// learn draws from a request whose signature was checked what it says of its
// NAS.
func (s *Server) learn(r *request, f form, signed bool) {
	mark(&r.client.heardAt, r.at)
	if r.over != overUDP {
		return
	}
	if !signed {
		r.client.unsigned.Add(1)
		mark(&r.client.unsignedAt, r.at)
		return
	}
	if r.hasOldSecret() {
		s.learnSecret(r)
	}
	// An EAP conversation always carries a Message-Authenticator (RFC 3579 §3.1),
	// so it says nothing of the NAS's other requests; and one NAS that signs
	// says nothing of the others behind the same range.
	if r.nas.Signature == directory.SignatureAuto && r.code() == codeAccessRequest && f.authenticators > 0 && !f.eap &&
		r.nas.Prefix.IsSingleIP() && r.client.signs.CompareAndSwap(false, true) {
		s.o.Log.Info("a RADIUS client has proved that it signs: its signature is required from now on", "nas", r.nas.Name)
		s.o.Clients.Signs(r.nas.ID)
	}
}

func (s *Server) learnSecret(r *request) {
	if r.secret != r.nas.OldSecret {
		r.client.renewed.Store(r.nas.OldSecretUntil.UnixMilli())
		return
	}
	s.metrics.oldSecret.Inc()
	r.client.oldSecret.Add(1)
	told, now := r.client.told.Load(), r.at.UnixMilli()
	if now-told >= oldSecretEvery.Milliseconds() && r.client.told.CompareAndSwap(told, now) {
		s.o.Clients.OldSecret(r.nas.ID, r.at)
	}
}

// hasOldSecret reports whether the NAS may still use its old secret.
func (r *request) hasOldSecret() bool {
	return !r.nas.OldSecret.IsZero() && r.at.Before(r.nas.OldSecretUntil) && r.nas.OldSecret != r.nas.Secret
}

// maySkip reports whether an Access-Request of this NAS needs no signature.
func (r *request) maySkip() bool {
	switch r.nas.Signature {
	case directory.SignatureNo:
		return true
	case directory.SignatureAuto:
		return r.client == nil || !r.client.signs.Load()
	}
	return false // CVE-2024-3596
}

// guessSecret chooses between the two secrets for a request that shows neither:
// the old one, until the new one was seen.
func (r *request) guessSecret() {
	if r.hasOldSecret() && r.client.renewed.Load() != r.nas.OldSecretUntil.UnixMilli() {
		r.secret = r.nas.OldSecret
	}
}

// otherSecret exchanges the secret of a request for the NAS's other one.
func (r *request) otherSecret() {
	if r.secret == r.nas.OldSecret {
		r.secret = r.nas.Secret
	} else {
		r.secret = r.nas.OldSecret
	}
}
