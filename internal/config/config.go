package config

import (
	"strings"
	"time"

	"parvis/internal/directory"
)

// Config is the whole configuration. Fields without a key are filled by Load.
type Config struct {
	// Commune is the name that residents see.
	Commune string `toml:"commune"`
	// DataDir holds the database of the sqlite engine and the accounting journal.
	// A relative one is beside the configuration file.
	DataDir string `toml:"data_dir"`
	// KeyFile is the installation's key: 32 random bytes as hexadecimal or base64.
	KeyFile string `toml:"key_file"`

	Store   Store   `toml:"store"`
	Live    Live    `toml:"live"`
	Radius  Radius  `toml:"radius"`
	Portal  Portal  `toml:"portal"`
	Console Console `toml:"console"`
	Metrics Metrics `toml:"metrics"`
	Log     Log     `toml:"log"`

	// Keys are derived from the key file.
	Keys Keys `toml:"-"`
}

// Engines of the store and of the live memory.
const (
	EngineSQLite   = "sqlite"
	EnginePostgres = "postgres"
	EngineMemory   = "memory"
	EngineRedis    = "redis"
)

// Store is where everything is kept.
type Store struct {
	// Engine is sqlite (in DataDir) or postgres.
	Engine string `toml:"engine"`
	// URLFile holds the postgres:// URL, in a file because it holds a password.
	URLFile string `toml:"url_file"`

	// URL is the content of URLFile.
	URL directory.Secret `toml:"-"`
}

// Live is what nodes share for minutes.
type Live struct {
	// Engine is memory (one node) or redis.
	Engine string `toml:"engine"`
	// Address, Username, PasswordFile, DB and TLS are for redis only.
	Address      string `toml:"address"`
	Username     string `toml:"username"`
	PasswordFile string `toml:"password_file"`
	DB           int    `toml:"db"`
	TLS          bool   `toml:"tls"`

	// Password is the content of PasswordFile.
	Password directory.Secret `toml:"-"`
}

// Radius is the RADIUS server.
type Radius struct {
	// Auth and Acct are the UDP addresses for Access- and Accounting-Requests.
	Auth []string `toml:"auth"`
	Acct []string `toml:"acct"`
	// TLS are the TCP addresses for RADIUS over TLS; none: it is not spoken.
	TLS []string `toml:"tls"`
	// TLSCert and TLSKey are ours; TLSClientCA signs the certificates of the NASes.
	TLSCert     string `toml:"tls_cert"`
	TLSKey      string `toml:"tls_key"`
	TLSClientCA string `toml:"tls_client_ca"`
	// MaxDevices bounds the memory of the devices that accepted; about 40 bytes each.
	MaxDevices int `toml:"max_devices"`
	// OperatorName is our own realm, told to partner networks (RFC 5580); empty: not told.
	OperatorName string `toml:"operator_name"`
	// Realms are the partner networks whose people may be here.
	Realms []Realm `toml:"realm"`
}

// Realm is a partner network: whoever signs in with @ and its name is asked for there.
type Realm struct {
	Name string `toml:"name"`
	// Acct also sends them the accounting of their people.
	Acct bool `toml:"acct"`
	// Servers are asked in this order.
	Servers []RealmServer `toml:"server"`
}

// RealmServer is a RADIUS server of a partner network.
type RealmServer struct {
	// Address is host:port (UDP), or tls://host:port.
	Address string `toml:"address"`
	// AcctAddress is where accounting goes over UDP; empty: the port after Address's.
	AcctAddress string `toml:"acct_address"`
	// SecretFile holds the secret that is shared with it; not over TLS.
	SecretFile string `toml:"secret_file"`
	// CA signs its certificate; over TLS only.
	CA string `toml:"ca"`
	// Unsigned believes replies without Message-Authenticator (CVE-2024-3596).
	Unsigned bool `toml:"unsigned"`

	// Secret is the content of SecretFile.
	Secret directory.Secret `toml:"-"`
}

// TLS returns the host:port of a server over TLS; ok is false for one over UDP.
func (s RealmServer) TLS() (address string, ok bool) { return strings.CutPrefix(s.Address, "tls://") }

// Portal is the pages for residents and tenants.
type Portal struct {
	Listen string `toml:"listen"`
	// PublicURL is how browsers reach the portal; empty: by the address that they used.
	PublicURL string `toml:"public_url"`
	TLSCert   string `toml:"tls_cert"`
	TLSKey    string `toml:"tls_key"`
}

// Console is the pages for staff.
type Console struct {
	Listen  string `toml:"listen"`
	TLSCert string `toml:"tls_cert"`
	TLSKey  string `toml:"tls_key"`
	// BehindTLSProxy says that a proxy in front ends TLS.
	BehindTLSProxy bool `toml:"behind_tls_proxy"`
}

// Secure reports whether browsers reach the console by https, so that its
// cookies may be marked Secure.
func (c Console) Secure() bool { return c.TLSCert != "" || c.BehindTLSProxy }

// Metrics is the page that Prometheus reads.
type Metrics struct {
	Listen string `toml:"listen"`
	// InsecureListen allows an address beyond loopback, where anybody who reaches it can read.
	InsecureListen bool `toml:"insecure_listen"`
	// APDownAfter is the silence after which an access point with sessions counts
	// as down; 0: three minutes, but at least two accounting intervals of its plan.
	APDownAfter time.Duration `toml:"ap_down_after"`
}

// Log is what the program says while it runs.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `toml:"level"`
	// Format is text or json.
	Format string `toml:"format"`
}

// Defaults is the configuration of an empty file.
func Defaults() Config {
	return Config{
		Commune: "Parvis",
		DataDir: "/var/lib/parvis",
		KeyFile: "parvis.key",
		Store:   Store{Engine: EngineSQLite},
		Live:    Live{Engine: EngineMemory, Address: "127.0.0.1:6379"},
		Radius:  Radius{Auth: []string{":1812"}, Acct: []string{":1813"}, TLS: []string{}, MaxDevices: 1_000_000, Realms: []Realm{}},
		Portal:  Portal{Listen: ":8080"},
		Console: Console{Listen: "127.0.0.1:8081"},
		Metrics: Metrics{Listen: "127.0.0.1:9812"},
		Log:     Log{Level: "info", Format: "text"},
	}
}
