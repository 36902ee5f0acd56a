package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"parvis/internal/directory"
	"parvis/internal/store"
)

// Secret is the one password for trying: of the NAS 127.0.0.1, of its UAM
// gateway, of logement-0001 and of every console user.
const Secret = "parvis-demo"

// NASIdentifier names the NAS for trying, on 127.0.0.1.
const NASIdentifier = "demo"

// CommuneName is what the sample calls itself. It does not exist.
const CommuneName = "Ville-Exemple"

// Sample is everything that a demo's store starts with.
type Sample struct {
	store.Commune // what Store.Import takes

	// CardCodes are the codes of Cards, in the same order, so that a demo can
	// print one.
	CardCodes []string
	// Devices accepted the terms of their zone before the demo started.
	Devices []directory.Device
}

// Complete fills in what only an installation can make: the keyed hashes of the
// cards, and the console users' password hash (argon2id in PHC form, of Secret).
func (s *Sample) Complete(key directory.Key, passwordHash string) {
	for i := range s.Cards {
		s.Cards[i].Hash = key.CardHash(s.CardCodes[i])
	}
	for i := range s.Users {
		s.Users[i].PasswordHash = passwordHash
	}
}

// Commune makes the sample as it stands at now, in now's own time zone. The
// same day gives the same sample.
func Commune(now time.Time) Sample {
	b := &builder{now: now, today: directory.DateOf(now), rand: rand.New(rand.NewPCG(2009, 29019))}
	b.plans()
	b.city()
	b.housing()
	b.tariffs()
	b.people()
	return b.Sample
}

// builder makes one part after the other. Its chance is seeded: the secrets
// that it makes are as public as this file, which is why a demo listens on
// loopback only.
type builder struct {
	Sample
	now   time.Time
	today directory.Date
	rand  *rand.Rand
	ids   uint64
}

// id makes an identifier in the form of directory.NewID (UUIDv7), from a count
// instead of the clock and chance: the same in every demo.
func (b *builder) id() string {
	b.ids++
	return fmt.Sprintf("019b7000-%04x-7000-8000-%012x", b.ids>>12, b.ids)
}

// secret makes a password of 20 letters and digits: 100 bits if it were drawn
// by crypto/rand. Letters that people confuse are left out.
func (b *builder) secret() directory.Secret {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	var s [20]byte
	for i := range s {
		s[i] = letters[b.rand.IntN(len(letters))]
	}
	return directory.NewSecret(string(s[:]))
}

func (b *builder) plans() {
	b.Plans = []directory.Plan{
		{
			ID: b.id(), Name: "Ville", DownKbps: 20_000, UpKbps: 5_000,
			SessionTime: 12 * time.Hour, IdleTime: 30 * time.Minute, Interim: 5 * time.Minute,
		},
		{
			ID: b.id(), Name: "Logement", DownKbps: 30_000, UpKbps: 10_000, DeviceSlots: 10,
			SessionTime: 24 * time.Hour, IdleTime: time.Hour, Interim: 10 * time.Minute,
		},
	}
}
