package reports

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/google/uuid"
)

// cells are the figures of a day.
type cells map[cell]*figures

// packedDay is the form of packed cells, their first byte.
const packedDay = 1

// counts are what is stored of figures besides times. Packed cells name them by
// their place: only append, under another form.
func (f *figures) counts() [10]*int32 {
	return [10]*int32{
		&f.created, &f.completed, &f.accepted, &f.cancelled, &f.returned, &f.inTime, &f.reacted, &f.reactedInTime, &f.rated, &f.stars,
	}
}

// pack writes, for each cell, its category with its length, its executor, the
// counts, and its times with their length. The same cells give the same bytes.
func (c cells) pack() []byte {
	packed := []byte{packedDay}
	for _, of := range slices.SortedFunc(maps.Keys(c), compareCells) {
		packed = append(packed, byte(len(of.category)))
		packed = append(packed, of.category...)
		packed = append(packed, of.executor[:]...)
		for _, n := range c[of].counts() {
			packed = binary.AppendUvarint(packed, uint64(*n))
		}
		times := c[of].times.pack()
		packed = append(binary.AppendUvarint(packed, uint64(len(times))), times...)
	}
	return packed
}

func compareCells(a, b cell) int {
	return cmp.Or(cmp.Compare(a.category, b.category), bytes.Compare(a.executor[:], b.executor[:]))
}

// add takes a packed cell in.
func (c cells) add(of cell, f figures, times []byte) error {
	sum := at(c, of)
	sum.merge(&f)
	return sum.times.unpack(times)
}

// unpack hands over each of a day's cells, its times still packed: their sum is
// all that most readers want.
func unpack(packed []byte, each func(of cell, f figures, times []byte) error) error {
	if len(packed) == 0 || packed[0] != packedDay {
		return errPacked
	}
	for r := (reader{packed[1:], false}); len(r.rest) > 0; {
		var f figures
		of := cell{category: string(r.take(uint64(r.byte())))}
		copy(of.executor[:], r.take(uint64(len(uuid.UUID{}))))
		for _, n := range f.counts() {
			*n = r.count()
		}
		times := r.take(r.uvarint())
		if r.damaged {
			return errPacked
		}
		if err := each(of, f, times); err != nil {
			return err
		}
	}
	return nil
}

// reader takes packed values off a text; once damaged, it gives nothing more.
type reader struct {
	rest    []byte
	damaged bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.rest, r.damaged = nil, true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte {
	if taken := r.take(1); len(taken) > 0 {
		return taken[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	value, width := binary.Uvarint(r.rest)
	if width <= 0 {
		r.rest, r.damaged = nil, true
		return 0
	}
	r.rest = r.rest[width:]
	return value
}

func (r *reader) count() int32 {
	value := r.uvarint()
	if value > math.MaxInt32 {
		r.rest, r.damaged = nil, true
		return 0
	}
	return int32(value)
}
