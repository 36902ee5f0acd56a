//go:build race

package e2e

// raceEnabled says that this test was built with the race detector: the program
// that it starts then is, too.
const raceEnabled = true
