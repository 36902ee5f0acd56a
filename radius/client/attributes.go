package client

// Type is an attribute number.
type Type byte

// The attributes that Parvis sends or reads.
const (
	UserName             Type = 1   // RFC 2865 §5.1
	UserPassword         Type = 2   // RFC 2865 §5.2
	CHAPPassword         Type = 3   // RFC 2865 §5.3
	NASIPAddress         Type = 4   // RFC 2865 §5.4
	NASPort              Type = 5   // RFC 2865 §5.5
	ServiceType          Type = 6   // RFC 2865 §5.6
	FramedIPAddress      Type = 8   // RFC 2865 §5.8
	ReplyMessage         Type = 18  // RFC 2865 §5.18
	State                Type = 24  // RFC 2865 §5.24
	Class                Type = 25  // RFC 2865 §5.25
	VendorSpecific       Type = 26  // RFC 2865 §5.26
	SessionTimeout       Type = 27  // RFC 2865 §5.27
	IdleTimeout          Type = 28  // RFC 2865 §5.28
	CalledStationID      Type = 30  // RFC 2865 §5.30
	CallingStationID     Type = 31  // RFC 2865 §5.31
	NASIdentifier        Type = 32  // RFC 2865 §5.32
	ProxyState           Type = 33  // RFC 2865 §5.33
	AcctStatusType       Type = 40  // RFC 2866 §5.1
	AcctInputOctets      Type = 42  // RFC 2866 §5.3
	AcctOutputOctets     Type = 43  // RFC 2866 §5.4
	AcctSessionID        Type = 44  // RFC 2866 §5.5
	AcctSessionTime      Type = 46  // RFC 2866 §5.7
	AcctTerminateCause   Type = 49  // RFC 2866 §5.10
	AcctInputGigawords   Type = 52  // RFC 2869 §5.1
	AcctOutputGigawords  Type = 53  // RFC 2869 §5.2
	EventTimestamp       Type = 55  // RFC 2869 §5.3
	CHAPChallenge        Type = 60  // RFC 2865 §5.40
	NASPortType          Type = 61  // RFC 2865 §5.41
	EAPMessage           Type = 79  // RFC 3579 §3.1
	MessageAuthenticator Type = 80  // RFC 3579 §3.2
	AcctInterimInterval  Type = 85  // RFC 2869 §5.16
	ChargeableUser       Type = 89  // RFC 4372 §2.2
	ErrorCause           Type = 101 // RFC 5176 §3.5
	OperatorName         Type = 126 // RFC 5580 §4.1
)

// Values of Service-Type and NAS-Port-Type.
const (
	ServiceLogin   = 1  // a person, through the portal
	ServiceFramed  = 2  // a device, by its MAC address
	PortWireless   = 19 // RFC 3580 §3.7: IEEE 802.11
	maxValue       = 253
	maxVendorValue = 247 // less Vendor-Id, Vendor-Type and Vendor-Length
)

// Code is the kind of a packet.
type Code byte

// The packet codes.
const (
	AccessRequest      Code = 1
	AccessAccept       Code = 2
	AccessReject       Code = 3
	AccountingRequest  Code = 4
	AccountingResponse Code = 5
	AccessChallenge    Code = 11
	StatusServer       Code = 12
	DisconnectRequest  Code = 40
	DisconnectACK      Code = 41
	DisconnectNAK      Code = 42
	CoARequest         Code = 43
	CoAACK             Code = 44
	CoANAK             Code = 45
)

// answers reports whether reply is a code that may answer request.
func (reply Code) answers(request Code) bool {
	switch request {
	case AccessRequest:
		return reply == AccessAccept || reply == AccessReject || reply == AccessChallenge
	case AccountingRequest:
		return reply == AccountingResponse
	case StatusServer: // RFC 5997 §4.2: by the port on which it was asked
		return reply == AccessAccept || reply == AccountingResponse
	case DisconnectRequest:
		return reply == DisconnectACK || reply == DisconnectNAK
	case CoARequest:
		return reply == CoAACK || reply == CoANAK
	}
	return false
}
