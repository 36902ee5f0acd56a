package radius

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
)

const mppeKeyOctets = 16 // 128 bits

// The three texts of RFC 3079 §3.4. The names of the last two are as a server
// sees them.
const (
	mppeMagicMaster  = "This is the MPPE Master Key"
	mppeMagicReceive = "On the client side, this is the send key; on the server side, it is the receive key."
	mppeMagicSend    = "On the client side, this is the receive key; on the server side, it is the send key."
)

// mppeKeys are the keys that MS-CHAPv2 makes for the link between NAS and peer,
// RFC 3079 §3.4, as the NAS shall use them.
func mppeKeys(hash [ntHashOctets]byte, response []byte) (send, receive [mppeKeyOctets]byte) {
	master := mppeMasterKey(ntHashHash(hash), response)
	return mppeStartKey(master, mppeMagicSend), mppeStartKey(master, mppeMagicReceive)
}

// mppeMasterKey is GetMasterKey.
func mppeMasterKey(hashHash [ntHashOctets]byte, response []byte) [mppeKeyOctets]byte {
	h := sha1.New()
	h.Write(hashHash[:])
	h.Write(response)
	h.Write([]byte(mppeMagicMaster))
	return [mppeKeyOctets]byte(h.Sum(nil)[:mppeKeyOctets])
}

// mppeStartKey is GetAsymmetricStartKey for 128 bits.
func mppeStartKey(master [mppeKeyOctets]byte, magic string) [mppeKeyOctets]byte {
	const padOctets = 40
	h := sha1.New()
	h.Write(master[:])
	h.Write(make([]byte, padOctets))
	h.Write([]byte(magic))
	h.Write(bytes.Repeat([]byte{0xf2}, padOctets))
	return [mppeKeyOctets]byte(h.Sum(nil)[:mppeKeyOctets])
}

// Values of RFC 2548 §2.4.4 and §2.4.5.
const (
	mppeAllowed     = 1
	mppe40or128Bits = 6
)

// addMSCHAP2 adds the proof that the peer waits for, and the keys.
func (p *reply) addMSCHAP2(m *msCHAP2, password string) {
	hash := ntHash(password)
	p.addVendor(vendorMicrosoft, msCHAP2Success, m.success(hash))
	send, receive := mppeKeys(hash, m.response)
	p.addKey(msMPPESendKey, send[:])
	p.addKey(msMPPERecvKey, receive[:])
	for _, v := range []struct {
		kind  byte
		value uint32
	}{{msMPPEEncryptionPolicy, mppeAllowed}, {msMPPEEncryptionTypes, mppe40or128Bits}} {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], v.value)
		p.addVendor(vendorMicrosoft, v.kind, b[:])
	}
}

// addKey adds an MS-MPPE key, hidden with a salt of its own, RFC 2548 §2.4.2.
// RADIUS/1.1 hides nothing: RFC 9765 §5.1.3.
func (p *reply) addKey(kind byte, key []byte) {
	if p.q.over == overTLS11 {
		p.addVendor(vendorMicrosoft, kind, key)
		return
	}
	var b [64]byte
	p.addVendor(vendorMicrosoft, kind,
		appendHidden(b[:0], p.salts.take(), key, []byte(p.q.secret.Reveal()), p.q.authenticator()))
}
