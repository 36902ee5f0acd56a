package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"parvis/internal/accounting"
)

// A record on disk, version 1:
//
//	version  1 octet
//	kind     1 octet
//	flags    1 octet: which of the optional fields are there, and Scoped
//	MAC      6 octets
//	Received, At                          zigzag varint, Unix milliseconds
//	NASID, AcctSessionID, Class, Login,
//	AccessPointID, ZoneID, DwellingID     uvarint length, octets
//	NASAddress                            uvarint length, octets, when flagged
//	In, Out, Seconds                      uvarint each, when flagged
//	Cause                                 uvarint
//	checksum                              CRC-32C of all before, little endian
//
// There is exactly one way to write an event, and the decoder refuses any other.
const (
	version = 1

	flagScoped  = 1 << 0
	flagIn      = 1 << 1
	flagOut     = 1 << 2
	flagSeconds = 1 << 3
	flagAddress = 1 << 4
	flagsKnown  = flagScoped | flagIn | flagOut | flagSeconds | flagAddress

	texts = 7 // that every record has
	// maxText bounds one text. A RADIUS attribute holds 253 octets (RFC 2865
	// §5); cleaning may triple that.
	maxText = 1024
	// minRecord is the fixed part, and one octet for each varint.
	minRecord = 9 + 2 + 7 + 1 + checksumSize

	checksumSize = 4
)

var errShort = errors.New("the record ends too early")

// encode writes e with its instants cut to milliseconds. It refuses an event
// that no decoder would take: an unknown kind, or a text beyond maxText octets.
func encode(e accounting.Event) ([]byte, error) {
	if e.Kind < accounting.Start || e.Kind > accounting.Off {
		return nil, fmt.Errorf("encode event: unknown kind %d", e.Kind)
	}
	var flags byte
	if e.Scoped {
		flags |= flagScoped
	}
	if e.In != nil {
		flags |= flagIn
	}
	if e.Out != nil {
		flags |= flagOut
	}
	if e.Seconds != nil {
		flags |= flagSeconds
	}
	if e.NASAddress != "" {
		flags |= flagAddress
	}
	b := make([]byte, 0, 256)
	b = append(b, version, byte(e.Kind), flags)
	b = append(b, e.MAC[:]...)
	b = binary.AppendVarint(b, e.Received.UnixMilli())
	b = binary.AppendVarint(b, e.At.UnixMilli())
	for i, s := range [...]string{e.NASID, e.AcctSessionID, e.Class, e.Login, e.AccessPointID, e.ZoneID, e.DwellingID, e.NASAddress} {
		if i == texts && s == "" {
			break
		}
		if len(s) > maxText {
			return nil, fmt.Errorf("encode event: a text of %d octets, at most %d fit", len(s), maxText)
		}
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	if e.In != nil {
		b = binary.AppendUvarint(b, *e.In)
	}
	if e.Out != nil {
		b = binary.AppendUvarint(b, *e.Out)
	}
	if e.Seconds != nil {
		b = binary.AppendUvarint(b, uint64(*e.Seconds))
	}
	b = binary.AppendUvarint(b, uint64(e.Cause))
	return binary.LittleEndian.AppendUint32(b, checksum(b)), nil
}

// clean makes every text one that both engines can hold: PostgreSQL refuses
// octet 0 and what is not UTF-8 in a text, and a User-Name comes from anybody.
// Without this a single odd name would hold up the queue for ever.
func clean(e accounting.Event) accounting.Event {
	for _, s := range [...]*string{&e.NASID, &e.AcctSessionID, &e.Class, &e.Login, &e.AccessPointID, &e.ZoneID, &e.DwellingID, &e.NASAddress} {
		*s = strings.ReplaceAll(strings.ToValidUTF8(*s, "\ufffd"), "\x00", "\ufffd")
	}
	return e
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// decode reads what encode wrote, and nothing else.
func decode(b []byte) (accounting.Event, error) {
	if len(b) > 0 && b[0] != version {
		return accounting.Event{}, fmt.Errorf("the record has version %d, this program reads %d", b[0], version)
	}
	if len(b) < minRecord {
		return accounting.Event{}, errShort
	}
	body, sum := b[:len(b)-checksumSize], binary.LittleEndian.Uint32(b[len(b)-checksumSize:])
	if checksum(body) != sum {
		return accounting.Event{}, errors.New("the checksum of the record is wrong")
	}
	e := accounting.Event{Kind: accounting.Kind(body[1])}
	if e.Kind < accounting.Start || e.Kind > accounting.Off {
		return accounting.Event{}, fmt.Errorf("the record has the unknown kind %d", body[1])
	}
	flags := body[2]
	if flags&^flagsKnown != 0 {
		return accounting.Event{}, fmt.Errorf("the record has the unknown flags %#x", flags&^flagsKnown)
	}
	e.Scoped = flags&flagScoped != 0
	copy(e.MAC[:], body[3:9])

	r := reader{rest: body[9:]}
	e.Received = r.instant()
	e.At = r.instant()
	for _, s := range [...]*string{&e.NASID, &e.AcctSessionID, &e.Class, &e.Login, &e.AccessPointID, &e.ZoneID, &e.DwellingID} {
		*s = r.text()
	}
	if flags&flagAddress != 0 {
		e.NASAddress = r.text()
		if r.err == nil && e.NASAddress == "" {
			r.err = errors.New("the record is flagged to have the address of the NAS, and has none")
		}
	}
	if flags&flagIn != 0 {
		e.In = new(r.uvarint())
	}
	if flags&flagOut != 0 {
		e.Out = new(r.uvarint())
	}
	if flags&flagSeconds != 0 {
		e.Seconds = new(r.uint32())
	}
	e.Cause = r.uint32()
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("the record has %d octets too many", len(r.rest))
	}
	if r.err != nil {
		return accounting.Event{}, r.err
	}
	return e, nil
}

// reader takes values off the front of rest and keeps the first error.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.rest)
	switch {
	case n == 0:
		r.err = errShort
	case n < 0:
		r.err = errors.New("a number of the record is larger than 64 bits")
	case n > 1 && r.rest[n-1] == 0:
		r.err = errors.New("a number of the record is longer than it needs to be")
	default:
		r.rest = r.rest[n:]
		return v
	}
	return 0
}

func (r *reader) uint32() uint32 {
	v := r.uvarint()
	if r.err == nil && v > 1<<32-1 {
		r.err = errors.New("a number of the record is larger than 32 bits")
	}
	return uint32(v)
}

func (r *reader) instant() time.Time {
	u := r.uvarint() // zigzag, as in binary.AppendVarint
	ms := int64(u >> 1)
	if u&1 != 0 {
		ms = ^ms
	}
	return time.UnixMilli(ms).UTC()
}

func (r *reader) text() string {
	n := r.uvarint()
	switch {
	case r.err != nil:
		return ""
	case n > maxText:
		r.err = fmt.Errorf("a text of %d octets in the record, at most %d fit", n, maxText)
		return ""
	case n > uint64(len(r.rest)):
		r.err = errShort
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
