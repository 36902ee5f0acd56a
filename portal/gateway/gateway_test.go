package gateway

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/directory"
)

const (
	public = "https://wifi.example"
	// A redirect in the form of reference §3.1; its md was computed by other software.
	coovaSignedPart = "res=notyet&uamip=10.1.0.1&uamport=3990&challenge=000102030405060708090a0b0c0d0e0f&called=02-11-22-33-44-55" +
		"&mac=02-AA-BB-CC-DD-01&ip=10.1.0.2&ssid=Parvis&nasid=place-1&sessionid=1700000001&userurl=http%3a%2f%2fexample.org%2f"
	coovaGolden     = coovaSignedPart + "&md=46F4AFFF5EDBC253A9540027FCA15754"
	coovaNoSlash    = coovaSignedPart + "&md=c99001505da0f9c36338636541c64a32"
	genericUnsigned = "nasid=open&mac=02:aa:bb:cc:dd:01&url=http%3A%2F%2Fexample.org&ap=02-11-22-33-44-55"
	genericGolden   = "nasid=hotel&mac=02AABBCCDD01&t=1790000000&sig=19faadc2a8adf381a2a7684080441b5f7f27605d9be4e581ea24662660b172ad"
)

var now = time.Unix(1_790_000_060, 0)

func snapshot(t testing.TB) *directory.Snapshot {
	t.Helper()
	prefix := func(s string) netip.Prefix { return netip.MustParsePrefix(s) }
	s, err := directory.NewSnapshot(directory.Catalog{
		Plans: []directory.Plan{{ID: "plan", Name: "City"}},
		Zones: []directory.Zone{{ID: "zone", Name: "Place", PlanID: "plan"}},
		NASes: []directory.NAS{
			{ID: "n1", Name: "coova", Prefix: prefix("192.0.2.1/32"), Identifier: "place-1", Gateway: directory.GatewayCoova, GatewaySecret: directory.NewSecret("uam-secret")},
			{ID: "n2", Name: "no secret", Prefix: prefix("192.0.2.2/32"), Identifier: "bare", Gateway: directory.GatewayCoova},
			{ID: "n3", Name: "open", Prefix: prefix("192.0.2.3/32"), Identifier: "open", Gateway: directory.GatewayGeneric, LoginURL: "https://gw.example/login?vs=1"},
			{ID: "n4", Name: "signed", Prefix: prefix("192.0.2.4/32"), Identifier: "hotel", Gateway: directory.GatewayGeneric, GatewaySecret: directory.NewSecret("gw"), LoginURL: "http://10.0.0.1/login"},
			{ID: "n5", Name: "no url", Prefix: prefix("192.0.2.5/32"), Identifier: "nourl", Gateway: directory.GatewayGeneric},
		},
		AccessPoints: []directory.AccessPoint{{ID: "ap1", Name: "AP", NASID: "n1", BSSID: mustMAC("02-11-22-33-44-55"), ZoneID: "zone", Enabled: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustMAC(s string) directory.MAC {
	m, err := directory.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func TestCoovaGolden(t *testing.T) {
	s := snapshot(t)
	for name, raw := range map[string]string{
		"uamserver with a slash":      coovaGolden,
		"uamserver without a slash":   coovaNoSlash,
		"md in small letters":         strings.Replace(coovaGolden, "46F4AFFF5EDBC253A9540027FCA15754", "46f4afff5edbc253a9540027fca15754", 1),
		"language added behind":       coovaGolden + "&lang=en",
		"address added behind":        coovaGolden + "&uamip=203.0.113.9&mac=02-00-00-00-00-01",
		"wrapped by uamhomepage":      "loginurl=" + url.QueryEscape(public+"/?"+coovaGolden),
		"wrapped, and language added": "loginurl=" + url.QueryEscape(public+"/?"+coovaGolden) + "&lang=en",
	} {
		c, err := Parse(public+"/", raw, s, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.NAS.ID != "n1" || c.MAC != mustMAC("02-AA-BB-CC-DD-01") || c.IP != netip.MustParseAddr("10.1.0.2") || c.SessionID != "1700000001" ||
			c.UserURL != "http://example.org/" || c.State != NotYet || c.Origin() != "http://10.1.0.1:3990" || c.LogoffURL() != "http://10.1.0.1:3990/logoff" ||
			c.AccessPoint == nil || c.AccessPoint.ID != "ap1" {
			t.Errorf("%s: got %+v", name, c)
		}
		if again, err := Parse(public, c.Query, s, now); err != nil || again.MAC != c.MAC || strings.Contains(c.Query, "lang") {
			t.Errorf("%s: the kept query %q: %v", name, c.Query, err)
		}
		got := c.LogonURL(public, "ticket-x", directory.NewSecret("pass word"), now)
		want := "http://10.1.0.1:3990/logon?username=ticket-x&response=6ae4cea64a8fab8e34589f16cdafb689&userurl=http%3A%2F%2Fexample.org%2F"
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// signCoova is the gateway's side.
func signCoova(q, secret string) string {
	sum := md5.Sum([]byte(public + "/?" + q + secret))
	return q + "&md=" + strings.ToUpper(hex.EncodeToString(sum[:]))
}

func TestCoovaRefuses(t *testing.T) {
	s := snapshot(t)
	signed := func(old, new string) string {
		if !strings.Contains(coovaSignedPart, old) {
			t.Fatal(old)
		}
		return signCoova(strings.Replace(coovaSignedPart, old, new, 1), "uam-secret")
	}
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"tampered MAC":         {strings.Replace(coovaGolden, "DD-01", "DD-02", 1), ErrSignature},
		"tampered gateway":     {strings.Replace(coovaGolden, "uamip=10.1.0.1", "uamip=203.0.113.9", 1), ErrSignature},
		"re-encoded query":     {strings.Replace(coovaGolden, "%3a", "%3A", 1), ErrSignature},
		"no md":                {coovaSignedPart, ErrSignature},
		"empty md":             {coovaSignedPart + "&md=", ErrSignature},
		"md first":             {"md=46F4AFFF5EDBC253A9540027FCA15754&" + coovaSignedPart, ErrSignature},
		"another's secret":     {signCoova(coovaSignedPart, "other"), ErrSignature},
		"no secret":            {signCoova(strings.Replace(coovaSignedPart, "nasid=place-1", "nasid=bare", 1), ""), ErrSignature},
		"another kind of NAS":  {signed("nasid=place-1", "nasid=hotel"), ErrUnknown},
		"unknown NAS":          {signed("called=02-11-22-33-44-55", "called=02-99-99-99-99-99&nasid=nobody"), ErrUnknown},
		"no MAC":               {signed("mac=02-AA-BB-CC-DD-01", "mac="), ErrIncomplete},
		"zero MAC":             {signed("mac=02-AA-BB-CC-DD-01", "mac=00-00-00-00-00-00"), ErrIncomplete},
		"strange state":        {signed("res=notyet", "res=odd"), ErrIncomplete},
		"gateway is a name":    {signed("uamip=10.1.0.1", "uamip=evil.example"), ErrIncomplete},
		"port 0":               {signed("uamport=3990", "uamport=0"), ErrIncomplete},
		"port with more":       {signed("uamport=3990", "uamport=3990%40evil.example"), ErrIncomplete},
		"short challenge":      {signed("0c0d0e0f", ""), ErrIncomplete},
		"bad escape":           {signed("ssid=Parvis", "ssid=%zz"), ErrIncomplete},
		"nested loginurl":      {"loginurl=" + url.QueryEscape("x?loginurl=y"), ErrIncomplete},
		"too long":             {coovaGolden + strings.Repeat("a", maxQuery), ErrIncomplete},
		"nothing":              {"", ErrAbsent},
		"only a language":      {"lang=en", ErrAbsent},
		"nonsense time left":   {signed("ssid=Parvis", "timeleft=-1"), ErrIncomplete},
		"nonsense inside addr": {signed("ip=10.1.0.2", "ip=10.1.0"), ErrIncomplete},
	} {
		got, err := Parse(public, c.raw, s, now)
		if !errors.Is(err, c.want) || got.NAS != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestCoovaStatesAndForms(t *testing.T) {
	s := snapshot(t)
	for res, want := range map[string]State{
		"notyet": NotYet, "wispr": NotYet, "success": Success, "failed": Failed, "reject": Failed, "already": Already, "status": Already, "logoff": Logoff,
	} {
		c, err := Parse(public, signCoova(strings.Replace(coovaSignedPart, "res=notyet", "res="+res+"&timeleft=7200", 1), "uam-secret"), s, now)
		if err != nil || c.State != want || c.TimeLeft != 2*time.Hour {
			t.Errorf("%s: got %v %v %v", res, c.State, c.TimeLeft, err)
		}
	}
	for _, sent := range []string{"L'Ile (%C3%A9)", "L%27Ile (%C3%A9)", "L%27Ile %28%C3%A9%29"} {
		raw := signCoova(strings.Replace(coovaSignedPart, "ssid=Parvis", "ssid=L'Ile (%C3%A9)", 1), "uam-secret")
		_, err := Parse(public, strings.Replace(raw, "L'Ile (%C3%A9)", sent, 1), s, now)
		if err != nil {
			t.Errorf("%s: %v", sent, err)
		}
	}
	byStation := signCoova(strings.Replace(coovaSignedPart, "nasid=place-1", "nasid=", 1), "uam-secret")
	c, err := Parse(public, byStation, s, now)
	if err != nil || c.NAS.ID != "n1" {
		t.Errorf("by the called station: %v", err)
	}
	clear := signCoova(strings.Replace(coovaSignedPart, "challenge=000102030405060708090a0b0c0d0e0f&", "", 1), "uam-secret")
	c, err = Parse(public, clear, s, now)
	if err != nil {
		t.Fatal(err)
	}
	want := "http://10.1.0.1:3990/logon?username=u&password=p%26q&userurl=http%3A%2F%2Fexample.org%2F"
	if got := c.LogonURL(public, "u", directory.NewSecret("p&q"), now); got != want {
		t.Errorf("nochallenge: got %s", got)
	}
}

func TestGeneric(t *testing.T) {
	s := snapshot(t)
	c, err := Parse(public, genericUnsigned, s, now)
	if err != nil {
		t.Fatal(err)
	}
	// The access point named belongs to another NAS.
	if c.NAS.ID != "n3" || c.AccessPoint != nil || c.State != NotYet || c.Origin() != "https://gw.example" || c.LogoffURL() != "" {
		t.Errorf("got %+v", c)
	}
	u, err := url.Parse(c.LogonURL(public, "ticket-x", directory.NewSecret("pw"), now))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Host != "gw.example" || u.Path != "/login" || q.Get("vs") != "1" || q.Get("username") != "ticket-x" || q.Get("password") != "pw" {
		t.Errorf("got %s", u)
	}
	if got, want := q.Get("dst"), public+"/?nasid=open&mac=02-AA-BB-CC-DD-01&res=success"; got != want {
		t.Errorf("dst %s, want %s", got, want)
	}

	c, err = Parse(public, genericGolden+"&lang=en", s, now)
	if err != nil || c.NAS.ID != "n4" || c.Query != genericGolden {
		t.Fatalf("signed: %v %s", err, c.Query)
	}
	u, err = url.Parse(c.LogonURL(public, "u", directory.NewSecret("p"), now))
	if err != nil {
		t.Fatal(err)
	}
	_, back, _ := strings.Cut(u.Query().Get("dst"), "?")
	returned, err := Parse(public, back, s, now)
	if err != nil || returned.State != Success || returned.MAC != c.MAC {
		t.Errorf("the way back %s: %v", back, err)
	}
}

func TestGenericRefuses(t *testing.T) {
	s := snapshot(t)
	for name, c := range map[string]struct {
		raw  string
		at   time.Time
		want error
	}{
		"tampered":             {strings.Replace(genericGolden, "DD01", "DD02", 1), now, ErrSignature},
		"signature dropped":    {strings.Split(genericGolden, "&sig=")[0], now, ErrSignature},
		"signature of nothing": {"nasid=hotel&mac=02AABBCCDD01&sig=", now, ErrSignature},
		"too old":              {genericGolden, now.Add(11 * time.Minute), ErrExpired},
		"from the future":      {genericGolden, now.Add(-12 * time.Minute), ErrExpired},
		"unknown":              {"nasid=nobody&mac=02AABBCCDD01", now, ErrUnknown},
		"a CoovaChilli":        {"nasid=place-1&mac=02AABBCCDD01", now, ErrUnknown},
		"bad MAC":              {"nasid=open&mac=zz", now, ErrIncomplete},
		"bad access point":     {"nasid=open&mac=02AABBCCDD01&ap=x", now, ErrIncomplete},
		"no login URL":         {"nasid=nourl&mac=02AABBCCDD01", now, ErrIncomplete},
		"no MAC":               {"nasid=open", now, ErrAbsent},
	} {
		_, err := Parse(public, c.raw, s, c.at)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// FuzzParse drives both parsers: whatever a query says, the browser only ever
// goes to the signed address or the configured one.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		coovaGolden, coovaSignedPart, genericUnsigned, genericGolden, "loginurl=" + url.QueryEscape(public+"/?"+coovaGolden),
		"&md=", "md", "nasid&mac", "res=%", "nasid=open&mac=02AABBCCDD01&res=success",
	} {
		f.Add(seed)
	}
	s := snapshot(f)
	allowed := map[string]bool{"http://10.1.0.1:3990": true, "https://gw.example": true, "http://10.0.0.1": true}
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := Parse(public, raw, s, now)
		if err != nil {
			for _, known := range []error{ErrAbsent, ErrUnknown, ErrSignature, ErrExpired, ErrIncomplete} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("an error without a page: %v", err)
		}
		if c.NAS == nil || c.MAC.IsZero() || c.State == "" || !allowed[c.Origin()] {
			t.Fatalf("%q: %+v", raw, c)
		}
		to, err := url.Parse(c.LogonURL(public, "u", directory.NewSecret("p"), now))
		if err != nil || to.Scheme+"://"+to.Host != c.Origin() || to.User != nil {
			t.Fatalf("%q leads to %s", raw, to)
		}
		again, err := Parse(public, c.Query, s, now)
		if err != nil || again.MAC != c.MAC || again.Origin() != c.Origin() {
			t.Fatalf("%q: the kept query %q: %v", raw, c.Query, err)
		}
	})
}
