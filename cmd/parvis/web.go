package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// listenError is an address that could not be opened, with the setting that
// names it, so that the person who reads it knows where to change it.
type listenError struct {
	setting, address string
	err              error
}

func (e *listenError) Error() string {
	why := e.err.Error()
	switch {
	case errors.Is(e.err, syscall.EADDRINUSE):
		why = "the address is already in use"
	case errors.Is(e.err, syscall.EACCES):
		why = "this needs the right to open a port below 1024"
	case errors.Is(e.err, syscall.EADDRNOTAVAIL):
		why = "this machine does not have that address"
	}
	return fmt.Sprintf("cannot listen on %s: %s; choose another one with %s", e.address, why, e.setting)
}

func (e *listenError) Unwrap() error { return e.err }

// web is one HTTP listener.
type web struct {
	name     string
	cert     *certificate // nil without TLS
	listener net.Listener
	server   *http.Server
}

// openWeb opens the address at once, so that a taken port stops the start. With
// certificate files it speaks TLS.
func openWeb(name, setting, address, certFile, keyFile string, h http.Handler, log *slog.Logger) (*web, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &listenError{setting, address, err}
	}
	bound := newBounded(l, maxConnections, name, log)
	w := &web{name: name, listener: bound, server: &http.Server{
		Handler: h,
		// A slow or silent client must not hold a connection for long.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second, // a charges file of a large operator
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	if certFile != "" {
		cert := &certificate{certFile: certFile, keyFile: keyFile}
		if _, err := cert.get(nil); err != nil {
			l.Close()
			return nil, err
		}
		w.cert = cert
		w.listener = tls.NewListener(bound, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get})
	}
	return w, nil
}

func (w *web) url() string {
	scheme := "http"
	if w.cert != nil {
		scheme = "https"
	}
	return scheme + "://" + w.listener.Addr().String()
}

func (w *web) serve() error {
	if err := w.server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	return nil
}

// stop lets running requests end, for as long as ctx allows.
func (w *web) stop(ctx context.Context) {
	if err := w.server.Shutdown(ctx); err != nil {
		w.server.Close()
	}
}

// certificate is read again when its file changes, so that a renewal needs no
// restart and drops no connection.
type certificate struct {
	certFile, keyFile string

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of certFile when it was read
	looked  time.Time
}

const certificateAge = 10 * time.Second // between looks at the file

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && time.Since(c.looked) < certificateAge {
		return c.current, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.certFile)
	if err != nil {
		return c.keep(fmt.Errorf("read the certificate: %w", err))
	}
	if c.current != nil && info.ModTime().Equal(c.changed) {
		return c.current, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return c.keep(fmt.Errorf("read the certificate %s: %w", c.certFile, err))
	}
	c.current, c.changed = &pair, info.ModTime()
	return c.current, nil
}

// reread reads the files now, whether they changed or not.
func (c *certificate) reread() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate %s: %w", c.certFile, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = &pair
	return nil
}

// certificates are those that can be read again while the program runs.
func (n *node) certificates() map[string]func() error {
	all := map[string]func() error{"radius": n.radius.ReloadTLS}
	for _, w := range n.web {
		if w.cert != nil {
			all[w.name] = w.cert.reread
		}
	}
	return all
}

// keep goes on with the last good certificate while the files are being replaced.
func (c *certificate) keep(err error) (*tls.Certificate, error) {
	if c.current != nil {
		return c.current, nil
	}
	return nil, err
}
