package config

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/internal/directory"
)

func TestRealms(t *testing.T) {
	t.Setenv(credentialsVariable, "")
	dir := installation(t)
	got, problems := load(t, dir, `
[radius]
tls_cert = "cert.pem"
tls_key = "key.pem"
operator_name = "ville.example"
[[radius.realm]]
name = "partner.example"
acct = true
[[radius.realm.server]]
address = "192.0.2.10:1812"
secret_file = "text.secret"
[[radius.realm.server]]
address = "[2001:db8::1]:1645"
acct_address = "[2001:db8::1]:1700"
secret_file = "text.secret"
unsigned = true
[[radius.realm]]
name = "université.example"
[[radius.realm.server]]
address = "tls://radius.partner.example:2083"
ca = "cert.pem"

[portal]
listen = ":80"
`)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	file, secret := filepath.Join(dir, "text.secret"), directory.NewSecret("s3cret-marker")
	want := []Realm{
		{Name: "partner.example", Acct: true, Servers: []RealmServer{
			{Address: "192.0.2.10:1812", SecretFile: file, Secret: secret},
			{Address: "[2001:db8::1]:1645", AcctAddress: "[2001:db8::1]:1700", SecretFile: file, Secret: secret, Unsigned: true},
		}},
		{Name: "université.example", Servers: []RealmServer{{Address: "tls://radius.partner.example:2083", CA: filepath.Join(dir, "cert.pem")}}},
	}
	if d := cmp.Diff(want, got.Radius.Realms, cmp.Comparer(sameSecret)); d != "" {
		t.Error(d)
	}
	if got.Radius.OperatorName != "ville.example" || got.Portal.Listen != ":80" {
		t.Errorf("%+v", got)
	}
	if addr, ok := got.Radius.Realms[1].Servers[0].TLS(); !ok || addr != "radius.partner.example:2083" {
		t.Errorf("%q, %v", addr, ok)
	}
	if _, ok := got.Radius.Realms[0].Servers[0].TLS(); ok {
		t.Error("UDP is not TLS")
	}
}
