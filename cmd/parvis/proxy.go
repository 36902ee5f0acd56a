package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"parvis/internal/config"
	"parvis/radius/proxy"
)

// openProxy makes the proxy to the partner networks; nil when there are none.
func openProxy(o nodeOptions, reg prometheus.Registerer) (*proxy.Proxy, error) {
	c := o.config.Radius
	if len(c.Realms) == 0 {
		return nil, nil
	}
	p := proxy.Options{OperatorName: c.OperatorName, Now: o.now, Log: o.log, Registerer: reg}
	for _, r := range c.Realms {
		realm := proxy.RealmOptions{Name: r.Name, Accounting: r.Acct}
		for _, s := range r.Servers {
			server, err := partnerServer(c, s)
			if err != nil {
				return nil, fmt.Errorf("the server %s of the realm %s: %w", s.Address, r.Name, err)
			}
			realm.Servers = append(realm.Servers, server)
		}
		p.Realms = append(p.Realms, realm)
	}
	return proxy.New(p)
}

func partnerServer(c config.Radius, s config.RealmServer) (proxy.Server, error) {
	addr, secure := s.TLS()
	if !secure {
		return proxy.Server{Address: s.Address, AcctAddress: s.AcctAddress, Secret: s.Secret, Unsigned: s.Unsigned}, nil
	}
	text, err := os.ReadFile(s.CA)
	if err != nil {
		return proxy.Server{}, fmt.Errorf("its CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return proxy.Server{}, fmt.Errorf("%s holds no certificate", s.CA)
	}
	return proxy.Server{Address: addr, TLS: &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: pool,
		// Read for each connection, so that a renewed one needs no restart.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
			return &pair, err
		},
	}}, nil
}
