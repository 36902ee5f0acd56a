package radius

import "github.com/prometheus/client_golang/prometheus"

// handshakeResult is how the opening of a TLS connection ended.
type handshakeResult uint8

const (
	handshakeOK handshakeResult = iota
	handshakeTimeout
	handshakeNoCertificate
	handshakeBadCertificate
	handshakeUnknownClient
	handshakeNoProtocol
	handshakeDowngrade
	handshakePeerRefused
	handshakeClosed
	handshakeProtocol
	handshakeTooMany
	handshakeResults
)

// String returns the metric label.
func (h handshakeResult) String() string {
	return [handshakeResults]string{
		"ok", "timeout", "no_certificate", "bad_certificate", "unknown_client", "no_protocol",
		"downgrade", "peer_refused", "closed", "protocol", "too_many",
	}[h]
}

// closing is why a TLS connection ended.
type closing uint8

const (
	closedPeer          closing = iota // by the peer, or the network
	closedStopped                      // this server stops
	closedIdle                         // nothing came
	closedIncomplete                   // a packet did not come to its end
	closedMalformed                    // what came is no RADIUS, or not signed with the right secret
	closedUnread                       // the peer did not take its answers
	closedCertificate                  // has expired, or its CA is not trusted any more
	closedUnknownClient                // its NAS was removed, or has another certificate now
	closings
)

// String returns the metric label.
func (c closing) String() string {
	return [closings]string{
		"peer", "stopped", "idle", "incomplete", "malformed", "unread", "certificate", "unknown_client",
	}[c]
}

type tlsMetrics struct {
	connections [overTLS11 + 1]prometheus.Gauge // by carrier
	handshakes  [handshakeResults]prometheus.Counter
	closed      [closings]prometheus.Counter
}

// tls registers what only a TLS listener has.
func (r *registrar) tls(t *tlsServer) {
	connections := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "parvis_radius_tls_connections", Help: "Open RADIUS over TLS connections, by version of RADIUS.",
	}, []string{"version"})
	r.register(connections)
	t.count.connections[overTLS] = connections.WithLabelValues("1.0")
	t.count.connections[overTLS11] = connections.WithLabelValues("1.1")
	handshakes := r.counter("parvis_radius_tls_handshakes_total", "TLS connections opened, or refused and why.", "result")
	for i := range handshakeResults {
		t.count.handshakes[i] = handshakes.WithLabelValues(i.String())
	}
	closed := r.counter("parvis_radius_tls_closed_total", "TLS connections ended, by reason.", "reason")
	for i := range closings {
		t.count.closed[i] = closed.WithLabelValues(i.String())
	}
	r.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parvis_radius_tls_certificate_expiry_timestamp_seconds", Help: "When the certificate of the TLS listener expires, in Unix seconds.",
	}, func() float64 { return float64(t.files.current.Load().pair.Leaf.NotAfter.Unix()) }))
	r.register(t.waiting())
}
