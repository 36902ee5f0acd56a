package client

import (
	"net/netip"
	"time"

	"parvis/internal/directory"
)

// AcctStatus is the value of Acct-Status-Type, RFC 2866 §5.1.
type AcctStatus uint32

// The values of Acct-Status-Type.
const (
	Start   AcctStatus = 1
	Stop    AcctStatus = 2
	Interim AcctStatus = 3
	On      AcctStatus = 7
	Off     AcctStatus = 8
)

// Session is what an Accounting-Request says. Zero fields are left out, except
// that an Interim and a Stop always carry Usage.
type Session struct {
	ID      string        // Acct-Session-Id
	User    string        // User-Name
	MAC     directory.MAC // Calling-Station-Id
	Called  string        // Called-Station-Id
	Address netip.Addr    // Framed-IP-Address, IPv4
	Class   [][]byte      // as the Accept gave them, RFC 2865 §5.25
	At      time.Time     // Event-Timestamp
	Usage   Usage
	Cause   uint32 // Acct-Terminate-Cause, on a Stop
}

// Usage is what a session has used since its Start. In is from the device, Out
// towards it, in bytes.
type Usage struct {
	In, Out uint64
	Seconds uint32
}

// Accounting tells the start, a report or the end of a session, or that the
// NAS (or the access point that s.Called names) has started or is going down.
//
// There is no Acct-Delay-Time: it would change with each retransmission and so
// ask for a new identifier (RFC 2866 §5.2). Event-Timestamp tells the same.
func Accounting(status AcctStatus, s Session) *Request {
	r := NewRequest(AccountingRequest).
		Uint32(AcctStatusType, uint32(status)).
		Text(AcctSessionID, s.ID).
		Text(UserName, s.User).
		Text(CalledStationID, s.Called).
		IPv4(FramedIPAddress, s.Address).
		Time(EventTimestamp, s.At)
	if !s.MAC.IsZero() {
		r.Text(CallingStationID, s.MAC.String())
	}
	for _, class := range s.Class {
		r.Bytes(Class, class)
	}
	if status == Interim || status == Stop {
		// RFC 2869 §5.1–5.2: the upper 32 bits, without which a total wraps at 4 GiB.
		r.Uint32(AcctSessionTime, s.Usage.Seconds).
			Uint32(AcctInputOctets, uint32(s.Usage.In)).
			Uint32(AcctInputGigawords, uint32(s.Usage.In>>32)).
			Uint32(AcctOutputOctets, uint32(s.Usage.Out)).
			Uint32(AcctOutputGigawords, uint32(s.Usage.Out>>32))
	}
	if status == Stop && s.Cause != 0 {
		r.Uint32(AcctTerminateCause, s.Cause)
	}
	return r
}
