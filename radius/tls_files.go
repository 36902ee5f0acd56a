package radius

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// tlsFiles are the certificate, its key and the CAs of clients, as they were
// last read without an error.
type tlsFiles struct {
	current atomic.Pointer[tlsContent]

	mu   sync.Mutex
	seen [3]fileState
	log  minuteLog
}

// tlsContent does not change once it is there.
type tlsContent struct {
	pair      tls.Certificate
	clientCAs *x509.CertPool
}

// fileState tells whether a file was replaced or written.
type fileState struct {
	changed time.Time
	size    int64
}

// read reads all three when one has changed, and reports whether it did.
func (f *tlsFiles) read(o TLS) (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var now [3]fileState
	for i, name := range []string{o.CertFile, o.KeyFile, o.ClientCAFile} {
		info, err := os.Stat(name)
		if err != nil {
			return false, fmt.Errorf("read a certificate file: %w", err)
		}
		now[i] = fileState{info.ModTime(), info.Size()}
	}
	if now == f.seen {
		return false, nil
	}
	pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return false, fmt.Errorf("read the certificate %s: %w", o.CertFile, err)
	}
	text, err := os.ReadFile(o.ClientCAFile)
	if err != nil {
		return false, fmt.Errorf("read the client CAs: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return false, fmt.Errorf("there is no certificate in %s", o.ClientCAFile)
	}
	f.current.Store(&tlsContent{pair: pair, clientCAs: pool})
	f.seen = now
	return true, nil
}

// watch looks at the files and the live connections from time to time.
func (t *tlsServer) watch(ctx context.Context) {
	tick := time.NewTicker(tlsLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := t.look(); err != nil {
			if n, ok := t.files.log.allow(t.Server.o.Now()); ok {
				t.Server.o.Log.Error("certificates not read, going on with the old ones", "error", err, "count", n)
			}
		}
	}
}

// look takes changed files into use and ends the connections whose certificate
// does not hold any more: it has expired, its CA is gone from the file, or its
// NAS from the register.
func (t *tlsServer) look() error {
	changed, err := t.files.read(t.o)
	content, snap, now := t.files.current.Load(), t.Server.o.Register.Snapshot(), t.Server.o.Now()
	for _, c := range t.live() {
		switch {
		case now.After(c.chain[0].NotAfter), changed && !chains(c.chain, content.clientCAs, now):
			c.close(closedCertificate)
		case !c.belongs(snap):
			c.close(closedUnknownClient)
		}
	}
	return err
}

// chains reports whether a client's certificate leads to one of the CAs.
func chains(chain []*x509.Certificate, roots *x509.CertPool, now time.Time) bool {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}
