package radius

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

var errFrame = errors.New("a Length that no RADIUS packet has")

// nextFrame returns the next packet of a stream, RFC 6613 §2.6.4. It is valid
// until r is read again, and must be discarded from r. wait is called before the
// reading of something that has not come yet: with false when nothing of a
// packet is there, and with true, once, when it has begun.
//
// io.EOF is an end between two packets; one inside is io.ErrUnexpectedEOF. After
// errFrame the stream cannot be understood any more.
func nextFrame(r *bufio.Reader, wait func(begun bool)) ([]byte, error) {
	if r.Buffered() == 0 {
		wait(false)
		if _, err := r.Peek(1); err != nil {
			return nil, err
		}
	}
	waited := false
	need := func(n int) ([]byte, error) {
		if r.Buffered() < n && !waited {
			wait(true)
			waited = true
		}
		p, err := r.Peek(n)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return p, err
	}
	// The Length first: of what is no RADIUS not even a header shall be awaited.
	head, err := need(4)
	if err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(head[2:4]))
	if length < headerLength || length > maxPacket {
		return nil, errFrame
	}
	return need(length)
}
