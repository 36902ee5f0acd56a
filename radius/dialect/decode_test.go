package dialect

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	wire "layeh.com/radius"

	"parvis/internal/access"
)

// known is what the decoder of these tests understands: the numbers of the
// vendors' dictionaries, written down apart from the renderers.
var known = map[[2]uint32]string{
	{0, 11}: "Filter-Id", {0, 64}: "Tunnel-Type", {0, 65}: "Tunnel-Medium-Type", {0, 81}: "Tunnel-Private-Group-Id",
	{9, 1}:     "Cisco-AVPair",
	{14122, 4}: "WISPr-Redirection-URL", {14122, 7}: "WISPr-Bandwidth-Max-Up", {14122, 8}: "WISPr-Bandwidth-Max-Down",
	{14179, 6}: "Airespace-ACL-Name",
	{14179, 7}: "Airespace-Data-Bandwidth-Average-Contract", {14179, 9}: "Airespace-Data-Bandwidth-Burst-Contract",
	{14179, 13}: "Airespace-Data-Bandwidth-Average-Contract-Upstream", {14179, 15}: "Airespace-Data-Bandwidth-Burst-Contract-Upstream",
	{14559, 3}: "ChilliSpot-Max-Total-Octets", {14559, 23}: "ChilliSpot-Max-Total-Gigawords",
	{14559, 4}: "ChilliSpot-Bandwidth-Max-Up", {14559, 5}: "ChilliSpot-Bandwidth-Max-Down",
	{14823, 1}: "Aruba-User-Role", {14823, 2}: "Aruba-User-Vlan", {14823, 43}: "Aruba-Captive-Portal-URL",
	{14988, 3}: "Mikrotik-Group", {14988, 8}: "Mikrotik-Rate-Limit",
	{14988, 17}: "Mikrotik-Total-Limit", {14988, 18}: "Mikrotik-Total-Limit-Gigawords",
	{14988, 26}: "Mikrotik-Wireless-VLANID", {14988, 27}: "Mikrotik-Wireless-VLANIDtype",
	{17713, 155}: "Cambium-Traffic-Quota-Limit-Total", {17713, 156}: "Cambium-Traffic-Quota-Limit-Total-Gigwords",
	{25053, 1}: "Ruckus-User-Groups",
}

// decode reads attributes as a NAS would, with the codec of another, into names
// and values. Each may be there once.
func decode(b []byte) (map[string][]byte, error) {
	parsed, err := wire.ParseAttributes(b)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, a := range parsed {
		vendor, kind, value := uint32(0), uint32(a.Type), []byte(a.Attribute)
		if a.Type == 26 {
			if vendor, value, err = wire.VendorSpecific(a.Attribute); err != nil {
				return nil, err
			}
			if len(value) < 3 || int(value[1]) != len(value) {
				return nil, fmt.Errorf("vendor %d: % x does not fill its attribute", vendor, value)
			}
			kind, value = uint32(value[0]), value[2:]
		}
		name := known[[2]uint32{vendor, kind}]
		if name == "Cisco-AVPair" {
			var text string
			name, text, _ = strings.Cut(string(value), "=")
			value = []byte(text)
		}
		if name == "" {
			return nil, fmt.Errorf("vendor %d type %d is not known", vendor, kind)
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		all[name] = value
	}
	return all, nil
}

// understood is the grant that a NAS reads out of decoded attributes. It fails
// on what no NAS would understand and on attributes that contradict each other.
func understood(all map[string][]byte) (g access.Grant, err error) {
	fail := func(name string) { err = fmt.Errorf("%s: % x", name, all[name]) }
	set := func(name string, to *uint32, v uint32) {
		if v == 0 || *to != 0 && *to != v {
			fail(name)
		}
		*to = v
	}
	var gigawords, quotas int
	for name, value := range all {
		number := func() uint32 {
			if len(value) != 4 {
				fail(name)
				return 0
			}
			return binary.BigEndian.Uint32(value)
		}
		vlan := func(v uint64) {
			if v == 0 || v > math.MaxUint16 || g.VLAN != 0 && g.VLAN != uint16(v) {
				fail(name)
			}
			g.VLAN = uint16(v)
		}
		policy := func(to *uint32) {
			v, parseErr := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(string(value), "parvis-"), "k"), 10, 32)
			if parseErr != nil {
				fail(name)
			}
			set(name, to, uint32(v))
		}
		switch name {
		case "WISPr-Bandwidth-Max-Up":
			set(name, &g.UpKbps, number()/1000)
		case "WISPr-Bandwidth-Max-Down":
			set(name, &g.DownKbps, number()/1000)
		case "ChilliSpot-Bandwidth-Max-Up", "Airespace-Data-Bandwidth-Average-Contract-Upstream", "Airespace-Data-Bandwidth-Burst-Contract-Upstream":
			set(name, &g.UpKbps, number())
		case "ChilliSpot-Bandwidth-Max-Down", "Airespace-Data-Bandwidth-Average-Contract", "Airespace-Data-Bandwidth-Burst-Contract":
			set(name, &g.DownKbps, number())
		case "ip:sub-qos-policy-in":
			policy(&g.UpKbps)
		case "ip:sub-qos-policy-out":
			policy(&g.DownKbps)
		case "Mikrotik-Rate-Limit":
			m := regexp.MustCompile(`^(?:(\d+)k|0)/(?:(\d+)k|0)$`).FindSubmatch(value)
			if m == nil {
				fail(name)
				continue
			}
			rx, _ := strconv.ParseUint("0"+string(m[1]), 10, 32)
			tx, _ := strconv.ParseUint("0"+string(m[2]), 10, 32)
			g.UpKbps, g.DownKbps = uint32(rx), uint32(tx)
		case "ChilliSpot-Max-Total-Octets", "Mikrotik-Total-Limit", "Cambium-Traffic-Quota-Limit-Total":
			g.QuotaBytes += uint64(number())
			quotas++
		case "ChilliSpot-Max-Total-Gigawords", "Mikrotik-Total-Limit-Gigawords", "Cambium-Traffic-Quota-Limit-Total-Gigwords":
			g.QuotaBytes += uint64(number()) << 32
			gigawords++
		case "Tunnel-Private-Group-Id":
			v, parseErr := strconv.ParseUint(string(value), 10, 16)
			if parseErr != nil {
				fail(name)
			}
			vlan(v)
		case "Mikrotik-Wireless-VLANID", "Aruba-User-Vlan":
			vlan(uint64(number()))
		case "Tunnel-Type":
			if number() != 13 {
				fail(name)
			}
		case "Tunnel-Medium-Type":
			if number() != 6 {
				fail(name)
			}
		case "Mikrotik-Wireless-VLANIDtype":
			if number() != 0 {
				fail(name)
			}
		case "Filter-Id", "Mikrotik-Group", "Aruba-User-Role", "Ruckus-User-Groups", "Airespace-ACL-Name":
			g.Role = string(value)
		default:
			fail(name)
		}
	}
	if quotas != gigawords || quotas > 1 {
		return g, fmt.Errorf("%d quotas, %d with Gigawords", quotas, gigawords)
	}
	return g, err
}

// The numbers in known are those of FreeRADIUS' dictionaries.
func TestNumbersOfTheDictionaries(t *testing.T) {
	const folder = "/usr/share/freeradius"
	files, err := filepath.Glob(folder + "/dictionary.*")
	if err != nil || len(files) == 0 {
		t.Skip("freeradius-common is not installed")
	}
	vendors := map[string]uint32{}
	listed := map[[2]uint32][]string{}
	line := regexp.MustCompile(`(?m)^\s*(VENDOR|BEGIN-VENDOR|END-VENDOR|ATTRIBUTE)\s+(\S+)(?:\s+(\d+)(?:\s|$))?`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var vendor uint32
		for _, m := range line.FindAllStringSubmatch(string(text), -1) {
			n, _ := strconv.ParseUint(m[3], 10, 32)
			switch m[1] {
			case "VENDOR":
				vendors[m[2]] = uint32(n)
			case "BEGIN-VENDOR":
				vendor = vendors[m[2]]
			case "END-VENDOR":
				vendor = 0
			case "ATTRIBUTE":
				if m[3] != "" {
					key := [2]uint32{vendor, uint32(n)}
					listed[key] = append(listed[key], m[2])
				}
			}
		}
	}
	missing := 0
	for key, name := range known {
		found := listed[key]
		if len(found) == 0 { // e.g. CoovaChilli's Gigawords, which older ones lack
			t.Logf("%s is not in these dictionaries", name)
			missing++
			continue
		}
		ok := false
		for _, f := range found {
			ok = ok || strings.EqualFold(f, name)
		}
		if !ok {
			t.Errorf("%v is %v there, %s here", key, found, name)
		}
	}
	if missing > len(known)/4 {
		t.Errorf("%d of %d are not in these dictionaries", missing, len(known))
	}
}
