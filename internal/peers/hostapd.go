package peers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// WiredPort is a port with IEEE 802.1X, kept by hostapd, and one device on it
// that has signed in with EAP-MD5 against hostapd's own EAP server.
type WiredPort struct {
	// DynAuth is where hostapd takes Disconnect-Requests (RFC 5176).
	DynAuth netip.AddrPort
	// Device is the MAC address of the device.
	Device net.HardwareAddr
}

// wiredDevice is the device's end of the cable. It is in a network namespace of
// its own, which ends with the process, and the cable with it. hostapd has to be
// there first: a supplicant that gets no answer waits 30 s.
const wiredDevice = `ip link add "$2" address "$3" type veth peer name "$1" netns "$4" && ip link set "$2" up || exit 1
until [ -e go ]; do sleep 0.02; done
exec "$5" -Dwired "-i$2" -c supplicant.conf`

// Hostapd starts hostapd with its wired driver and a wpa_supplicant behind a
// virtual cable. Accounting goes to acct, "127.0.0.1:port", under secret, which
// is also that of the dynamic authorisation. It needs the right to make network
// namespaces.
func Hostapd(t testing.TB, acct, secret string) WiredPort {
	t.Helper()
	hostapd := need(t, "hostapd", []string{"hostapd"}, "/usr/sbin")
	supplicant := need(t, "wpasupplicant", []string{"wpa_supplicant"}, "/usr/sbin", "/sbin")
	ip := need(t, "iproute2", []string{"ip"}, "/usr/sbin", "/sbin")
	unshare := need(t, "util-linux", []string{"unshare"})

	var random [4]byte
	rand.Read(random[:])
	near, far := fmt.Sprintf("pva%x", random), fmt.Sprintf("pvb%x", random)
	p := WiredPort{Device: append(net.HardwareAddr{2, 0}, random[:]...)}

	dir, err := tempDir("supplicant")
	if err != nil {
		t.Fatal(err)
	}
	config := "ap_scan=0\nnetwork={\nkey_mgmt=IEEE8021X\neap=MD5\nidentity=\"bob\"\npassword=\"bobs-password\"\neapol_flags=0\n}\n"
	err = os.WriteFile(filepath.Join(dir, "supplicant.conf"), []byte(config), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	device, err := launch(nil, dir, "TERM", unshare, "--net", "/bin/sh", "-c", wiredDevice, "device",
		near, far, p.Device.String(), strconv.Itoa(os.Getpid()), supplicant)
	if err != nil {
		t.Fatal(err)
	}
	err = device.ready(func(context.Context) error { _, err := net.InterfaceByName(near); return err })
	if err != nil {
		device.stop()
		missing(t, os.Getenv("PARVIS_TEST_PEERS") == "all", fmt.Sprintf("no network namespace with a virtual cable can be made here: %v", err))
	}
	device.stopAfter(t)
	if out, err := exec.Command(ip, "link", "set", near, "up").CombinedOutput(); err != nil {
		t.Fatalf("switch the cable on: %v: %s", err, out)
	}
	keeper, err := tries(func() (s *server, err error) {
		s, p.DynAuth, err = startHostapd(hostapd, near, acct, secret)
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	keeper.stopAfter(t)
	err = os.WriteFile(filepath.Join(dir, "go"), nil, 0o600)
	if err == nil {
		err = device.ready(says(device, "CTRL-EVENT-CONNECTED"))
	}
	if err != nil {
		t.Fatalf("%v\nhostapd: %s", err, keeper.out)
	}
	return p
}

func startHostapd(bin, device, acct, secret string) (*server, netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(acct)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	das, err := freeUDPPort()
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	dir, err := tempDir("hostapd")
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	config := strings.Join([]string{
		"interface=" + device, "driver=wired", "ieee8021x=1", "use_pae_group_addr=1",
		"eap_server=1", "eap_user_file=" + filepath.Join(dir, "users"),
		"own_ip_addr=127.0.0.1", "nas_identifier=wired",
		"acct_server_addr=" + host, "acct_server_port=" + port, "acct_server_shared_secret=" + secret,
		"radius_das_port=" + strconv.Itoa(das), "radius_das_client=127.0.0.1 " + secret,
		"radius_das_require_message_authenticator=1", "",
	}, "\n")
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "hostapd.conf"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "users"), []byte("\"bob\" MD5 \"bobs-password\"\n"), 0o600))
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	s, err := launch(nil, dir, "TERM", bin, "hostapd.conf")
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	err = s.ready(says(s, "AP-ENABLED"))
	if err != nil {
		return nil, netip.AddrPort{}, errors.Join(err, s.stop())
	}
	return s, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(das)), nil
}

// says is ready once the server has printed word.
func says(s *server, word string) func(context.Context) error {
	return func(context.Context) error {
		if !strings.Contains(s.out.String(), word) {
			return fmt.Errorf("it has not said %s", word)
		}
		return nil
	}
}
