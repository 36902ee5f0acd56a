package radius

import wire "layeh.com/radius"

// inquiry is a request whose signature fits, with its attributes and place. Once
// it is answered it is used for another: nothing may keep it, nor an attribute.
type inquiry struct {
	*request
	kind   listenerKind
	attrs  wire.Attributes
	signed bool // by a Message-Authenticator, or an accounting authenticator
	place  place
	port   string // the wired port that it is about, when it was asked for

	room   []wire.AVP // where the attributes are
	proof  proof
	answer reply

	patience patience
}

// takeInquiry returns an empty inquiry. The codec's own way of reading allocates
// once for each attribute.
func (s *Server) takeInquiry() *inquiry {
	q, ok := s.inquiries.Get().(*inquiry)
	if !ok {
		q = &inquiry{}
	}
	return q
}

// giveInquiry takes back one that is answered.
func (s *Server) giveInquiry(q *inquiry) {
	clear(q.attrs) // the room may be left for a larger one
	*q = inquiry{attrs: q.attrs[:0], room: q.room[:0], patience: q.patience}
	s.inquiries.Put(q)
}

// index lists the attributes of the packet, which scan has passed. Their values
// lie in the packet.
func (q *inquiry) index() {
	p := q.packet()
	for i := headerLength; i < len(p); i += int(p[i+1]) {
		end := i + int(p[i+1])
		q.room = append(q.room, wire.AVP{Type: wire.Type(p[i]), Attribute: p[i+2 : end : end]})
	}
	for i := range q.room {
		q.attrs = append(q.attrs, &q.room[i])
	}
}
