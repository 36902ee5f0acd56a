package client

import (
	"parvis/internal/directory"
)

// What a server needs that asks on a connection which its peer opened.

// EncodeStream makes the octets of r for RADIUS over TLS: RADIUS/1.0 with key as
// Identifier (0 to 255), signed with "radsec" (RFC 6614 §2.3), or with v11
// RADIUS/1.1 with key as Token (RFC 9765 §4.2.1).
func EncodeStream(r *Request, key uint32, v11 bool) ([]byte, error) {
	if v11 {
		return encode11(r, key)
	}
	return encode(r, byte(key), random16(), directory.NewSecret(tlsSecret))
}

// ReadStream reads reply, a whole packet that came on the connection on which
// request, made by EncodeStream, was sent. An error says that it does not answer
// it, or is not signed as it should be.
func ReadStream(reply, request []byte, v11 bool) (*Reply, error) {
	if v11 {
		if len(reply) < headerLen || [4]byte(reply[4:8]) != [4]byte(request[4:8]) {
			return nil, errShape
		}
		return readReply11(reply, request)
	}
	return readReply(reply, request, directory.NewSecret(tlsSecret), true) // TLS has signed it
}
