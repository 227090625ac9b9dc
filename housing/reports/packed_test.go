package reports

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
)

func someCells() cells {
	a, b := &figures{created: 3, completed: 2, stars: 300, rated: 70}, &figures{cancelled: 1}
	a.times[0].add(0, 1)
	a.times[0].add(300, 2_000_000)
	a.times[6].add(bucketMax, 7)
	return cells{
		{"plumbing", uuid.MustParse("0199c0de-0000-7000-8000-0000000000e1")}: a,
		{"other", uuid.Nil}: b,
	}
}

func TestPackedCellsComeBackAsTheyWere(t *testing.T) {
	for name, want := range map[string]cells{"none": {}, "some": someCells()} {
		t.Run(name, func(t *testing.T) {
			got := cells{}
			if err := unpack(want.pack(), got.add); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("unpack(pack(%v)) = %v, %v", want, got, err)
			}
			if !slices.Equal(got.pack(), want.pack()) {
				t.Error("the same cells are packed in another way")
			}
		})
	}
}

func TestDamagedCellsAreRefused(t *testing.T) {
	whole := someCells().pack()
	ignore := func(cell, figures, []byte) error { return nil }
	for name, packed := range map[string][]byte{
		"nothing":      {},
		"another form": append([]byte{9}, whole[1:]...),
		"cut":          whole[:len(whole)-1],
		"cut early":    whole[:5],
		"a huge count": append(slices.Clone(whole), append(make([]byte, 17), 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)...),
	} {
		t.Run(name, func(t *testing.T) {
			if err := unpack(packed, ignore); !errors.Is(err, errPacked) {
				t.Errorf("unpack = %v, want errPacked", err)
			}
		})
	}
}

func FuzzUnpackCells(f *testing.F) {
	f.Add(someCells().pack())
	f.Fuzz(func(_ *testing.T, packed []byte) { _ = unpack(packed, cells{}.add) }) // must not panic
}
