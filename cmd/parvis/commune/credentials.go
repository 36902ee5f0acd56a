package commune

import (
	"crypto/rand"
	"strings"

	"parvis/internal/directory"
)

// alphabet leaves out what is taken for another sign on paper or on a phone:
// i, l and 1, o and 0.
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// passwordGroups of five signs are 99 random bits: enough to need no slow hash.
const passwordGroups = 4

// credentials gives a dwelling the login and password that it lacks, with a
// letter for whoever lives there.
func (rd *reader) credentials(d *directory.Dwelling, residence *item[directory.Residence]) {
	if d.Login != "" && !d.Password.IsZero() {
		return
	}
	for d.Login == "" {
		if login := "logement-" + random(8); !rd.logins[login] {
			d.Login = login
		}
	}
	rd.logins[d.Login] = true
	if d.Password.IsZero() {
		var groups []string
		for range passwordGroups {
			groups = append(groups, random(5))
		}
		d.Password = directory.NewSecret(strings.Join(groups, "-"))
	}
	rd.letters = append(rd.letters, Letter{
		OperatorID: residence.scope, Residence: residence.name, Dwelling: d.Ref, Door: d.Door, Login: d.Login, Password: d.Password,
	})
}

// random returns n signs of the alphabet, each as likely as any other.
func random(n int) string {
	b := make([]byte, 0, n)
	for len(b) < n {
		var r [1]byte
		rand.Read(r[:])
		if v := int(r[0]); v < 256/len(alphabet)*len(alphabet) {
			b = append(b, alphabet[v%len(alphabet)])
		}
	}
	return string(b)
}
