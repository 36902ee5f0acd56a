package directory

import "fmt"

// Cents is an amount of money in hundredths of a euro, tax included where the
// law says so.
type Cents int64

// String spells the amount in euros with two decimals and a dot: -12.05.
func (c Cents) String() string {
	sign := ""
	u := uint64(c)
	if c < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}
