package main

import (
	"time"
	_ "time/tzdata" // a static binary in an empty container has no zone files
)

// communeZone is where the commune's clocks are. The pages show its time too.
const communeZone = "Europe/Paris"

// communeClock gives the instant in the commune's own time, however the machine
// is set: many servers keep UTC, and what is issued just after midnight would
// bear the date of the day before, on 1 January the number of the year before.
func communeClock() (func() time.Time, error) {
	zone, err := time.LoadLocation(communeZone)
	if err != nil {
		return nil, err
	}
	return func() time.Time { return time.Now().In(zone) }, nil
}
