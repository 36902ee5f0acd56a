package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"parvis/internal/directory"
	"parvis/radius/client"
)

// sender is a simulated NAS: it sends from its own loopback address.
type sender struct {
	nas        directory.NAS
	auth, acct *client.Client
}

// senders opens sockets for every NAS of the sample. oneAddress says that the system has
// no 127.0.0.11 (only Linux answers on all of 127/8): then everything goes out
// from 127.0.0.1, as that one NAS.
func senders(o TrafficOptions) (all map[string]*sender, oneAddress bool, err error) {
	all = map[string]*sender{}
	for _, nas := range o.Sample.NASes {
		s, err := newSender(o, nas)
		if err != nil {
			closeAll(all)
			return oneSender(o)
		}
		all[nas.ID] = s
	}
	return all, false, nil
}

// FitSystem gives every access point to the NAS for trying when the system has
// no 127.0.0.11, and reports that it did. A NAS speaks for its own access points
// only, and there all packets come from the one address. Call it before the
// sample is imported.
func (s *Sample) FitSystem() (oneAddress bool) {
	for _, nas := range s.NASes {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: nas.Prefix.Addr().AsSlice()})
		if err != nil {
			oneAddress = true
			continue
		}
		conn.Close()
	}
	if !oneAddress {
		return false
	}
	for _, nas := range s.NASes {
		if nas.Identifier != NASIdentifier {
			continue
		}
		for i := range s.AccessPoints {
			s.AccessPoints[i].NASID = nas.ID
		}
	}
	return true
}

func oneSender(o TrafficOptions) (map[string]*sender, bool, error) {
	all := map[string]*sender{}
	for _, try := range o.Sample.NASes {
		if try.Identifier != NASIdentifier {
			continue
		}
		s, err := newSender(o, try)
		if err != nil {
			return nil, true, err
		}
		for _, nas := range o.Sample.NASes {
			all[nas.ID] = s
		}
		return all, true, nil
	}
	return nil, true, errors.New("the sample has no NAS for trying")
}

func newSender(o TrafficOptions, nas directory.NAS) (*sender, error) {
	open := func(server string) (*client.Client, error) {
		return client.New(client.Options{
			Server: server, LocalAddr: nas.Prefix.Addr().String(), Secret: nas.Secret,
			Timeout: 2 * time.Second, Retries: 2,
		})
	}
	auth, err := open(o.Auth)
	if err != nil {
		return nil, fmt.Errorf("simulated NAS %s: %w", nas.Name, err)
	}
	acct, err := open(o.Acct)
	if err != nil {
		auth.Close()
		return nil, fmt.Errorf("simulated NAS %s: %w", nas.Name, err)
	}
	return &sender{nas: nas, auth: auth, acct: acct}, nil
}

func closeAll(all map[string]*sender) {
	for _, s := range all {
		s.auth.Close()
		s.acct.Close()
	}
}

// describe adds what a NAS says of itself in every request.
func (s *sender) describe(r *client.Request) *client.Request {
	return r.Text(client.NASIdentifier, s.nas.Identifier).
		IPv4(client.NASIPAddress, s.nas.Prefix.Addr()).
		Uint32(client.NASPortType, client.PortWireless)
}

func (s *sender) ask(ctx context.Context, r *client.Request) (*client.Reply, error) {
	return s.auth.Exchange(ctx, s.describe(r))
}

func (s *sender) tell(ctx context.Context, status client.AcctStatus, session client.Session) error {
	_, err := s.acct.Exchange(ctx, s.describe(client.Accounting(status, session)))
	return err
}

// called spells a Called-Station-Id as this NAS does: CoovaChilli sends a bare
// MAC, the others BSSID:SSID (RFC 3580 §3.20).
func (s *sender) called(bssid directory.MAC, ssid string) string {
	if s.nas.Dialect == "coova" {
		return bssid.String()
	}
	return bssid.String() + ":" + ssid
}
