package radius

import "crypto/subtle"

// Attribute types, RFC 2865 §5, RFC 2866 §5, RFC 2868 §3, RFC 2869 §5.
const (
	typeUserName             = 1
	typeUserPassword         = 2
	typeCHAPPassword         = 3
	typeServiceType          = 6
	typeReplyMessage         = 18
	typeState                = 24
	typeClass                = 25
	typeVendorSpecific       = 26
	typeSessionTimeout       = 27
	typeIdleTimeout          = 28
	typeCalledStationID      = 30
	typeCallingStationID     = 31
	typeNASIdentifier        = 32
	typeProxyState           = 33
	typeAcctStatusType       = 40
	typeAcctDelayTime        = 41
	typeAcctInputOctets      = 42
	typeAcctOutputOctets     = 43
	typeAcctSessionID        = 44
	typeAcctSessionTime      = 46
	typeAcctTerminateCause   = 49
	typeAcctInputGigawords   = 52
	typeAcctOutputGigawords  = 53
	typeEventTimestamp       = 55
	typeCHAPChallenge        = 60
	typeTunnelType           = 64
	typeTunnelMediumType     = 65
	typeARAPPassword         = 70
	typeEAPMessage           = 79
	typeMessageAuthenticator = 80
	typeTunnelPrivateGroupID = 81
	typeAcctInterimInterval  = 85
	typeOperatorName         = 126
)

const messageAuthenticatorOctet = 16

// form is what integrity needs to know of a packet.
type form struct {
	authenticators int // how many Message-Authenticators there are
	offset         int // of the value of the last one
	wrongLength    bool
	eap            bool
	proxyState     bool
}

// scan walks the attributes of a packet; ok is false when they do not fill it exactly.
func scan(p []byte) (f form, ok bool) {
	for i := headerLength; i < len(p); {
		if len(p)-i < 2 {
			return f, false
		}
		length := int(p[i+1])
		if length < 2 || length > len(p)-i {
			return f, false
		}
		switch p[i] {
		case typeMessageAuthenticator:
			f.authenticators++
			f.offset = i + 2
			f.wrongLength = f.wrongLength || length != 2+messageAuthenticatorOctet
		case typeEAPMessage:
			f.eap = true
		case typeProxyState:
			f.proxyState = true
		}
		i += length
	}
	return f, true
}

// verify checks the signatures of a request, with the old secret too while there
// is one; r.secret is then the one that fitted. signed is false for the one kind
// that may come without: an Access-Request of a NAS that need not sign.
func verify(r *request, f form) (signed bool, why discard) {
	signed, why = verifySecret(r, f)
	if (why == discardBadAuthenticator || why == discardBadMessageAuthenticator) && r.over == overUDP && r.hasOldSecret() {
		r.otherSecret()
		if signed, why = verifySecret(r, f); why != discardNone {
			r.otherSecret()
		}
	}
	return signed, why
}

func verifySecret(r *request, f form) (signed bool, why discard) {
	if r.over == overTLS11 { // RFC 9765 §5.2: TLS has done it, and a Message-Authenticator means nothing
		return true, discardNone
	}
	secret := []byte(r.secret.Reveal())
	if r.code() == codeAccountingRequest && !accountingAuthenticatorFits(r.packet(), secret) {
		return false, discardBadAuthenticator // RFC 5080 §2.3.3: silently
	}
	if f.authenticators > 0 {
		// RFC 2869 §5.14: at most one, and it counts wherever it is.
		if f.authenticators > 1 || f.wrongLength || !messageAuthenticatorFits(r.packet(), f.offset, secret) {
			return false, discardBadMessageAuthenticator
		}
		return true, discardNone
	}
	switch {
	case r.code() == codeAccountingRequest:
		return true, discardNone // its authenticator is a signature
	case r.over == overTLS: // TLS has signed it; CVE-2024-3596 is about UDP
		return true, discardNone
	case r.code() == codeStatusServer: // RFC 5997 §3: always signed
		return false, discardMissingMessageAuthenticator
	case f.eap: // RFC 3579 §3.1: EAP-Message without it is dropped
		return false, discardMissingMessageAuthenticator
	case !r.maySkip(): // CVE-2024-3596
		return false, discardMissingMessageAuthenticator
	case f.proxyState: // the attack of CVE-2024-3596 needs an echoed Proxy-State
		return false, discardProxyStateUnsigned
	}
	return false, discardNone
}

// accountingAuthenticatorFits: RFC 2866 §3, MD5 over Length octets with sixteen
// zero octets as Authenticator, then the secret.
func accountingAuthenticatorFits(p, secret []byte) bool {
	var zero [16]byte
	sum := md5Of(p[:4], zero[:], p[headerLength:], secret)
	return subtle.ConstantTimeCompare(sum[:], p[4:headerLength]) == 1
}

// messageAuthenticatorFits: RFC 3579 §3.2, HMAC-MD5 over the packet with the
// value zeroed. In an Accounting-Request the Authenticator is zeroed as well,
// because it is computed after.
func messageAuthenticatorFits(p []byte, offset int, secret []byte) bool {
	var zero [16]byte
	end := offset + messageAuthenticatorOctet
	authenticator := p[4:headerLength]
	if p[0] == codeAccountingRequest {
		authenticator = zero[:]
	}
	sum := hmacMD5Of(secret, p[:4], authenticator, p[headerLength:offset], zero[:], p[end:])
	return subtle.ConstantTimeCompare(sum[:], p[offset:end]) == 1
}
