package dialect

import "strconv"

// Values of Tunnel-Type and Tunnel-Medium-Type for a VLAN, RFC 3580 §3.31.
const (
	tunnelVLAN    = 13
	tunnelIEEE802 = 6
)

// tunnelAttributes is how tables name them.
const tunnelAttributes = "Tunnel-Type, Tunnel-Medium-Type, Tunnel-Private-Group-Id"

// appendTunnelVLAN appends a VLAN as RFC 3580 §3.31 spells it; 0 means none.
func appendTunnelVLAN(b []byte, vlan uint16) []byte {
	if vlan == 0 {
		return b
	}
	// RFC 2868 §3.1, §3.2: the first octet is the tag, none here; §3.6: a group
	// id may go without tag.
	b = appendUint32(b, typeTunnelType, tunnelVLAN)
	b = appendUint32(b, typeTunnelMediumType, tunnelIEEE802)
	start := len(b)
	b = append(b, typeTunnelPrivateGroupID, 0)
	b = strconv.AppendUint(b, uint64(vlan), 10)
	b[start+1] = byte(len(b) - start)
	return b
}
