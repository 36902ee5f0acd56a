package console

import "github.com/prometheus/client_golang/prometheus"

// Results of a sign-in.
const (
	resultOK      = "ok"
	resultWrong   = "wrong"   // name or password
	resultLimited = "limited" // too many tries
	resultBusy    = "busy"    // too many at this moment
	resultFailed  = "failed"  // our fault
)

func newLoginCounter(reg prometheus.Registerer) (*prometheus.CounterVec, error) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "parvis_console_logins_total", Help: "Console sign-ins by result.",
	}, []string{"result"})
	for _, result := range []string{resultOK, resultWrong, resultLimited, resultBusy, resultFailed} {
		c.WithLabelValues(result)
	}
	if reg == nil {
		return c, nil
	}
	return c, reg.Register(c)
}
