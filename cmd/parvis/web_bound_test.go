package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
)

func TestBoundedListener(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	l := newBounded(inner, 2, "portal", slog.New(slog.NewTextHandler(&said, nil)))
	accepted := make(chan net.Conn)
	ended := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	for range 3 { // the third is taken by the system, and waits
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third one is in")
	case l.slots <- struct{}{}:
		t.Fatal("there is room for a third one")
	default:
	}
	first.Close()
	first.Close() // gives its place back once
	third := <-accepted
	if n := len(l.slots); n != 2 {
		t.Errorf("%d places are taken, want 2", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("ended with %v", err)
	}
	second.Close()
	third.Close()
	if n := len(l.slots); n != 0 {
		t.Errorf("%d places are taken by nobody", n)
	}
	if n := strings.Count(said.String(), "new ones wait"); n != 1 {
		t.Errorf("said %d times, want once a minute", n)
	}
}
