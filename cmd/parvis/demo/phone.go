package demo

import (
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"parvis/internal/directory"
)

// phone is what the gateway knows of one device.
type phone struct {
	mu  sync.Mutex
	mac directory.MAC
	ip  netip.Addr // as the gateway's DHCP would give it

	session   string // Acct-Session-Id; empty before the first redirect
	challenge [16]byte
	reply     string // Reply-Message of the last refusal

	user    string // whom RADIUS let in; empty: nobody
	class   [][]byte
	started time.Time
	until   time.Time // zero: the session has no end of its own
	bytes   uint64    // towards the phone
}

func (p *phone) in() bool { return p.user != "" }

// left is how long the session may last yet; 0 when it has no end.
func (p *phone) left(now time.Time) time.Duration {
	if p.until.IsZero() {
		return 0
	}
	return p.until.Sub(now)
}

// begin takes a new session number and challenge for a phone that is not in.
func (p *phone) begin() {
	var b [8]byte
	rand.Read(b[:])
	rand.Read(p.challenge[:])
	p.session = fmt.Sprintf("%016x", b)
}

// prepare begins, unless there is a challenge that nobody has answered yet: a
// second tab must not spoil the first one's.
func (p *phone) prepare() {
	if p.session == "" {
		p.begin()
	}
}

// chal2 is what the response is made over: MD5(challenge ‖ uamsecret).
func (p *phone) chal2(secret directory.Secret) [16]byte {
	return md5.Sum(append(p.challenge[:], secret.Reveal()...))
}

// phones holds at most limit phones. When there are more, the one that came
// first is forgotten, as a gateway that restarts forgets all: without a Stop.
type phones struct {
	limit int

	mu     sync.Mutex
	byMAC  map[directory.MAC]*phone
	oldest []directory.MAC
	count  int
}

// phoneCookie lives as long as the browser does. Parvis, on another port of the
// same host, sees it and does not read it.
const phoneCookie = "parvis-demo-phone"

// find returns the browser's phone: the one that ?mac= names, else its
// cookie's, else a new one with a random address, as phones have.
func (f *phones) find(w http.ResponseWriter, r *http.Request) (*phone, error) {
	var mac directory.MAC
	if text := r.URL.Query().Get("mac"); text != "" {
		var err error
		mac, err = directory.ParseMAC(text)
		if err != nil {
			return nil, err
		}
	} else if c, err := r.Cookie(phoneCookie); err == nil {
		mac, _ = directory.ParseMAC(c.Value)
	}
	if mac.IsZero() {
		rand.Read(mac[:])
		mac[0] = mac[0]&^1 | 2 // locally administered, one station (IEEE 802)
	}
	http.SetCookie(w, &http.Cookie{Name: phoneCookie, Value: mac.String(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return f.get(mac), nil
}

func (f *phones) get(mac directory.MAC) *phone {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.byMAC[mac]; p != nil {
		return p
	}
	if f.byMAC == nil {
		f.byMAC = map[directory.MAC]*phone{}
	}
	if len(f.oldest) >= f.limit {
		delete(f.byMAC, f.oldest[0])
		f.oldest = f.oldest[1:]
	}
	f.count++
	p := &phone{mac: mac, ip: netip.AddrFrom4([4]byte{10, 1, byte(f.count >> 8), byte(f.count)})}
	f.byMAC[mac] = p
	f.oldest = append(f.oldest, mac)
	return p
}
