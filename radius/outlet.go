package radius

import (
	"bytes"

	wire "layeh.com/radius"

	"parvis/internal/directory"
)

// typeNASPortID: RFC 2869 §5.17.
const typeNASPortID = 87

// Attributes that carry the circuit id of a wired port.
const (
	adslAgentCircuitID    = 1   // vendorADSLForum, RFC 4679 §3.3.1
	redbackAgentCircuitID = 97  // vendorRedback
	ciscoAVPair           = 1   // vendorCisco: "circuit-id-tag=…"
	erxDHCPOptions        = 55  // vendorJuniperBB: options of the DHCP packet
	erxDHCPOption82       = 159 // vendorJuniperBB: that option alone
)

// DHCP option 82 and its first sub-option, RFC 3046 §2.0.
const (
	dhcpPad            = 0
	dhcpRelayAgent     = 82
	dhcpAgentCircuitID = 1
)

var ciscoCircuitID = []byte("circuit-id-tag=")

// ports returns what a request says of the wired port that it is about, the
// most telling first: the circuit id, then NAS-Port-Id. The list is short.
func ports(attrs wire.Attributes) [][]byte {
	var found [][]byte
	add := func(v []byte) {
		if len(v) > 0 {
			found = append(found, v)
		}
	}
	add(vendorValue(attrs, vendorADSLForum, adslAgentCircuitID))
	add(vendorValue(attrs, vendorRedback, redbackAgentCircuitID))
	vendorValues(attrs, vendorCisco, func(kind byte, v []byte) bool {
		circuit, ok := bytes.CutPrefix(v, ciscoCircuitID)
		if kind == ciscoAVPair && ok {
			add(circuit)
			return false
		}
		return true
	})
	add(dhcpOption(dhcpOption(vendorValue(attrs, vendorJuniperBB, erxDHCPOptions), dhcpRelayAgent), dhcpAgentCircuitID))
	add(dhcpOption(relayAgent(vendorValue(attrs, vendorJuniperBB, erxDHCPOption82)), dhcpAgentCircuitID))
	add(attrs.Get(typeNASPortID))
	return found
}

// relayAgent cuts the head off an option 82 that has one.
func relayAgent(v []byte) []byte {
	if len(v) >= 2 && v[0] == dhcpRelayAgent && int(v[1]) == len(v)-2 {
		return v[2:]
	}
	return v
}

// dhcpOption finds an option, or a sub-option, in a list of them; nil when it
// is not there or the list is broken before it.
func dhcpOption(list []byte, code byte) []byte {
	for len(list) >= 2 {
		if list[0] == dhcpPad && code == dhcpRelayAgent { // RFC 2132 §3.1; sub-options have no pad
			list = list[1:]
			continue
		}
		length := int(list[1])
		if length > len(list)-2 {
			return nil
		}
		if list[0] == code {
			return list[2 : 2+length]
		}
		list = list[2+length:]
	}
	return nil
}

// outlet finds the wired port that a request is about. asked is false when the
// request names none, or its NAS has none. seen is the port as it is spelled in
// directory.Outlet, the first when none is known.
func outlet(q *inquiry) (o *directory.Outlet, seen string, asked bool) {
	if !q.snap.HasOutlets(q.nas.ID) {
		return nil, "", false
	}
	for _, port := range ports(q.attrs) {
		name := text(port)
		if o := q.snap.Outlet(q.nas.ID, name); o != nil {
			return o, name, true
		}
		if seen == "" {
			seen = name
		}
	}
	return nil, seen, seen != ""
}
