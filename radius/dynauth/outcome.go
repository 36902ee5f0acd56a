package dynauth

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what is asked of the NAS; String gives the metric label.
type Kind uint8

// The kinds.
const (
	Disconnect Kind = iota
	CoA
	kindCount
)

// String returns the metric label.
func (k Kind) String() string {
	if k >= kindCount {
		return "unknown"
	}
	return [kindCount]string{"disconnect", "coa"}[k]
}

// Result is how an exchange ended; String gives the metric label.
type Result uint8

// The results.
const (
	ACK     Result = iota
	NAK            // Outcome.Cause says why
	Timeout        // no reply that could be believed
	Failed         // nothing was sent, or nobody waited for the reply; there is an error
	resultCount
)

// String returns the metric label.
func (r Result) String() string {
	if r >= resultCount {
		return "unknown"
	}
	return [resultCount]string{"ack", "nak", "timeout", "error"}[r]
}

// Outcome is what became of a wish.
type Outcome struct {
	Asked  Kind // what was sent
	Result Result
	Cause  Cause // of the reply; an ACK may have one too (201)
	// Instead says that a change was wanted, and a disconnect asked for because
	// the NAS cannot change a session as wanted.
	Instead bool
	// Waited is from the first packet to the reply or to giving up.
	Waited time.Duration
	// Unfit counts replies that were not believed: of another secret, or forged.
	Unfit uint64
	// TLS says that the NAS was asked on the connection of RADIUS over TLS that it
	// had opened, and not over UDP; Lost that the connection ended meanwhile.
	TLS, Lost bool
	Port      uint16 // UDP port, of what is asked over UDP
}

// String says the outcome in one sentence.
func (o Outcome) String() string {
	s := o.sentence()
	if o.Instead {
		s = "a session cannot be changed so on this NAS, and was asked to end instead: " + s
	}
	return s
}

func (o Outcome) sentence() string {
	switch {
	case o.Result == NAK:
		return "the NAS refused: " + o.Cause.String()
	case o.Result == Timeout && o.Lost:
		return "the NAS's connection ended before it answered: try again once it is back"
	case o.Result == Timeout && o.TLS:
		return fmt.Sprintf("no answer within %s on the NAS's own connection: is dynamic authorisation over RADIUS over TLS (\"reverse CoA\") switched on in the NAS? Otherwise give it an address as well, so that it can be asked over UDP",
			o.Waited.Round(time.Second))
	case o.Result == Timeout && o.Unfit > 0:
		return "answers came, but none that fits the shared secret: compare the secret in the NAS's dynamic authorisation settings"
	case o.Result == Timeout:
		return fmt.Sprintf("no answer within %s: is dynamic authorisation switched on in the NAS, for this server's address, with the shared secret, on UDP port %d?",
			o.Waited.Round(time.Second), o.Port)
	case o.Result != ACK:
		return "nothing was asked of the NAS"
	case o.Asked == CoA:
		return "the NAS took the change"
	case o.Cause != 0:
		return "the NAS ends the session: " + o.Cause.String()
	}
	return "the NAS ends the session"
}

// Errors of a request that was not sent. Each is one sentence for who asked.
var (
	// ErrNASGone: the session's NAS was removed.
	ErrNASGone = errors.New("the NAS of this session is not known any more")
	// ErrTLSOnly: the NAS has no address of its own, and is not connected.
	ErrTLSOnly = errors.New("the NAS is known by its certificate only, and is not connected to this server now: wait until it is, or give it an address as well, so that it can be asked over UDP")
	// ErrNoAddress: the NAS is known by a range, and the session does not say
	// from which address of it.
	ErrNoAddress = errors.New("the NAS is known by a range of addresses, and which one this session is on is not known: give the NAS an entry with its own address")
	// ErrUnnamed: a User-Name alone could end other sessions than the one meant.
	ErrUnnamed = errors.New("nothing that this NAS understands names the session: neither its Acct-Session-Id nor the device's address is known")
	// ErrEnded: there is nothing left to end or to change.
	ErrEnded = errors.New("the session has ended already")
)
