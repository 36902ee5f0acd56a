package radius

import (
	"crypto/sha256"
	"encoding/binary"
	"net"
	"net/netip"
)

// link is the way that requests come and that their answers go back: a UDP
// socket, or one connection. For each request it is told exactly one of send
// and unanswered.
type link interface {
	// send takes an answer, which is the caller's again afterwards. It does not
	// wait for the peer.
	send(answer []byte, to netip.AddrPort) error
	// unanswered says that a request gets no answer.
	unanswered()
	// broken says that the peer sent what no right peer sends. On a stream that
	// ends the connection, RFC 6613 §2.6.4; a datagram has no neighbours.
	broken()
}

// carrier is what protects a request on its way besides its own signatures.
type carrier uint8

const (
	overUDP   carrier = iota
	overTLS           // RADIUS/1.0 over TLS, RFC 6614
	overTLS11         // RADIUS/1.1, RFC 9765: nothing in it is signed or hidden
)

// socket is one bound UDP socket.
type socket struct {
	conn  *net.UDPConn
	index int // tells sockets apart in the duplicate cache
	// many: it is bound to all addresses of the machine, and told for each
	// datagram which one was asked.
	many bool
}

// datagram is the link of a request that came as one.
type datagram struct {
	sock  *socket
	asked [askedOctets]byte // control message that makes the answer leave from there
	n     int               // octets of asked; 0: the route decides
}

// receive reads a datagram into b; it notes in d how to answer. control is room
// for what the kernel says besides.
func (k *socket) receive(b, control []byte, d *datagram) (n int, from netip.AddrPort, err error) {
	d.sock, d.n = k, 0
	if !k.many {
		return k.conn.ReadFromUDPAddrPort(b)
	}
	n, said, _, from, err := k.conn.ReadMsgUDPAddrPort(b, control)
	if err == nil {
		d.n = sameAddress(&d.asked, control[:said])
	}
	return n, from, err
}

// send answers from the address that was asked: a NAS behind a firewall, or one
// that checks, drops what comes from another.
func (d *datagram) send(answer []byte, to netip.AddrPort) error {
	if d.n == 0 {
		_, err := d.sock.conn.WriteToUDPAddrPort(answer, to)
		return err
	}
	_, _, err := d.sock.conn.WriteMsgUDPAddrPort(answer, d.asked[:d.n], to)
	return err
}

func (*datagram) unanswered() {}
func (*datagram) broken()     {}

// token tells the requests of one source apart: the Identifier, or in RADIUS/1.1
// the Token (RFC 9765 §4.1).
func (r *request) token() uint32 {
	if r.over == overTLS11 {
		return binary.BigEndian.Uint32(r.authenticator())
	}
	return uint32(r.identifier())
}

// imprint is what a retransmission has in common with its request and another
// request with the same token has not: sixteen octets. In RADIUS/1.1 there is no
// such field, and a client that counts wrongly must not get another's answer.
func (r *request) imprint() []byte {
	if r.over == overTLS11 {
		sum := sha256.Sum256(r.packet())
		return sum[:16]
	}
	return r.authenticator()
}
