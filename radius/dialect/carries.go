package dialect

// Carries is what a family can be told in an Access-Accept. Each text names the
// attributes that say it; an empty one means that the family cannot be told.
type Carries struct {
	// Product is the family's name for people.
	Product string
	// Rate is set when there is a unit.
	Rate     string
	RateUnit Unit
	// Quota is in octets, both directions together.
	Quota string
	VLAN  string
	Role  string
	// Key is a passphrase for one device. It is only declared here.
	Key string
	// Redirect sends the browser to a page.
	Redirect string
	// Proof says what this rests on.
	Proof Proof
}

// Unit is what a rate is measured in. Parvis itself has kbit/s.
type Unit string

// UnitNone means that the rate belongs to a role, or is not to be had.
const (
	UnitNone  Unit = ""
	UnitBit   Unit = "bit/s"
	UnitKbit  Unit = "kbit/s"
	UnitNamed Unit = "policy by name" // the kbit/s are in its name
)

// Proof says how sure it is that the family understands what is sent.
type Proof string

// How sure.
const (
	ProofSoftware      Proof = "proven against real software"
	ProofSource        Proof = "from the product's source code, not run"
	ProofDocumentation Proof = "written from documentation, proven on no such product"
)

// Describe returns what the dialect of that name can carry; ok is false when
// there is none of that name. The empty name is the generic one.
func Describe(name string) (c Carries, ok bool) {
	d, ok := For(name)
	if !ok {
		return Carries{}, false
	}
	return d.Carries(), true
}
