package radius

import (
	"bytes"
	"testing"

	wire "layeh.com/radius"
	"pgregory.net/rapid"
)

// The codec is the oracle; the same inquiry serves for one packet after another.
func TestIndexReadsAsTheCodec(t *testing.T) {
	s := &Server{}
	rapid.Check(t, func(t *rapid.T) {
		attributes := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 30), 0, 40).Draw(t, "attributes")
		r := &request{n: headerLength}
		for _, a := range attributes { // the type, then the value
			r.buf[r.n], r.buf[r.n+1] = a[0], byte(len(a)+1)
			r.n += 2 + copy(r.buf[r.n+2:], a[1:])
		}
		if _, ok := scan(r.packet()); !ok {
			t.Fatal("scan does not pass it")
		}
		want, err := wire.ParseAttributes(r.attributes())
		if err != nil {
			t.Fatal(err)
		}
		q := s.takeInquiry()
		q.request = r
		q.index()
		if len(q.attrs) != len(want) {
			t.Fatalf("%d attributes, want %d", len(q.attrs), len(want))
		}
		for i, a := range q.attrs {
			if a.Type != want[i].Type || !bytes.Equal(a.Attribute, want[i].Attribute) || cap(a.Attribute) > len(a.Attribute) {
				t.Errorf("attribute %d is %+v, want %+v", i, a, want[i])
			}
		}
		s.giveInquiry(q)
	})
}

func TestIndexAllocatesNothing(t *testing.T) {
	r := &request{n: headerLength}
	for range 20 {
		r.n += copy(r.buf[r.n:], []byte{typeUserName, 4, 'a', 'b'})
	}
	q := &inquiry{request: r}
	if n := testing.AllocsPerRun(100, func() {
		q.attrs, q.room = q.attrs[:0], q.room[:0]
		q.index()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
