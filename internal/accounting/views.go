package accounting

import (
	"time"

	"parvis/internal/directory"
)

// Record is an Event with its place in the journal of one node. Seq only grows.
type Record struct {
	Seq   int64
	Event Event
}

// Filter picks sessions; empty fields do not restrict.
type Filter struct {
	AccessPointID, ZoneID, DwellingID string
	OperatorID                        string // sessions in that operator's dwellings only
	Key, Login                        string
	MAC                               directory.MAC
}

// Usage is what the sessions of one access point add up to.
type Usage struct {
	AccessPointID string
	Open          int
	In, Out       uint64 // bytes from and towards devices, over all sessions ever
	LastHeard     time.Time
}
