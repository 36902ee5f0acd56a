package radius

import (
	"testing"

	"parvis/internal/directory"
	asks "parvis/radius/client"
)

// The client of our own agrees with the server in both versions.
func TestTLSOwnClient(t *testing.T) {
	for name, protocols := range map[string][]string{"no ALPN": nil, "1.0": {"radius/1.0"}, "1.1": {"radius/1.0", "radius/1.1"}} {
		t.Run(name, func(t *testing.T) {
			s := securing(t, nil)
			config := s.client(s.issue("quay.example"))
			config.NextProtos = protocols
			c, err := asks.New(asks.Options{Server: s.TLSAddrs()[0].String(), TLS: config})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			place := func(r *asks.Request) *asks.Request {
				return r.Text(asks.CalledStationID, homeAP.String()).Text(asks.CallingStationID, device.String())
			}
			right, wrong := directory.NewSecret(homePassword), directory.NewSecret("wrong")
			for _, test := range []struct {
				request *asks.Request
				want    asks.Code
			}{
				{place(asks.PAP(homeLogin, right)), asks.AccessAccept},
				{place(asks.PAP(homeLogin, wrong)), asks.AccessReject},
				{place(asks.CHAP(homeLogin, right)), asks.AccessAccept},
				{asks.Accounting(asks.Start, asks.Session{ID: "s"}), asks.AccountingResponse},
				{asks.Status(), asks.AccessAccept},
			} {
				reply, err := c.Exchange(t.Context(), test.request)
				if err != nil || reply.Code != test.want {
					t.Errorf("%v, %v, want %v", reply, err, test.want)
				}
			}
		})
	}
}
